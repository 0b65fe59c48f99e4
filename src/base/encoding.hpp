// Bytes as text: base64 (RFC 4648 §4, padded), base64url without padding (§5) and hexadecimal. Decoding is strict, so
// that every byte string has exactly one base64 text: nothing for another character, an impossible length, padding that
// is missing or not wanted, or bits that no encoder would have set.
//
// Not for secrets that must be wiped. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ciclo {

std::string encode_base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64url(std::string_view bytes);
std::optional<std::string> decode_base64url(std::string_view text);
// Either case. Written by hex_of() in digest.hpp.
std::optional<std::string> decode_hex(std::string_view text);

}  // namespace ciclo
