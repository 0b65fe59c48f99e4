#include "platform/blobs/blob_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "platform/blobs/posix_files.hpp"
#include "platform/blobs/tree.hpp"

namespace ciclo::blobs {

namespace {

constexpr std::size_t max_key_bytes = 1024;
constexpr std::size_t max_segment_bytes = 255;
constexpr std::size_t piece = std::size_t{1} << 18U;

// The bytes of the UTF-8 character at the start of `text` when it is well formed (RFC 3629) and no control character;
// else 0.
std::size_t printable_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7F ? 0 : 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool control = first == 0xC2 && second < 0xA0;  // U+0080 … U+009F
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  const bool beyond = first == 0xF4 && second >= 0x90;
  return control || overlong || surrogate || beyond ? 0 : size;
}

bool is_segment(std::string_view segment) {
  if (segment.empty() || segment.size() > max_segment_bytes || segment == "." || segment == "..") return false;
  while (!segment.empty()) {
    const std::size_t size = printable_character(segment);
    if (size == 0) return false;
    segment.remove_prefix(size);
  }
  return true;
}

bool is_key(std::string_view key) {
  if (key.size() > max_key_bytes) return false;
  while (true) {
    const auto slash = key.find('/');
    if (!is_segment(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (is_key(key)) return {};
  // The text is not repeated: it may hold what a terminal or a log must not see.
  return fail(ErrorCode::invalid, "this is no path of a blob", "path",
              "write segments of UTF-8 text divided by '/', none of them empty, '.' or '..', 1024 bytes at most");
}

Result<BlobInfo> BlobStore::put(const std::string& key, std::string_view bytes) {
  CICLO_TRY(const auto writer, create(key));
  CICLO_CHECK(writer->append(bytes));
  return writer->commit();
}

Result<std::string> BlobStore::get(const std::string& key, std::uint64_t max_bytes) {
  CICLO_TRY(const auto reader, open(key));
  if (reader->size() > max_bytes) {
    return fail(ErrorCode::too_large, fmt::format("the file has {} bytes, more than {}", reader->size(), max_bytes),
                key);
  }
  std::string all;
  all.reserve(reader->size());
  while (true) {
    CICLO_TRY(const std::string bytes, reader->read(piece));
    if (bytes.empty()) return all;
    all += bytes;
  }
}

Result<void> BlobStore::put_tree(const std::string& key, const std::filesystem::path& from, const TreeLimits& limits) {
  if (!key.empty()) CICLO_CHECK(check_key(key));
  // O_NONBLOCK: opening a named pipe must not wait for someone to write to it.
  const Descriptor opened(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!opened) return std::unexpected<Error>(file_error(errno, "read", from.native()));
  CICLO_TRY(const FoundTree tree, find_tree(opened.get(), from, key, limits));
  if (!tree.is_single_file) return put_files(opened.get(), tree.files);
  const auto folder = from.parent_path().empty() ? std::filesystem::path(".") : from.parent_path();
  const Descriptor parent(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return std::unexpected<Error>(file_error(errno, "read", from.native()));
  return put_files(parent.get(), tree.files);
}

Result<void> BlobStore::put_files(int folder, const std::vector<TreeFile>& files) {
  for (const TreeFile& file : files) {
    CICLO_TRY(const Descriptor source, open_tree_file(folder, file));
    CICLO_TRY(const auto writer, create(file.key));
    while (true) {
      CICLO_TRY(const std::string bytes, read_some(source.get(), piece, file.relative));
      if (bytes.empty()) break;
      CICLO_CHECK(writer->append(bytes));
    }
    CICLO_TRY(std::ignore, writer->commit());
  }
  return {};
}

}  // namespace ciclo::blobs
