// The parts of an upload on the disk, and how they become one blob. Internal to platform/blobs.
//
// Thread safety: free functions; JoinedParts: none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/blobs/posix_files.hpp"
#include "platform/blobs/uploads.hpp"

namespace ciclo::blobs {

// "part-12-<sha256>"
std::string file_name_of(const Part& part);
std::optional<Part> part_named(std::string_view file_name);
// Those in a folder, by number.
std::vector<Part> parts_in(const std::filesystem::path& folder);

// Sorts them by number. Fails with invalid unless they are each of the parts that were announced, once.
Result<void> check_parts(const UploadInfo& upload, std::vector<Part>& parts);

struct Copied {
  std::uint64_t size = 0;
  std::string sha256;
};
// All that the source gives, synced. `what` is named in errors.
Result<Copied> copy_all(const PieceSource& source, int target, const std::string& what);

// The bytes of the parts one after another. next() fails with invalid for a part that is not there as it is named.
class JoinedParts {
 public:
  JoinedParts(std::filesystem::path folder, const std::vector<Part>& parts)
      : folder_(std::move(folder)), parts_(parts) {}
  Result<std::string> next();

 private:
  const std::filesystem::path folder_;
  const std::vector<Part>& parts_;
  std::size_t at_ = 0;
  Descriptor file_;
};

}  // namespace ciclo::blobs
