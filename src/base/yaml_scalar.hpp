// The types of YAML scalars. Used by the YAML reader and writer.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace ciclo {

// A plain scalar by the YAML 1.2 core schema; nothing for .inf and .nan, which JSON cannot hold.
std::optional<Json> resolve_yaml_scalar(std::string_view text);

// Whether a string may be written without quotes: it reads back as the same string here, and no YAML 1.1 reader would
// take it for something else.
bool is_plain_yaml_string(std::string_view text);

}  // namespace ciclo
