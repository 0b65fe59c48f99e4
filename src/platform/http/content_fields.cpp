#include "platform/http/content_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t digest_bytes = 32;

// The whole text as a number; a number too large for 64 bits is as large as can be.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ptr != text.data() + text.size()) return std::nullopt;
  return end.ec == std::errc::result_out_of_range ? ~std::uint64_t{0} : number;
}

// 32 bytes from their base64 text, as hexadecimal digits.
std::optional<std::string> hex_of_base64(std::string_view text) {
  const auto bytes = decode_base64(text);
  if (!bytes || bytes->size() != digest_bytes) return std::nullopt;
  return hex_of(*bytes);
}

// 64 hexadecimal digits, in lower case.
std::optional<std::string> digest_hex(std::string_view text) {
  std::string hex = to_lower(text);
  if (!is_sha256_hex(hex)) return std::nullopt;
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
  if (!is_sha256_hex(sha256)) return {};
  return "sha-256=:" + encode_base64(decode_hex(sha256).value_or("")) + ":";
}

Result<std::optional<std::string>> announced_sha256(const Headers& headers) {
  std::optional<std::string> found;
  for (const std::string_view name : {"x-ciclo-sha256", "repr-digest", "content-digest", "digest"}) {
    const auto field = headers.find(name);
    if (!field) continue;
    std::optional<std::string> sum;
    if (name == "x-ciclo-sha256") {
      sum = digest_hex(trim(*field));
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
