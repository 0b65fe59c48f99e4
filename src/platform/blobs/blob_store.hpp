// Bytes by key: artifacts, snapshots of code and data, model files, logs.
//
// A key is a relative path of UTF-8 segments ("dev/jobs/calm_river_1/outputs/model/MLmodel"): no empty, "." or ".."
// segment, no NUL, no control character, at most 1024 bytes and 255 a segment; anything else fails with
// ErrorCode::invalid. The empty text names the root folder where a folder is asked for, except in remove_tree(). A
// folder exists while a blob is below it. A blob cannot stand where a folder is, nor the other way round:
// ErrorCode::conflict.
//
// A blob appears whole or not at all (written beside, synced, renamed) and carries its SHA-256. Durability: when
// commit(), put() or put_tree() has succeeded, the bytes survive kill -9 and a power cut. put_tree() is not one step:
// after a crash some of its blobs may be there, each whole. A checksum alone may be lost by a power cut; it is then
// made anew.
//
// Reading a whole blob (from its start to its end) checks it: damaged bytes fail with ErrorCode::internal in place of
// the last piece. Reading a range checks nothing.
//
// Thread safety: safe from any thread. Two writers of one key: the last to finish wins, whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::blobs {

struct BlobInfo {
  std::string key;
  std::uint64_t size = 0;        // bytes
  std::string sha256;            // lower-case hexadecimal; may be empty in listings
  std::int64_t modified_ms = 0;  // Unix time
};

// Writes one blob. Destroying it before commit() leaves nothing behind.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  // Makes the blob visible and durable. When `expected_sha256` is given and differs: ErrorCode::invalid, nothing kept.
  virtual Result<BlobInfo> commit(std::optional<std::string> expected_sha256 = std::nullopt) = 0;
};

// Reads one blob from front to back.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  // Up to `max` further bytes; empty at the end.
  virtual Result<std::string> read(std::size_t max) = 0;
  // Bytes that read() will give in all.
  virtual std::uint64_t size() const = 0;
  // From here on only `length` bytes from `offset` on, which lie within the blob. Before the first read().
  virtual Result<void> narrow(std::uint64_t offset, std::uint64_t length) = 0;
  // Of the whole blob that is being read, also when another has taken its key meanwhile. `sha256` is empty when none is
  // recorded: stat() makes it anew.
  virtual const BlobInfo& info() const = 0;
};

// An entry directly below a prefix.
struct Listed {
  std::string name;  // the last segment
  bool is_folder = false;
  std::uint64_t size = 0;
};

class Uploads;

// What put_tree() takes at most; beyond it fails with ErrorCode::too_large and stores nothing.
struct TreeLimits {
  std::size_t max_files = 100'000;
  std::uint64_t max_bytes = std::uint64_t{64} << 30U;  // of all files together
  std::size_t max_depth = 64;                          // folders below each other
};

// A file below a folder that was opened by whoever found it.
struct TreeFile {
  std::string key;       // where it goes
  std::string relative;  // from the folder, with '/'
  std::uint64_t size = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual Result<std::unique_ptr<BlobWriter>> create(const std::string& key) = 0;
  // `length` bytes from `offset` on (to the end when not given).
  virtual Result<std::unique_ptr<BlobReader>> open(const std::string& key, std::uint64_t offset = 0,
                                                   std::optional<std::uint64_t> length = std::nullopt) = 0;
  virtual Result<BlobInfo> stat(const std::string& key) = 0;
  // The entries directly below a folder, sorted by name. A missing folder has none.
  virtual Result<std::vector<Listed>> list(const std::string& folder) = 0;
  // All blobs whose key starts with `folder`/, at any depth, sorted by key.
  virtual Result<std::vector<BlobInfo>> walk(const std::string& folder) = 0;
  // As recorded: nothing when that was lost, and nothing for what is not there. Costs one small file.
  virtual std::optional<std::string> recorded_sha256(const std::string& key) = 0;
  // Removing what is not there succeeds.
  virtual Result<void> remove(const std::string& key) = 0;
  virtual Result<void> remove_tree(const std::string& folder) = 0;
  // Where the blob or folder lies on this machine's disk, for processes that read in place; nothing for remote stores.
  virtual std::optional<std::filesystem::path> local_path(const std::string& key) const = 0;
  // Blobs that arrive in more than one request.
  virtual Uploads& uploads() = 0;

  Result<BlobInfo> put(const std::string& key, std::string_view bytes);
  // Whole content; too_large over `max_bytes`.
  Result<std::string> get(const std::string& key, std::uint64_t max_bytes = 64U << 20U);
  // Copies a file to `key`, or a folder's files below it. Symbolic links are not followed: they are refused with
  // ErrorCode::invalid, as is whatever is neither file nor folder; then, too, nothing is stored. Empty folders are left
  // out.
  Result<void> put_tree(const std::string& key, const std::filesystem::path& from, const TreeLimits& limits = {});

 protected:
  // Stores all files, found below the folder open as `folder`. One after another unless a store knows better.
  virtual Result<void> put_files(int folder, const std::vector<TreeFile>& files);
};

// A store in a folder of this machine, for one server at a time. Creates it (mode 0700) when missing. A blob lies as a
// plain file in <root>/objects/<key>; put_tree() keeps its right to be executed. Files a program puts there by itself
// are found too, without the promises above.
Result<std::unique_ptr<BlobStore>> open_folder_store(const std::filesystem::path& root);

// ErrorCode::invalid when `key` is none (see the head of this file).
Result<void> check_key(std::string_view key);

}  // namespace ciclo::blobs
