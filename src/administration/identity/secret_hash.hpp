// Hashes of random secrets, which need no slow hash: nobody can try them all.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ciclo::administration {

std::string sha256_hex(std::string_view text);
// HMAC-SHA-256 under a key of any length.
std::string hmac_sha256_hex(std::string_view key, std::string_view text);

}  // namespace ciclo::administration
