// UTF-8 (RFC 3629): surrogates, overlong forms and anything above U+10FFFF are invalid.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ciclo {

// Reads the code point at the front of `text` and drops its bytes. When the front is not valid, nothing is returned
// and one byte is dropped. `text` must not be empty.
std::optional<char32_t> take_code_point(std::string_view& text);
void append_code_point(std::string& out, char32_t code_point);

bool is_utf8(std::string_view text);
// Code points in `text`; every invalid byte counts one.
std::size_t count_code_points(std::string_view text);
// `text` with every invalid byte replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace ciclo
