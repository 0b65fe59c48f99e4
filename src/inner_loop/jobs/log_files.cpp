#include "inner_loop/jobs/log_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace ciclo::inner_loop {

namespace fs = std::filesystem;

namespace {

// A file opened for reading; nothing when the path is empty. Never through a link, and without waiting for a pipe.
class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(path.empty() ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    if (descriptor_ >= 0 && ::fstat(descriptor_, &status_) != 0) status_ = {};
  }
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_regular() const { return descriptor_ >= 0 && S_ISREG(status_.st_mode); }
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  struct stat status_ {};
};

}  // namespace

std::vector<LogFile> list_logs(const JobFolder& folder) {
  std::vector<LogFile> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder.logs(), error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (!fs::is_regular_file(entry->symlink_status(ignored))) continue;
    const auto size = fs::file_size(entry->path(), ignored);
    if (!ignored) files.push_back({"user_logs/" + entry->path().filename().string(), size});
  }
  std::ranges::sort(files, {}, &LogFile::name);
  return files;
}

Result<std::string> read_log(const JobFolder& folder, const std::string& name, std::uint64_t offset, std::size_t max) {
  constexpr std::string_view prefix = "user_logs/";
  const std::string file_name = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  const bool is_plain = !file_name.empty() && file_name.find('/') == std::string::npos &&
                        file_name.find('\0') == std::string::npos && file_name != "." && file_name != "..";
  const File file(is_plain ? (folder.logs() / file_name).string() : std::string());
  if (!file.is_regular()) return fail(ErrorCode::not_found, fmt::format("the job has no log '{}' (yet)", name));
  const std::uint64_t size = file.size();
  if (offset >= size) return std::string();
  std::string text(std::min<std::uint64_t>(max, size - offset), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        ::pread(file.descriptor(), text.data() + have, text.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

Result<void> remove_logs(const JobFolder& folder) {
  for (const LogFile& file : list_logs(folder)) {
    std::error_code error;
    fs::remove(folder.logs() / fs::path(file.name).filename(), error);
    if (error)
      return fail(ErrorCode::unavailable, fmt::format("'{}' cannot be removed: {}", file.name, error.message()));
  }
  return {};
}

}  // namespace ciclo::inner_loop
