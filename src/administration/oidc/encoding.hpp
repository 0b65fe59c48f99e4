// The encodings and hashes that OpenID Connect is written in.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"

namespace ciclo::administration::oidc {

// OpenID Connect Core §3.1.3.6: the left half of the hash that the signature's algorithm uses ("RS256" → SHA-256).
std::string at_hash_of(std::string_view access_token, std::string_view algorithm);

// "a=1&b=x%20y", for bodies of application/x-www-form-urlencoded and for queries.
std::string form_of(const std::vector<std::pair<std::string_view, std::string_view>>& fields);

// Whether there is a control character (also DEL) in it.
bool has_control_character(std::string_view text);

}  // namespace ciclo::administration::oidc
