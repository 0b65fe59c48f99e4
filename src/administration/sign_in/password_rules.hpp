// What a new password must be: 12 to 1024 bytes, not the user's name, none of the commonest. No rules on which
// characters it is made of (NIST SP 800-63B, 5.1.1.2).
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace ciclo::administration {

inline constexpr std::size_t shortest_password = 12;
inline constexpr std::size_t longest_password = 1024;

// Fails with invalid at `target` ("/new_password"); the message never holds the password.
Result<void> check_new_password(std::string_view name, std::string_view password, std::string_view target);

}  // namespace ciclo::administration
