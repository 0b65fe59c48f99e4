// Internal to this folder: compressed request bodies.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::http {

// Whether `encoding` (a Content-Encoding) can be undone here: identity, gzip, x-gzip, deflate.
bool can_inflate(std::string_view encoding);
bool is_identity(std::string_view encoding);
// The bytes as they were before gzip or deflate (zlib-wrapped or raw). Fails with too_large when they come to more than
// `limit` bytes, invalid when they are no such data or are cut short.
Result<std::string> inflate(std::string_view bytes, std::string_view encoding, std::size_t limit);

}  // namespace ciclo::http
