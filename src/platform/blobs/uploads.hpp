// Blobs that arrive in more than one request, and survive the end of the server between two of them.
//
// Two forms. One goes forward from an offset (append() … complete()); the other comes in numbered parts, in any order
// and several at once (put_part() … join()). Both are told by an id; who knows the id and may use it is the caller's
// business (UploadInfo::owner and key are for that).
//
// Durability: what append() and put_part() acknowledged survives kill -9 and a power cut. An append() that is cut short
// keeps what arrived before its last checkpoint, every 64 MiB; one that ends by an error of its source keeps all of it.
// Nothing is to be seen at the key before complete() or join() has succeeded, and then the whole blob. Both may be
// repeated: an upload that is complete answers again.
//
// An upload in which nothing happened for `upload_lifetime` is forgotten, with its bytes, and a complete one too.
//
// Errors: not_found (no such upload, also: forgotten), conflict (an offset that is not where the upload stands; another
// request is writing to it), invalid (a checksum or size that differs from what was announced, a part that is missing).
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/blobs/blob_store.hpp"

namespace ciclo::blobs {

inline constexpr std::chrono::hours upload_lifetime{72};
inline constexpr std::size_t max_parts = 10'000;

struct NewUpload {
  std::string id;     // 32 hexadecimal digits; when it exists, that one goes on. Empty: a new random one
  std::string key;    // where the blob will be
  std::string owner;  // kept, not looked at
  std::optional<std::uint64_t> size;
  std::string sha256;                // announced; empty: not known
  std::optional<std::size_t> parts;  // how many parts it comes in, when it comes in parts
};

struct UploadInfo {
  std::string id;
  std::string key;
  std::string owner;
  std::optional<std::uint64_t> size;
  std::string sha256;
  std::optional<std::size_t> parts;
  std::uint64_t offset = 0;        // acknowledged bytes, of one without parts
  bool is_complete = false;        // then `sha256` and `size` are those of the blob
  std::int64_t expires_at_ms = 0;  // Unix time, when nothing more happens
};

struct Part {
  std::size_t number = 0;  // from 1
  std::string sha256;
  std::uint64_t size = 0;
};

// Gives the next bytes; empty at the end.
using PieceSource = std::function<Result<std::string>()>;

class Uploads {
 public:
  virtual ~Uploads() = default;
  virtual Result<UploadInfo> begin(const NewUpload& request) = 0;
  virtual Result<UploadInfo> find(const std::string& id) = 0;

  // Writes from `offset` on, which has to be where the upload stands.
  virtual Result<UploadInfo> append(const std::string& id, std::uint64_t offset, const PieceSource& source) = 0;
  // `sha256` of the whole; empty: what was announced, or whatever arrived.
  virtual Result<BlobInfo> complete(const std::string& id, const std::string& sha256) = 0;

  // Takes the place of a part of the same number that came before. `sha256` of the part is checked unless it is empty.
  virtual Result<Part> put_part(const std::string& id, std::size_t number, const std::string& sha256,
                                const PieceSource& source) = 0;
  // Those that are there, by number.
  virtual Result<std::vector<Part>> parts(const std::string& id) = 0;
  // The blob is these parts in the order of their numbers; each is checked against its SHA-256, and sizes are not
  // looked at. All that were announced have to be named.
  virtual Result<BlobInfo> join(const std::string& id, std::vector<Part> parts) = 0;

  // Forgets it and its bytes. One that is not there is no error.
  virtual Result<void> abandon(const std::string& id) = 0;
};

}  // namespace ciclo::blobs
