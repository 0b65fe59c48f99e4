// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5), as signed tokens are written.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ciclo::tokens {

std::string to_base64url(std::string_view bytes);
// Nothing when the text holds another character, has an impossible length, or bits that no encoder would have set: so
// every byte string has exactly one text.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace ciclo::tokens
