// One-time codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits, steps of 30 s; and Base32 (RFC 4648),
// the form in which apps take the secret.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace ciclo::administration {

inline constexpr std::size_t one_time_secret_bytes = 20;  // RFC 4226, 4: as long as SHA-1's output

std::string base32(std::string_view bytes);  // capitals, without padding
// Takes small letters and padding at the end; nothing when it is not Base32 or longer than 1024 characters.
std::optional<std::string> from_base32(std::string_view text);

// The number of the 30 s step that a time lies in.
std::int64_t step_of(TimePoint time);
// The code of one step, with leading zeros. `digits`: 6 to 8.
std::string code_at(std::string_view secret, std::int64_t step, int digits = 6);
// The step whose code this is: that of `now`, the one before or the one after, but later than `last_step`.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, TimePoint now,
                                          std::int64_t last_step);
// "otpauth://totp/Ciclo:maria?secret=…&issuer=Ciclo&…": what a QR code holds.
std::string otpauth_uri(std::string_view secret, std::string_view user, std::string_view issuer);

// A recovery code as it is stored and compared: small letters and digits alone, "abcd-efgh-…" → "abcdefgh…". Nothing
// when it is no recovery code's form.
std::optional<std::string> recovery_code_of(std::string_view text);
// "abcd-efgh-ijkl-mnop" from 10 random bytes (80 bits: too many to be guessed from a stolen SHA-256).
std::string recovery_code_from(std::string_view ten_bytes);

}  // namespace ciclo::administration
