#include "platform/blobs/posix_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ciclo::blobs {

namespace {

int open_retrying(int folder, const std::string& name, int flags) {
  while (true) {
    const int file = ::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW);
    if (file >= 0 || errno != EINTR) return file;
  }
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

Error file_error(int number, std::string_view doing, std::string_view what) {
  Error error;
  error.message = fmt::format("cannot {}: {}", doing, std::strerror(number));
  error.target = what;
  switch (number) {
    case ENOENT: error.code = ErrorCode::not_found; break;
    case ELOOP:
      error.code = ErrorCode::invalid;
      error.hint = "symbolic links are not followed; put the file itself there";
      break;
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
      error.code = ErrorCode::conflict;
      error.hint = "a file and a folder cannot have the same name";
      break;
    case ENAMETOOLONG: error.code = ErrorCode::invalid; break;
    case ENOSPC:
    case EDQUOT: error.hint = "the disk is full; free some space on it"; break;
    case EFBIG: error.hint = "the file is larger than this process or file system may write"; break;
    case EACCES:
    case EPERM: error.hint = "give this user the right to it"; break;
    case EROFS: error.hint = "the file system is read-only; choose another folder"; break;
    case EIO: error.hint = "the disk reports an error; check its health"; break;
    case EMFILE:
    case ENFILE:
      error.code = ErrorCode::unavailable;
      error.hint = "too many files are open; raise the limit (ulimit -n)";
      break;
    default: break;
  }
  return error;
}

Descriptor open_below(int folder, std::string_view relative, int flags) {
  if (relative.empty()) return Descriptor(open_retrying(folder, ".", flags));
  Descriptor holder;
  int current = folder;
  while (true) {
    const auto slash = relative.find('/');
    const std::string segment(relative.substr(0, slash));
    if (slash == std::string_view::npos) return Descriptor(open_retrying(current, segment, flags));
    Descriptor next(open_retrying(current, segment, O_PATH | O_DIRECTORY));
    if (!next) return next;
    holder = std::move(next);
    current = holder.get();
    relative.remove_prefix(slash + 1);
  }
}

Result<void> write_all(int file, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected<Error>(file_error(errno, "write", what));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_some(int file, std::size_t max, std::string_view what) {
  int failure = 0;
  std::string bytes;
  bytes.resize_and_overwrite(max, [&](char* into, std::size_t) {
    std::size_t filled = 0;
    while (filled < max) {
      const ssize_t count = ::read(file, into + filled, max - filled);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) failure = errno;
      if (count <= 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return filled;
  });
  if (failure != 0) return std::unexpected<Error>(file_error(failure, "read", what));
  return bytes;
}

void begin_write_back(int file, std::uint64_t offset, std::uint64_t length) {
  ::sync_file_range(file, static_cast<off64_t>(offset), static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE);
}

Result<void> sync(int file, std::string_view what) {
  if (::fsync(file) != 0) return std::unexpected<Error>(file_error(errno, "write to the disk", what));
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Removed meanwhile by someone who removed the last blob below it: nothing is left to be kept.
  if (!opened && errno == ENOENT) return {};
  if (!opened) return std::unexpected<Error>(file_error(errno, "open the folder", folder.native()));
  return sync(opened.get(), folder.native());
}

}  // namespace ciclo::blobs
