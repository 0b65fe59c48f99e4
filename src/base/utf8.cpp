#include "base/utf8.hpp"

namespace ciclo {
namespace {

struct Lead {
  std::size_t following = 0;  // continuation bytes
  char32_t bits = 0;
  char32_t smallest = 0;  // below it the form is overlong
};

std::optional<Lead> read_lead(unsigned char byte) {
  if (byte < 0x80U) return Lead{0, byte, 0};
  if ((byte & 0xE0U) == 0xC0U) return Lead{1, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0U) return Lead{2, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0U) return Lead{3, byte & 0x07U, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto lead = read_lead(static_cast<unsigned char>(text.front()));
  const std::string_view rest = text.substr(1);
  text.remove_prefix(1);
  if (!lead || rest.size() < lead->following) return std::nullopt;
  char32_t code_point = lead->bits;
  for (std::size_t i = 0; i < lead->following; ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    code_point = (code_point << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < lead->smallest || code_point > 0x10FFFF || surrogate) return std::nullopt;
  text.remove_prefix(lead->following);
  return code_point;
}

void append_code_point(std::string& out, char32_t code_point) {
  const auto continuation = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0U | (code_point >> 6U));
    continuation(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0U | (code_point >> 12U));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0U | (code_point >> 18U));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_code_point(text)) return false;
  }
  return true;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) (void)take_code_point(text);
  return count;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) append_code_point(out, take_code_point(text).value_or(U'\uFFFD'));
  return out;
}

}  // namespace ciclo
