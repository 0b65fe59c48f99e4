// A master key as text: 64 hexadecimal digits or the base64 of 32 bytes, blanks around it aside.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "administration/secrets/secret_bytes.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

inline constexpr std::size_t master_key_bytes = 32;

// Fails with invalid; the error repeats nothing of the text.
Result<SecretBytes> parse_key_text(std::string_view text);

}  // namespace ciclo::administration
