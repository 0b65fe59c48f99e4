#include "platform/tokens/base64url.hpp"

#include <array>
#include <cstdint>

namespace ciclo::tokens {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 255;
constexpr unsigned bits_of_digit = 6;
constexpr unsigned bits_of_byte = 8;

constexpr std::array<std::uint8_t, 256> digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    pending = (pending << bits_of_byte) | static_cast<unsigned char>(byte);
    bits += bits_of_byte;
    while (bits >= bits_of_digit) {
      bits -= bits_of_digit;
      text += alphabet[(pending >> bits) & 63U];
    }
  }
  if (bits > 0) text += alphabet[(pending << (bits_of_digit - bits)) & 63U];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char digit : text) {
    const std::uint8_t value = digits[static_cast<unsigned char>(digit)];
    if (value == no_digit) return std::nullopt;
    pending = (pending << bits_of_digit) | value;
    bits += bits_of_digit;
    if (bits < bits_of_byte) continue;
    bits -= bits_of_byte;
    bytes += static_cast<char>((pending >> bits) & 255U);
  }
  if ((pending & ((1U << bits) - 1U)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace ciclo::tokens
