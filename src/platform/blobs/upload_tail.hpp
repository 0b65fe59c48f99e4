// The growing file of an upload that goes forward, with its checksum so far. Internal to platform/blobs.
//
//   <folder>/data       the bytes; what lies behind the last checkpoint counts for nothing
//   <folder>/progress   "<offset> <state of the SHA-256>\n", replaced in one step once the bytes before it are durable
//
// Thread safety: none; the caller lets one request at a time in.
#pragma once

#include <filesystem>

#include "platform/blobs/checksum.hpp"
#include "platform/blobs/posix_files.hpp"

namespace ciclo::blobs {

// A file that appears whole or as it was before, synced with its folder.
Result<void> write_durably(const std::filesystem::path& path, std::string_view text);

class UploadTail {
 public:
  static constexpr const char* data_name = "data";

  // The acknowledged bytes of the upload in `folder`. Fails with internal when the record is damaged.
  static Result<std::uint64_t> offset_of(const std::filesystem::path& folder);
  // Ready to go on after them.
  static Result<UploadTail> open(const std::filesystem::path& folder);

  std::uint64_t offset() const { return offset_; }
  // Makes a checkpoint every 64 MiB.
  Result<void> append(std::string_view bytes);
  // Everything appended so far is durable when this succeeds.
  Result<void> checkpoint();
  std::string sha256() const;
  std::filesystem::path data_path() const { return folder_ / data_name; }

 private:
  UploadTail(std::filesystem::path folder, Descriptor file, Sha256 sum, std::uint64_t offset)
      : folder_(std::move(folder)), file_(std::move(file)), sum_(sum), offset_(offset), kept_(offset), begun_(offset) {}

  std::filesystem::path folder_;
  Descriptor file_;
  Sha256 sum_;
  std::uint64_t offset_;
  std::uint64_t kept_;   // up to here it is durable
  std::uint64_t begun_;  // up to here the kernel was told to write
};

}  // namespace ciclo::blobs
