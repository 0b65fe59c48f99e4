// The canonical bytes of an audit row: what the chain's hash covers and what the decision journal keeps. Numbers are 8
// bytes, texts a length of 4 bytes and their bytes, all little-endian; so no two rows have the same bytes. The form is
// persisted (hashes are made of it): it never changes, a new one gets a new version number.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ciclo::administration {

class FieldWriter {
 public:
  void add_number(std::int64_t number);
  void add_text(std::string_view text);
  // As they are, without a length.
  void add_bytes(std::string_view bytes) { bytes_ += bytes; }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what FieldWriter wrote; nothing when the bytes end too soon. `bytes` must outlive it.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}
  std::optional<std::int64_t> number();
  std::optional<std::string_view> text();
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

// A number's `width` lowest bytes, little-endian.
void append_little_endian(std::string& out, std::uint64_t number, int width);
// `bytes` must be at most 8 long.
std::uint64_t little_endian(std::string_view bytes);

}  // namespace ciclo::administration
