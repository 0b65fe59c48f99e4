#include "platform/blobs/folder_layout.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <system_error>

#include "base/ids.hpp"
#include "platform/blobs/checksum.hpp"

namespace ciclo::blobs {

namespace {

namespace fs = std::filesystem;

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;
// What lies below temporary/ without a lock is removed when older.
constexpr auto leftover_age = std::chrono::hours(24);
constexpr const char* lock_name = "lock";
// How often a folder may vanish between making it and moving a file into it.
constexpr int max_moves = 100;

// Makes `relative` and the folders above it below `base`. Adds the folders that got a new entry to `changed`.
Result<void> make_folders(const fs::path& base, const fs::path& relative, std::vector<fs::path>& changed) {
  fs::path current = base;
  for (const fs::path& segment : relative) {
    const fs::path next = current / segment;
    if (::mkdir(next.c_str(), folder_mode) == 0) {
      changed.push_back(current);
    } else if (errno != EEXIST) {
      return std::unexpected<Error>(file_error(errno, "make the folder", next.native()));
    }
    current = next;
  }
  return {};
}

// True when the process that holds or held it has ended.
bool is_left_behind(const fs::path& lock) {
  const Descriptor file(::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - leftover_age;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path lock = entry.path() / lock_name;
    const bool is_locked_folder = !entry.path().native().ends_with(".new") && fs::exists(lock, ignored);
    if (is_locked_folder ? is_left_behind(lock) : entry.last_write_time(ignored) < oldest)
      fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<std::shared_ptr<FolderLayout>> FolderLayout::open(const fs::path& root) {
  std::error_code error;
  if (!root.parent_path().empty()) fs::create_directories(root.parent_path(), error);
  for (const fs::path& folder : {root, root / "objects", root / "checksums", root / "temporary", root / "uploads"}) {
    if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) {
      return std::unexpected<Error>(file_error(errno, "make the folder", folder.native()));
    }
  }
  Descriptor objects(::open((root / "objects").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!objects) return std::unexpected<Error>(file_error(errno, "open the folder", root.native()));
  remove_leftovers(root / "temporary");
  std::shared_ptr<FolderLayout> layout(new FolderLayout(root, std::move(objects)));
  CICLO_CHECK(layout->take_temporary_folder());
  // Found out now rather than by the first upload.
  CICLO_TRY(std::ignore, layout->create_temporary());
  return layout;
}

// Renamed into place when the lock is held, so that no other process finds the folder without it.
Result<void> FolderLayout::take_temporary_folder() {
  const fs::path folder = root_ / "temporary" / random_hex(16);
  const fs::path being_made = folder.native() + ".new";
  if (::mkdir(being_made.c_str(), folder_mode) != 0)
    return std::unexpected<Error>(file_error(errno, "make the folder", being_made.native()));
  lock_ = Descriptor(::open((being_made / lock_name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, file_mode));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 || ::rename(being_made.c_str(), folder.c_str()) != 0)
    return std::unexpected<Error>(file_error(errno, "lock the folder", being_made.native()));
  temporary_ = folder;
  return {};
}

FolderLayout::~FolderLayout() {
  if (temporary_.empty()) return;
  ::unlink((temporary_ / lock_name).c_str());
  ::rmdir(temporary_.c_str());
}

fs::path FolderLayout::new_temporary_path() const {
  return temporary_ / random_hex(16);
}

Result<TemporaryFile> FolderLayout::create_temporary() const {
  const fs::path path = new_temporary_path();
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode));
  if (!file) {
    Error error = file_error(errno, "make a file in the blob store", path.native());
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::internal;
    return std::unexpected<Error>(std::move(error));
  }
  return TemporaryFile(path, std::move(file));
}

std::mutex& FolderLayout::mutex_of(const std::string& key) {
  return mutexes_.at(std::hash<std::string>()(key) % mutexes_.size());
}

Result<void> FolderLayout::place(const std::string& key, const std::string& sha256, TemporaryFile& file,
                                 std::vector<fs::path>& changed) {
  const fs::path target = object_path(key);
  const std::scoped_lock lock(mutex_of(key));
  if (::unlink(checksum_path(key).c_str()) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR &&
      errno != EPERM) {
    return std::unexpected<Error>(file_error(errno, "replace the checksum of", key));
  }
  for (int i = 0;; ++i) {
    auto made = make_folders(root_ / "objects", fs::path(key).parent_path(), changed);
    if (made && ::rename(file.path().c_str(), target.c_str()) == 0) break;
    if (made) made = std::unexpected<Error>(file_error(errno, "store the file", key));
    // Not found: someone removed the last blob of that folder, and the folder with it.
    if (made.error().code != ErrorCode::not_found || i == max_moves) return made;
  }
  file.moved();
  changed.push_back(target.parent_path());
  write_record(key, sha256);
  return {};
}

// A checksum that cannot be kept is made anew when someone asks for it, so no failure here is one of the blob.
void FolderLayout::write_record(const std::string& key, const std::string& sha256) const {
  std::vector<fs::path> ignored;
  const fs::path path = checksum_path(key);
  if (!make_folders(root_ / "checksums", fs::path(key).parent_path(), ignored)) return;
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (!file) return;
  if (!write_all(file.get(), sha256 + "\n", key)) ::unlink(path.c_str());
}

std::optional<std::string> FolderLayout::checksum(const std::string& key) const {
  static constexpr std::size_t record_size = 65;
  const Descriptor file(::open(checksum_path(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::nullopt;
  auto text = read_some(file.get(), record_size + 1, key);
  if (!text || text->size() != record_size || !text->ends_with('\n')) return std::nullopt;
  text->pop_back();
  if (!is_sha256(*text)) return std::nullopt;
  return *std::move(text);
}

bool FolderLayout::was_replaced(const std::string& key, int file) const {
  struct stat opened {};
  struct stat current {};
  if (::fstat(file, &opened) != 0 || ::stat(object_path(key).c_str(), &current) != 0) return true;
  return opened.st_ino != current.st_ino || opened.st_dev != current.st_dev;
}

void FolderLayout::record_checksum(const std::string& key, int file, const std::string& sha256) {
  const std::scoped_lock lock(mutex_of(key));
  if (!was_replaced(key, file)) write_record(key, sha256);
}

void FolderLayout::remove_empty_parents(const std::string& key) const {
  for (const fs::path& base : {root_ / "objects", root_ / "checksums"}) {
    for (fs::path folder = fs::path(key).parent_path(); !folder.empty(); folder = folder.parent_path()) {
      if (::rmdir((base / folder).c_str()) != 0) break;
    }
  }
}

Result<void> FolderLayout::remove(const std::string& key) {
  const fs::path path = object_path(key);
  {
    const std::scoped_lock lock(mutex_of(key));
    if (::unlink(path.c_str()) != 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return {};
      return std::unexpected<Error>(file_error(errno, "remove", key));
    }
    ::unlink(checksum_path(key).c_str());
  }
  CICLO_CHECK(sync_folder(path.parent_path()));
  remove_empty_parents(key);
  return {};
}

Result<void> FolderLayout::remove_tree(const std::string& folder) {
  // Moved away first, so that it vanishes at once and a blob put there meanwhile is not removed with it.
  const fs::path path = object_path(folder);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return {};
  const fs::path away = new_temporary_path();
  if (::rename(path.c_str(), away.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return std::unexpected<Error>(file_error(errno, "remove", folder));
  }
  CICLO_CHECK(sync_folder(path.parent_path()));
  const fs::path checksums_away = new_temporary_path();
  std::error_code error;
  if (::rename(checksum_path(folder).c_str(), checksums_away.c_str()) == 0) fs::remove_all(checksums_away, error);
  fs::remove_all(away, error);
  if (error) return std::unexpected<Error>(file_error(error.value(), "remove", folder));
  remove_empty_parents(folder);
  return {};
}

Result<void> FolderLayout::sync_all() const {
  if (::syncfs(objects_.get()) != 0) {
    return std::unexpected<Error>(file_error(errno, "write to the disk", root_.native()));
  }
  return {};
}

}  // namespace ciclo::blobs
