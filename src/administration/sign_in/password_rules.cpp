#include "administration/sign_in/password_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

// The commonest of public lists that are long enough to pass the length rule, in lower case.
constexpr auto commonest = std::to_array<std::string_view>({"123456789012",     "1234567890123",
                                                            "12345678901234",   "123456789012345",
                                                            "1234567890123456", "qwertyuiop123",
                                                            "qwertyuiop12",     "qwerty123456",
                                                            "1qaz2wsx3edc",     "1q2w3e4r5t6y",
                                                            "q1w2e3r4t5y6",     "qwertyuiop[]",
                                                            "qwertyuiopasd",    "asdfghjkl123",
                                                            "zaq12wsxcde3",     "passwordpassword",
                                                            "password1234",     "password12345",
                                                            "password123456",   "password123!",
                                                            "passw0rd1234",     "p@ssw0rd1234",
                                                            "p@ssword1234",     "adminadmin12",
                                                            "administrator",    "administrator1",
                                                            "administrador",    "welcome12345",
                                                            "welcome123456",    "iloveyou1234",
                                                            "letmeinletmein",   "changeme1234",
                                                            "changemenow1",     "senha1234567",
                                                            "minhasenha123",    "senhasenha12",
                                                            "brasil123456",     "correcthorsebatterystaple",
                                                            "abcdefghijkl",     "abcd1234efgh",
                                                            "ciclociclo12"});

Failure refused(std::string message, std::string_view target) {
  return fail(ErrorCode::invalid, std::move(message), std::string(target),
              fmt::format("choose {} to {} bytes that nobody guesses; a few words in a row are good", shortest_password,
                          longest_password));
}

// "aaaaaaaaaaaa", "abcabcabcabc".
bool repeats_a_short_piece(std::string_view text) {
  for (std::size_t piece = 1; piece <= 4; ++piece) {
    bool repeats = true;
    for (std::size_t i = piece; i < text.size() && repeats; ++i) repeats = text[i] == text[i - piece];
    if (repeats) return true;
  }
  return false;
}

}  // namespace

Result<void> check_new_password(std::string_view name, std::string_view password, std::string_view target) {
  if (password.size() < shortest_password)
    return refused(fmt::format("the password has {} bytes, fewer than {}", password.size(), shortest_password), target);
  if (password.size() > longest_password)
    return refused(fmt::format("the password has {} bytes, more than {}", password.size(), longest_password), target);
  const std::string lower = to_lower(password);
  if (lower == to_lower(name)) return refused("the password is the user's name", target);
  if (std::ranges::find(commonest, lower) != commonest.end() || repeats_a_short_piece(lower))
    return refused("the password is one of the commonest", target);
  return {};
}

}  // namespace ciclo::administration
