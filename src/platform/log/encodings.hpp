// Internal to this folder: how a secret value looks in other writings.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ciclo::log {

// Hexadecimal (both cases), percent-encoded, JSON-escaped, and base64: standard and URL-safe, at each of the three
// offsets that the value may have within a longer text, without the characters that its neighbours change. Writings
// that equal the value are left out, and so are those of less than 8 characters.
std::vector<std::string> encodings_of(std::string_view value);

}  // namespace ciclo::log
