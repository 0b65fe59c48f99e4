#include "administration/audit/encoding.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t number_width = 8;
constexpr std::size_t length_width = 4;

}  // namespace

void append_little_endian(std::string& out, std::uint64_t number, int width) {
  for (int i = 0; i < width; ++i) out += static_cast<char>((number >> (8 * i)) & 0xFFU);
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) number = (number << 8U) | static_cast<unsigned char>(bytes[i - 1]);
  return number;
}

void FieldWriter::add_number(std::int64_t number) {
  append_little_endian(bytes_, static_cast<std::uint64_t>(number), number_width);
}

void FieldWriter::add_text(std::string_view text) {
  append_little_endian(bytes_, text.size(), length_width);
  bytes_ += text;
}

std::optional<std::int64_t> FieldReader::number() {
  if (bytes_.size() < number_width) return std::nullopt;
  const auto number = static_cast<std::int64_t>(little_endian(bytes_.substr(0, number_width)));
  bytes_.remove_prefix(number_width);
  return number;
}

std::optional<std::string_view> FieldReader::text() {
  if (bytes_.size() < length_width) return std::nullopt;
  const std::uint64_t length = little_endian(bytes_.substr(0, length_width));
  if (length > bytes_.size() - length_width) return std::nullopt;
  const std::string_view text = bytes_.substr(length_width, length);
  bytes_.remove_prefix(length_width + length);
  return text;
}

}  // namespace ciclo::administration
