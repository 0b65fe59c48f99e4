// SHA-256 (FIPS 180-4) and HMAC (RFC 2104), by OpenSSL; and a hash for indexes.
//
// A plain hash suits random secrets, which nobody can try through; passwords need a slow one
// (administration/sign_in/password.hpp).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ciclo {

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string sha256_hex(std::string_view bytes);  // 64 lower-case hexadecimal digits
// Under a key of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
bool is_sha256_hex(std::string_view text);

std::string hex_of(std::string_view bytes);  // lower-case

// What an index holds in place of a value that may be long: FNV-1a of 64 bits. Stored, so it never changes; no
// protection against somebody who looks for two values of one hash.
std::int64_t value_hash(std::string_view value);

}  // namespace ciclo
