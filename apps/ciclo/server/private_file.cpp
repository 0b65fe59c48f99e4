#include "server/private_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace ciclo::server {
namespace {

Failure cannot_write(const std::filesystem::path& path) {
  return fail(ErrorCode::internal, fmt::format("cannot write: {}", std::strerror(errno)), path.string(),
              errno == ENOSPC ? "free some space on the disk"
                              : "choose a folder that the server's user may write: --data <folder>");
}

}  // namespace

Result<void> make_private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot_write(folder);
  if (!std::filesystem::is_directory(folder, error)) {
    errno = ENOTDIR;
    return cannot_write(folder);
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return cannot_write(folder);
  return {};
}

Result<void> write_private_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path temporary = file.string() + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot_write(file);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(temporary.c_str(), file.c_str()) != 0) return cannot_write(file);
  return {};
}

}  // namespace ciclo::server
