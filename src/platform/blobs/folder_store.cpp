// The store in a folder: its readers, its writers and its listings.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "platform/blobs/blob_store.hpp"
#include "platform/blobs/checksum.hpp"
#include "platform/blobs/folder_layout.hpp"
#include "platform/blobs/folder_uploads.hpp"
#include "platform/blobs/tree.hpp"

namespace ciclo::blobs {

namespace {

constexpr std::size_t piece = std::size_t{1} << 20U;
// How much is written before the kernel is told to begin with the disk.
constexpr std::uint64_t write_back_bytes = std::uint64_t{8} << 20U;
// From so many files on, one wait for the whole file system is cheaper than two for each file.
constexpr std::size_t sync_together_from = 8;

using Layout = std::shared_ptr<FolderLayout>;

std::int64_t modified_ms(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

struct OpenBlob {
  Descriptor file;
  struct stat status {};
};

Result<OpenBlob> open_blob(const FolderLayout& layout, const std::string& key) {
  CICLO_CHECK(check_key(key));
  OpenBlob blob{open_below(layout.objects(), key, O_RDONLY | O_NONBLOCK)};
  if (!blob.file && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    return std::unexpected<Error>(file_error(errno, "read", key));
  }
  if (!blob.file || ::fstat(blob.file.get(), &blob.status) != 0 || !S_ISREG(blob.status.st_mode)) {
    return fail(ErrorCode::not_found, "there is no such file", key);
  }
  return blob;
}

Result<void> sync_folders(std::vector<std::filesystem::path> folders) {
  std::sort(folders.begin(), folders.end());
  folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
  for (const auto& folder : folders) CICLO_CHECK(sync_folder(folder));
  return {};
}

class FolderWriter final : public BlobWriter {
 public:
  FolderWriter(Layout layout, std::string key, TemporaryFile file)
      : layout_(std::move(layout)), key_(std::move(key)), file_(std::move(file)) {}

  Result<void> append(std::string_view bytes) override {
    if (committed_) return fail(ErrorCode::internal, "the blob was committed already", key_);
    CICLO_CHECK(write_all(file_.file(), bytes, key_));
    checksum_.add(bytes);
    size_ += bytes.size();
    if (size_ - begun_ >= write_back_bytes) {
      begin_write_back(file_.file(), begun_, size_ - begun_);
      begun_ = size_;
    }
    return {};
  }

  Result<BlobInfo> commit(std::optional<std::string> expected_sha256) override {
    if (committed_) return fail(ErrorCode::internal, "the blob was committed already", key_);
    committed_ = true;
    const std::string sha256 = checksum_.finish();
    if (expected_sha256 && *expected_sha256 != sha256) {
      return fail(ErrorCode::invalid, "the bytes that arrived do not have the SHA-256 that was announced", key_,
                  "send them again");
    }
    CICLO_CHECK(sync(file_.file(), key_));
    struct stat status {};
    if (::fstat(file_.file(), &status) != 0) return std::unexpected<Error>(file_error(errno, "read", key_));
    std::vector<std::filesystem::path> changed;
    CICLO_CHECK(layout_->place(key_, sha256, file_, changed));
    CICLO_CHECK(sync_folders(std::move(changed)));
    return BlobInfo{key_, size_, sha256, modified_ms(status)};
  }

 private:
  const Layout layout_;
  const std::string key_;
  TemporaryFile file_;
  Sha256 checksum_;
  std::uint64_t size_ = 0;
  std::uint64_t begun_ = 0;  // up to here the kernel was told to write
  bool committed_ = false;
};

struct Range {
  std::uint64_t size = 0;
  bool whole = false;
};

class FolderReader final : public BlobReader {
 public:
  FolderReader(Layout layout, BlobInfo info, Descriptor file)
      : layout_(std::move(layout)), info_(std::move(info)), file_(std::move(file)) {}

  Result<std::string> read(std::size_t max) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(max, range_.size - done_));
    CICLO_TRY(std::string bytes, read_some(file_.get(), wanted, info_.key));
    if (bytes.size() < wanted) return damaged("it is shorter than it was when it was opened");
    done_ += bytes.size();
    if (!range_.whole || checked_) return bytes;
    checksum_.add(bytes);
    if (done_ == range_.size) CICLO_CHECK(check());
    return bytes;
  }

  Result<void> narrow(std::uint64_t offset, std::uint64_t length) override {
    if (done_ > 0 || offset > info_.size || length > info_.size - offset)
      return fail(ErrorCode::internal, "the range does not lie within the blob", info_.key);
    if (::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
      return std::unexpected<Error>(file_error(errno, "read", info_.key));
    range_ = {length, offset == 0 && length == info_.size};
    return {};
  }

  std::uint64_t size() const override { return range_.size; }
  const BlobInfo& info() const override { return info_; }

 private:
  Result<void> check() {
    checked_ = true;
    const std::string sha256 = checksum_.finish();
    // Read now, not when the blob was opened: a record is only ever written while its blob is in place. So when the
    // blob still is, the record is its own or is not written yet; else there is nothing to compare with any more.
    const auto recorded = layout_->checksum(info_.key);
    if (!recorded || sha256 == *recorded || layout_->was_replaced(info_.key, file_.get())) return {};
    return damaged("its bytes do not have the SHA-256 they were stored with");
  }

  Failure damaged(std::string_view how) const {
    return fail(ErrorCode::internal, fmt::format("the stored file is damaged: {}", how), info_.key,
                "check the disk, and store the file again or put back a backup");
  }

  const Layout layout_;
  const BlobInfo info_;
  const Descriptor file_;
  Range range_;
  Sha256 checksum_;
  std::uint64_t done_ = 0;
  bool checked_ = false;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

struct Entry {
  std::string name;
  struct stat status {};
};

// The files and folders in an open folder, sorted by name.
Result<std::vector<Entry>> entries_of(int folder, const std::string& name) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> opened(copy < 0 ? nullptr : ::fdopendir(copy));
  if (opened == nullptr) return std::unexpected<Error>(file_error(errno, "list", name));
  std::vector<Entry> entries;
  while (const dirent* found = ::readdir(opened.get())) {
    Entry entry{found->d_name};
    if (entry.name == "." || entry.name == "..") continue;
    // One that vanished meanwhile is left out.
    if (::fstatat(folder, found->d_name, &entry.status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(entry.status.st_mode) || S_ISDIR(entry.status.st_mode)) entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

Result<void> walk_below(int folder, const std::string& prefix, std::vector<BlobInfo>& found) {
  CICLO_TRY(const auto entries, entries_of(folder, prefix));
  for (const Entry& entry : entries) {
    const std::string key = prefix.empty() ? entry.name : prefix + "/" + entry.name;
    if (S_ISREG(entry.status.st_mode)) {
      found.push_back({key, static_cast<std::uint64_t>(entry.status.st_size), "", modified_ms(entry.status)});
      continue;
    }
    const Descriptor below = open_below(folder, entry.name, O_RDONLY | O_DIRECTORY);
    if (below) CICLO_CHECK(walk_below(below.get(), key, found));
  }
  return {};
}

class FolderStore final : public BlobStore {
 public:
  explicit FolderStore(Layout layout) : layout_(std::move(layout)), uploads_(layout_) {}

  Result<std::unique_ptr<BlobWriter>> create(const std::string& key) override {
    CICLO_CHECK(check_key(key));
    CICLO_TRY(TemporaryFile file, layout_->create_temporary());
    return std::make_unique<FolderWriter>(layout_, key, std::move(file));
  }

  Result<std::unique_ptr<BlobReader>> open(const std::string& key, std::uint64_t offset,
                                           std::optional<std::uint64_t> length) override {
    CICLO_CHECK(check_key(key));
    CICLO_TRY(OpenBlob blob, open_blob(*layout_, key));
    const auto size = static_cast<std::uint64_t>(blob.status.st_size);
    if (offset > size) {
      return fail(ErrorCode::invalid, fmt::format("the range starts at {}, after the file's {} bytes", offset, size),
                  key);
    }
    BlobInfo info = info_of(key, blob);
    auto reader = std::make_unique<FolderReader>(layout_, std::move(info), std::move(blob.file));
    CICLO_CHECK(reader->narrow(offset, std::min(length.value_or(size), size - offset)));
    return reader;
  }

  Result<BlobInfo> stat(const std::string& key) override {
    CICLO_TRY(const OpenBlob blob, open_blob(*layout_, key));
    BlobInfo info = info_of(key, blob);
    if (!info.sha256.empty()) return info;
    Sha256 checksum;
    while (true) {
      CICLO_TRY(const std::string bytes, read_some(blob.file.get(), piece, key));
      if (bytes.empty()) break;
      checksum.add(bytes);
    }
    info.sha256 = checksum.finish();
    layout_->record_checksum(key, blob.file.get(), info.sha256);
    return info;
  }

  Result<std::vector<Listed>> list(const std::string& folder) override {
    CICLO_TRY(const Descriptor opened, open_folder(folder));
    std::vector<Listed> listed;
    if (!opened) return listed;
    CICLO_TRY(const auto entries, entries_of(opened.get(), folder));
    for (const Entry& entry : entries) {
      const bool is_folder = S_ISDIR(entry.status.st_mode);
      listed.push_back({entry.name, is_folder, is_folder ? 0 : static_cast<std::uint64_t>(entry.status.st_size)});
    }
    return listed;
  }

  Result<std::vector<BlobInfo>> walk(const std::string& folder) override {
    CICLO_TRY(const Descriptor opened, open_folder(folder));
    std::vector<BlobInfo> found;
    if (!opened) return found;
    CICLO_CHECK(walk_below(opened.get(), folder, found));
    std::sort(found.begin(), found.end(), [](const BlobInfo& a, const BlobInfo& b) { return a.key < b.key; });
    return found;
  }

  Result<void> remove(const std::string& key) override {
    CICLO_CHECK(check_key(key));
    return layout_->remove(key);
  }

  Result<void> remove_tree(const std::string& folder) override {
    CICLO_CHECK(check_key(folder));
    return layout_->remove_tree(folder);
  }

  std::optional<std::string> recorded_sha256(const std::string& key) override {
    return check_key(key) ? layout_->checksum(key) : std::nullopt;
  }

  Uploads& uploads() override { return uploads_; }

  std::optional<std::filesystem::path> local_path(const std::string& key) const override {
    if (!key.empty() && !check_key(key)) return std::nullopt;
    return layout_->object_path(key);
  }

 protected:
  Result<void> put_files(int folder, const std::vector<TreeFile>& files) override {
    const bool together = files.size() >= sync_together_from;
    std::vector<Staged> staged;
    staged.reserve(files.size());
    for (const TreeFile& file : files) {
      CICLO_TRY(Staged one, stage(folder, file));
      if (!together) CICLO_CHECK(sync(one.file.file(), file.key));
      one.file.close();
      staged.push_back(std::move(one));
    }
    if (together) CICLO_CHECK(layout_->sync_all());
    std::vector<std::filesystem::path> changed;
    for (Staged& one : staged) CICLO_CHECK(layout_->place(one.key, one.sha256, one.file, changed));
    return together ? layout_->sync_all() : sync_folders(std::move(changed));
  }

 private:
  struct Staged {
    std::string key;
    std::string sha256;
    TemporaryFile file;
  };

  // Copies a file into temporary/.
  Result<Staged> stage(int folder, const TreeFile& file) {
    CICLO_TRY(const Descriptor source, open_tree_file(folder, file));
    CICLO_TRY(TemporaryFile target, layout_->create_temporary());
    struct stat status {};
    if (::fstat(source.get(), &status) == 0 && (status.st_mode & S_IXUSR) != 0) ::fchmod(target.file(), 0700);
    Sha256 checksum;
    while (true) {
      CICLO_TRY(const std::string bytes, read_some(source.get(), piece, file.relative));
      if (bytes.empty()) break;
      checksum.add(bytes);
      CICLO_CHECK(write_all(target.file(), bytes, file.key));
    }
    return Staged{file.key, checksum.finish(), std::move(target)};
  }

  BlobInfo info_of(const std::string& key, const OpenBlob& blob) const {
    BlobInfo info{key, static_cast<std::uint64_t>(blob.status.st_size), "", modified_ms(blob.status)};
    // The record may already be of another blob that took this one's place since.
    if (auto recorded = layout_->checksum(key); recorded && !layout_->was_replaced(key, blob.file.get()))
      info.sha256 = *std::move(recorded);
    return info;
  }

  // Not open when there is no such folder.
  Result<Descriptor> open_folder(const std::string& folder) const {
    if (!folder.empty()) CICLO_CHECK(check_key(folder));
    Descriptor opened = open_below(layout_->objects(), folder, O_RDONLY | O_DIRECTORY);
    if (!opened && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
      return std::unexpected<Error>(file_error(errno, "list", folder));
    }
    return opened;
  }

  const Layout layout_;
  FolderUploads uploads_;
};

}  // namespace

Result<std::unique_ptr<BlobStore>> open_folder_store(const std::filesystem::path& root) {
  CICLO_TRY(auto layout, FolderLayout::open(root));
  return std::make_unique<FolderStore>(std::move(layout));
}

}  // namespace ciclo::blobs
