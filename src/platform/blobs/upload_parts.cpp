#include "platform/blobs/upload_parts.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "platform/blobs/checksum.hpp"

namespace ciclo::blobs {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = std::size_t{1} << 20U;
constexpr std::string_view part_prefix = "part-";

}  // namespace

std::optional<Part> part_named(std::string_view name) {
  if (!name.starts_with(part_prefix)) return std::nullopt;
  name.remove_prefix(part_prefix.size());
  Part part;
  const auto number = std::from_chars(name.data(), name.data() + name.size(), part.number);
  name.remove_prefix(static_cast<std::size_t>(number.ptr - name.data()));
  if (number.ec != std::errc() || !name.starts_with('-') || !is_sha256(name.substr(1))) return std::nullopt;
  part.sha256 = name.substr(1);
  return part;
}

std::string file_name_of(const Part& part) {
  return fmt::format("{}{}-{}", part_prefix, part.number, part.sha256);
}

std::vector<Part> parts_in(const fs::path& folder) {
  std::vector<Part> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    auto part = part_named(entry.path().filename().native());
    if (!part) continue;
    part->size = entry.file_size(ignored);
    found.push_back(*std::move(part));
  }
  std::ranges::sort(found, {}, &Part::number);
  return found;
}

// The order in which they make up the blob, each once and none missing.
Result<void> check_parts(const UploadInfo& upload, std::vector<Part>& parts) {
  std::ranges::sort(parts, {}, &Part::number);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && parts[i].number == parts[i - 1].number)
      return fail(ErrorCode::invalid, fmt::format("part {} is named twice", parts[i].number), "parts");
  }
  const std::size_t wanted = upload.parts.value_or(parts.size());
  const auto holds = [&](std::size_t number) { return std::ranges::binary_search(parts, number, {}, &Part::number); };
  for (std::size_t number = 1; number <= wanted; ++number) {
    if (!holds(number))
      return fail(ErrorCode::invalid, fmt::format("part {} of {} is missing", number, wanted), "parts",
                  "send it, then complete the upload");
  }
  if (parts.size() > wanted)
    return fail(ErrorCode::invalid, fmt::format("the upload was announced with {} parts", wanted), "parts");
  return {};
}

Result<Copied> copy_all(const PieceSource& source, int target, const std::string& what) {
  Sha256 sum;
  Copied copied;
  while (true) {
    CICLO_TRY(const std::string bytes, source());
    if (bytes.empty()) break;
    sum.add(bytes);
    CICLO_CHECK(write_all(target, bytes, what));
    begin_write_back(target, copied.size, bytes.size());
    copied.size += bytes.size();
  }
  CICLO_CHECK(sync(target, what));
  copied.sha256 = sum.finish();
  return copied;
}

Result<std::string> JoinedParts::next() {
  while (true) {
    if (file_) {
      CICLO_TRY(std::string bytes, read_some(file_.get(), piece, "a part"));
      if (!bytes.empty()) return bytes;
    }
    if (at_ == parts_.size()) return std::string();
    const Part& part = parts_[at_++];
    file_ = Descriptor(::open((folder_ / file_name_of(part)).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file_)
      return fail(ErrorCode::invalid, fmt::format("part {} was not sent, or has another ETag", part.number), "parts",
                  "send it, then complete the upload");
  }
}

}  // namespace ciclo::blobs
