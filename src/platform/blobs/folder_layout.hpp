// Where a folder store keeps what, and the one way a blob gets to its place. Internal to platform/blobs.
//
//   <root>/objects/<key>     the blobs, as plain files
//   <root>/checksums/<key>   a blob's SHA-256 and a line end; absent or torn means: not known
//   <root>/temporary/<id>/   what one process is writing or removing. It holds a lock (flock) on the file `lock` in it,
//                            which ends with it: the next one to start removes the folder
//   <root>/uploads/<id>/     what arrives in several requests (folder_uploads.hpp)
//
// A blob and its checksum cannot change in one step. So the checksum is removed first and written last: a crash between
// leaves a blob without one, never with a wrong one.
//
// Thread safety: safe from any thread.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/blobs/posix_files.hpp"

namespace ciclo::blobs {

// A file that is removed when destroyed, unless it was moved to its place.
class TemporaryFile {
 public:
  TemporaryFile(std::filesystem::path path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  int file() const { return file_.get(); }
  const std::filesystem::path& path() const { return path_; }
  void close() { file_ = Descriptor(); }
  void moved() { path_.clear(); }

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

class FolderLayout {
 public:
  static Result<std::shared_ptr<FolderLayout>> open(const std::filesystem::path& root);

  ~FolderLayout();
  FolderLayout(const FolderLayout&) = delete;
  FolderLayout& operator=(const FolderLayout&) = delete;

  std::filesystem::path object_path(const std::string& key) const { return root_ / "objects" / key; }
  std::filesystem::path uploads() const { return root_ / "uploads"; }
  // A path below temporary/ that nothing has yet.
  std::filesystem::path new_temporary_path() const;
  // The open folder <root>/objects.
  int objects() const { return objects_.get(); }

  Result<TemporaryFile> create_temporary() const;
  // Puts a written and synced file in its place. The folders whose entries changed are added to `changed` for the
  // caller to sync: only then is the blob durable.
  Result<void> place(const std::string& key, const std::string& sha256, TemporaryFile& file,
                     std::vector<std::filesystem::path>& changed);
  // The recorded checksum, if there is one.
  std::optional<std::string> checksum(const std::string& key) const;
  // Records the checksum of the blob open as `file`, unless that was replaced meanwhile.
  void record_checksum(const std::string& key, int file, const std::string& sha256);
  // True when the blob at `key` is not (any more) the one open as `file`.
  bool was_replaced(const std::string& key, int file) const;

  Result<void> remove(const std::string& key);
  Result<void> remove_tree(const std::string& folder);
  // Waits until all that was written to the file system is on the disk.
  Result<void> sync_all() const;

 private:
  FolderLayout(std::filesystem::path root, Descriptor objects) : root_(std::move(root)), objects_(std::move(objects)) {}
  Result<void> take_temporary_folder();

  std::filesystem::path checksum_path(const std::string& key) const { return root_ / "checksums" / key; }
  std::mutex& mutex_of(const std::string& key);
  void write_record(const std::string& key, const std::string& sha256) const;
  void remove_empty_parents(const std::string& key) const;

  const std::filesystem::path root_;
  const Descriptor objects_;
  std::filesystem::path temporary_;  // this process's own
  Descriptor lock_;
  std::array<std::mutex, 64> mutexes_;  // a key's blob and checksum change under one of them
};

}  // namespace ciclo::blobs
