// Header fields about a file's bytes: ranges and conditions (RFC 9110, sections 13 and 14), digests (RFC 9530, and the
// Digest of RFC 3230 before it).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "platform/http/message.hpp"

namespace ciclo::http {

// What of a file of `size` bytes a Range field asks for.
struct RangeChoice {
  enum class Kind : std::uint8_t { whole, part, unsatisfiable } kind = Kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // 0 unless it is a part
};
// One range of bytes is honoured. Of several, of another unit and of a malformed field the whole file is the answer, as
// the standard allows.
RangeChoice choose_range(std::string_view range_field, std::uint64_t size);
// "bytes 0-9/100"
std::string content_range(const RangeChoice& part, std::uint64_t size);

// Whether an If-Match or If-None-Match field ("*", or tags in quotes) names `etag`, which is in quotes too. A weak tag
// counts for If-None-Match alone (`is_weak_enough`).
bool names_etag(std::string_view field, std::string_view etag, bool is_weak_enough);

// "sha-256=:<base64>:", for Repr-Digest. `sha256`: 64 hexadecimal digits; empty for anything else.
std::string digest_field(std::string_view sha256);
// The SHA-256 that a request announces for its body, in hexadecimal: x-ciclo-sha256, Repr-Digest, Content-Digest or
// Digest. Nothing when there is none; other algorithms are passed over. Fails with invalid when it is malformed, or two
// of them differ.
Result<std::optional<std::string>> announced_sha256(const Headers& headers);

}  // namespace ciclo::http
