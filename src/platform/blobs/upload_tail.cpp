#include "platform/blobs/upload_tail.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace ciclo::blobs {

namespace {

constexpr std::uint64_t checkpoint_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t write_back_bytes = std::uint64_t{8} << 20U;
constexpr std::size_t longest_progress = 512;
constexpr const char* progress_name = "progress";
constexpr mode_t file_mode = 0600;

struct Progress {
  std::uint64_t offset = 0;
  Sha256 sum;
};

Result<Progress> read_progress(const std::filesystem::path& folder) {
  const Descriptor file(::open((folder / progress_name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return Progress{};
  if (!file) return std::unexpected<Error>(file_error(errno, "read", folder.native()));
  CICLO_TRY(const std::string text, read_some(file.get(), longest_progress, folder.native()));
  Progress progress;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), progress.offset);
  const std::size_t digits = static_cast<std::size_t>(number.ptr - text.data());
  if (number.ec == std::errc() && text.size() > digits + 1 && text.ends_with('\n')) {
    const auto state = std::string_view(text).substr(digits + 1, text.size() - digits - 2);
    if (auto sum = Sha256::resume(state, progress.offset)) {
      progress.sum = *sum;
      return progress;
    }
  }
  return fail(ErrorCode::internal, "the record of an upload is damaged", folder.native(), "begin the upload again");
}

}  // namespace

Result<void> write_durably(const std::filesystem::path& path, std::string_view text) {
  const std::string next = path.native() + ".new";
  {
    const Descriptor file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, file_mode));
    if (!file) return std::unexpected<Error>(file_error(errno, "write", path.native()));
    CICLO_CHECK(write_all(file.get(), text, path.native()));
    CICLO_CHECK(sync(file.get(), path.native()));
  }
  if (::rename(next.c_str(), path.c_str()) != 0)
    return std::unexpected<Error>(file_error(errno, "write", path.native()));
  return sync_folder(path.parent_path());
}

Result<std::uint64_t> UploadTail::offset_of(const std::filesystem::path& folder) {
  CICLO_TRY(const Progress progress, read_progress(folder));
  return progress.offset;
}

Result<UploadTail> UploadTail::open(const std::filesystem::path& folder) {
  CICLO_TRY(const Progress progress, read_progress(folder));
  Descriptor file(::open((folder / data_name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return std::unexpected<Error>(file_error(errno, "write", folder.native()));
  if (static_cast<std::uint64_t>(status.st_size) < progress.offset)
    return fail(ErrorCode::internal, "the bytes of an upload are gone", folder.native(), "begin the upload again");
  const auto at = static_cast<off_t>(progress.offset);
  if (::ftruncate(file.get(), at) != 0 || ::lseek(file.get(), at, SEEK_SET) < 0)
    return std::unexpected<Error>(file_error(errno, "write", folder.native()));
  return UploadTail(folder, std::move(file), progress.sum, progress.offset);
}

Result<void> UploadTail::append(std::string_view bytes) {
  CICLO_CHECK(write_all(file_.get(), bytes, folder_.native()));
  sum_.add(bytes);
  offset_ += bytes.size();
  if (offset_ - kept_ >= checkpoint_bytes) return checkpoint();
  if (offset_ - begun_ >= write_back_bytes) {
    begin_write_back(file_.get(), begun_, offset_ - begun_);
    begun_ = offset_;
  }
  return {};
}

Result<void> UploadTail::checkpoint() {
  CICLO_CHECK(sync(file_.get(), folder_.native()));
  CICLO_CHECK(write_durably(folder_ / progress_name, fmt::format("{} {}\n", offset_, sum_.state())));
  kept_ = begun_ = offset_;
  return {};
}

std::string UploadTail::sha256() const {
  Sha256 copy = sum_;
  return copy.finish();
}

}  // namespace ciclo::blobs
