// Names and secret values on their way from one process to another, through a pipe or a socket and never a file:
//
//   <name> NUL <value> NUL <name> NUL <value> NUL …
//
// Neither holds a NUL; a name may be empty. Not JSON, so that no parser leaves copies of the values in memory.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace ciclo {

using PrivatePairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t max_private_pairs_bytes = 1U << 20U;

void append_private_pair(std::string& out, std::string_view name, std::string_view value);
// Fails with invalid when the bytes do not end as they should, too_large over the limit. Errors repeat none of them.
Result<PrivatePairs> parse_private_pairs(std::string_view bytes);

}  // namespace ciclo
