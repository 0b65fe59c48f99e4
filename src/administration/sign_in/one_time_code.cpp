#include "administration/sign_in/one_time_code.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/text.hpp"
#include "platform/http/message.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t longest_base32 = 1024;
constexpr std::int64_t step_ms = 30'000;
constexpr std::size_t recovery_code_length = 16;

}  // namespace

std::string base32(std::string_view bytes) {
  std::string text;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8U) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text.push_back(alphabet[(buffer >> (bits - 5)) & 31U]);
  }
  if (bits > 0) text.push_back(alphabet[(buffer << (5 - bits)) & 31U]);
  return text;
}

std::optional<std::string> from_base32(std::string_view text) {
  if (text.size() > longest_base32) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const char capital = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const std::size_t value = alphabet.find(capital);
    if (value == std::string_view::npos) return std::nullopt;
    buffer = (buffer << 5U) | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((buffer >> bits) & 255U));
    }
  }
  // What is left over must be padding: fewer bits than a character has, all of them zero.
  if (bits >= 5 || (buffer & ((1U << bits) - 1U)) != 0) return std::nullopt;
  return bytes;
}

std::int64_t step_of(TimePoint time) {
  return to_unix_ms(time) / step_ms;
}

std::string code_at(std::string_view secret, std::int64_t step, int digits) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[7 - i] = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * i));
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), mac.data(), &length);
  const std::size_t offset = mac[length - 1] & 15U;  // RFC 4226, 5.3: dynamic truncation
  const std::uint32_t number = (mac[offset] & 127U) << 24U | static_cast<std::uint32_t>(mac[offset + 1]) << 16U |
                               static_cast<std::uint32_t>(mac[offset + 2]) << 8U | mac[offset + 3];
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  return fmt::format("{:0{}}", number % modulus, digits);
}

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, TimePoint now,
                                          std::int64_t last_step) {
  std::optional<std::int64_t> found;
  // All three are computed whatever the answer is.
  for (std::int64_t step = step_of(now) - 1; step <= step_of(now) + 1; ++step)
    if (equal_in_constant_time(code_at(secret, step), code) && step > last_step && !found) found = step;
  return found;
}

std::string otpauth_uri(std::string_view secret, std::string_view user, std::string_view issuer) {
  return fmt::format("otpauth://totp/{0}:{1}?secret={2}&issuer={0}&algorithm=SHA1&digits=6&period=30",
                     http::percent_encode(issuer), http::percent_encode(user), base32(secret));
}

std::optional<std::string> recovery_code_of(std::string_view text) {
  std::string code;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    if (code.size() == recovery_code_length) return std::nullopt;
    code.push_back(c);
  }
  code = to_lower(code);
  if (code.size() != recovery_code_length || !from_base32(code)) return std::nullopt;
  return code;
}

std::string recovery_code_from(std::string_view ten_bytes) {
  const std::string code = to_lower(base32(ten_bytes));
  return fmt::format("{}-{}-{}-{}", code.substr(0, 4), code.substr(4, 4), code.substr(8, 4), code.substr(12, 4));
}

}  // namespace ciclo::administration
