// Bytes by key: artifacts, snapshots of code and data, model files, logs.
//
// A key is a relative path of UTF-8 segments ("dev/jobs/calm_river_1/outputs/model/MLmodel"): no empty, "." or ".."
// segment, no NUL, no control character, at most 1024 bytes; anything else fails with ErrorCode::invalid.
// A blob appears whole or not at all (written beside, synced, renamed) and carries its SHA-256.
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
  std::uint64_t size = 0;       // bytes
  std::string sha256;           // lower-case hexadecimal; may be empty in listings
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
  virtual std::uint64_t size() const = 0;
};

// An entry directly below a prefix.
struct Listed {
  std::string name;  // the last segment
  bool is_folder = false;
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
  // Removing what is not there succeeds.
  virtual Result<void> remove(const std::string& key) = 0;
  virtual Result<void> remove_tree(const std::string& folder) = 0;
  // Where the blob or folder lies on this machine's disk, for processes that read in place; nothing for remote stores.
  virtual std::optional<std::filesystem::path> local_path(const std::string& key) const = 0;

  Result<BlobInfo> put(const std::string& key, std::string_view bytes);
  // Whole content; too_large over `max_bytes`.
  Result<std::string> get(const std::string& key, std::uint64_t max_bytes = 64U << 20U);
  // Copies a file or a folder tree from the disk under `key`. Symbolic links are not followed; they are refused.
  Result<void> put_tree(const std::string& key, const std::filesystem::path& from);
};

// A store in a folder of this machine. Creates it (mode 0700) when missing.
Result<std::unique_ptr<BlobStore>> open_folder_store(const std::filesystem::path& root);

// ErrorCode::invalid when `key` is none (see the head of this file).
Result<void> check_key(std::string_view key);

}  // namespace ciclo::blobs
