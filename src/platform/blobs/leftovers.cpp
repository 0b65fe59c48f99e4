#include "platform/blobs/leftovers.hpp"

#include <sys/stat.h>

#include <system_error>

#include "platform/blobs/posix_files.hpp"

namespace ciclo::blobs {
namespace {

namespace fs = std::filesystem;

std::int64_t modified_ms(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

// The newest change below `path`, and its bytes. Links are not followed.
void look(const fs::path& path, std::int64_t& newest, std::uint64_t& bytes) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  newest = std::max(newest, modified_ms(status));
  if (S_ISREG(status.st_mode)) bytes += static_cast<std::uint64_t>(status.st_size);
  if (!S_ISDIR(status.st_mode)) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) look(entry.path(), newest, bytes);
}

}  // namespace

Result<LeftoverCount> sweep_leftovers(const fs::path& root, std::int64_t before, bool dry_run) {
  LeftoverCount found;
  std::error_code error;
  fs::directory_iterator entries(root / "temporary", error);
  if (error && error != std::errc::no_such_file_or_directory)
    return std::unexpected<Error>(file_error(error.value(), "list", (root / "temporary").native()));
  for (const auto& entry : entries) {
    std::int64_t newest = 0;
    std::uint64_t bytes = 0;
    look(entry.path(), newest, bytes);
    if (newest == 0 || newest > before) continue;
    if (!dry_run) fs::remove_all(entry.path(), error);
    if (!dry_run && error) continue;
    ++found.count;
    found.bytes += bytes;
  }
  return found;
}

}  // namespace ciclo::blobs
