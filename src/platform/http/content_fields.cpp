#include "platform/http/content_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view hex_digits = "0123456789abcdef";

// The whole text as a number; a number too large for 64 bits is as large as can be.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ptr != text.data() + text.size()) return std::nullopt;
  return end.ec == std::errc::result_out_of_range ? ~std::uint64_t{0} : number;
}

// 32 bytes from their base64 text (44 characters), as hexadecimal digits.
std::optional<std::string> hex_of_base64(std::string_view text) {
  constexpr std::size_t text_size = 44;
  if (text.size() != text_size || text.back() != '=') return std::nullopt;
  text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 255U);
  }
  if (bytes.size() != digest_bytes || (bits & ((1U << count) - 1)) != 0) return std::nullopt;
  std::string hex;
  for (const char byte : bytes) {
    hex += hex_digits[static_cast<unsigned char>(byte) >> 4U];
    hex += hex_digits[static_cast<unsigned char>(byte) & 15U];
  }
  return hex;
}

std::optional<std::string> hex_of(std::string_view text) {
  std::string hex = to_lower(text);
  if (hex.size() != 2 * digest_bytes || hex.find_first_not_of(hex_digits) != std::string::npos) return std::nullopt;
  return hex;
}

Failure malformed(std::string_view field) {
  return fail(ErrorCode::invalid, "the header holds no SHA-256", std::string(field),
              "write Repr-Digest: sha-256=:<base64 of 32 bytes>:, or x-ciclo-sha256: <64 hexadecimal digits>");
}

// The member "sha-256" of "sha-256=:…:, sha-512=:…:", or of "SHA-256=…,MD5=…" without the colons.
Result<std::optional<std::string>> sha256_in(std::string_view field, std::string_view name, bool has_colons) {
  for (const std::string& item : split(field, ',')) {
    const std::string_view member = trim(item);
    const std::size_t sign = member.find('=');
    if (sign == std::string_view::npos || !iequals(member.substr(0, sign), "sha-256")) continue;
    std::string_view value = trim(member.substr(sign + 1));
    if (has_colons) {
      if (value.size() < 2 || value.front() != ':' || value.back() != ':') return malformed(name);
      value = value.substr(1, value.size() - 2);
    }
    if (auto hex = hex_of_base64(value)) return hex;
    return malformed(name);
  }
  return std::nullopt;
}

}  // namespace

RangeChoice choose_range(std::string_view range_field, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (range_field.size() <= unit.size() || !iequals(range_field.substr(0, unit.size()), unit)) return {};
  const std::string_view range = trim(range_field.substr(unit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = number_of(range.substr(0, dash));
  const auto last = number_of(range.substr(dash + 1));
  constexpr RangeChoice unsatisfiable{.kind = RangeChoice::Kind::unsatisfiable};
  if (dash == 0) {  // the last so many
    if (!last) return {};
    if (*last == 0 || size == 0) return unsatisfiable;
    const std::uint64_t length = std::min(*last, size);
    return {.kind = RangeChoice::Kind::part, .first = size - length, .length = length};
  }
  if (!first || (!last && dash + 1 != range.size()) || (last && *last < *first)) return {};
  if (*first >= size) return unsatisfiable;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {.kind = RangeChoice::Kind::part, .first = *first, .length = end - *first + 1};
}

std::string content_range(const RangeChoice& part, std::uint64_t size) {
  if (part.kind == RangeChoice::Kind::unsatisfiable) return "bytes */" + std::to_string(size);
  return "bytes " + std::to_string(part.first) + "-" + std::to_string(part.first + part.length - 1) + "/" +
         std::to_string(size);
}

bool names_etag(std::string_view field, std::string_view etag, bool is_weak_enough) {
  if (trim(field) == "*") return true;
  for (const std::string& item : split(field, ',')) {
    std::string_view tag = trim(item);
    if (is_weak_enough && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

std::string digest_field(std::string_view sha256) {
  if (!hex_of(sha256)) return {};
  std::string text = "sha-256=:";
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char digit : sha256) {
    bits = (bits << 4U) | static_cast<std::uint32_t>(hex_digits.find(digit) & 15U);
    count += 4;
    if (count < 6) continue;
    count -= 6;
    text += alphabet[(bits >> count) & 63U];
  }
  if (count > 0) text += alphabet[(bits << (6 - count)) & 63U];
  return text + "=:";
}

Result<std::optional<std::string>> announced_sha256(const Headers& headers) {
  std::optional<std::string> found;
  for (const std::string_view name : {"x-ciclo-sha256", "repr-digest", "content-digest", "digest"}) {
    const auto field = headers.find(name);
    if (!field) continue;
    std::optional<std::string> sum;
    if (name == "x-ciclo-sha256") {
      sum = hex_of(trim(*field));
      if (!sum) return malformed(name);
    } else {
      CICLO_TRY(sum, sha256_in(*field, name, name != "digest"));
    }
    if (sum && found && *sum != *found)
      return fail(ErrorCode::invalid, "the request announces two different SHA-256", std::string(name));
    if (sum) found = std::move(sum);
  }
  return found;
}

}  // namespace ciclo::http
