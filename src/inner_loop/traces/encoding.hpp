// Bytes as text. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ciclo::traces {

std::string encode_hex(std::string_view bytes);  // lower case
// The bytes; empty when the text is no hexadecimal.
std::string decode_hex(std::string_view text);
std::string encode_base64(std::string_view bytes);  // RFC 4648 §4, padded

}  // namespace ciclo::traces
