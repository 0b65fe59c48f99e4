// JSON as the product passes it between modules: nlohmann::json, whose objects here keep the order they were written
// in (users' YAML stays in their order when shown again).
//
// Thread safety: plain values.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo {

using Json = nlohmann::ordered_json;

// Limits for text from outside. Depth is counted in nested arrays and objects.
struct JsonLimits {
  std::size_t max_bytes = 16U << 20U;
  int max_depth = 64;
};

// Parses strict JSON. Fails with ErrorCode::invalid, naming line and column, or ErrorCode::too_large over a limit.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact text. Invalid UTF-8 in strings becomes U+FFFD, so this cannot fail.
std::string to_text(const Json& value);
// Two-space indented text for people.
std::string to_pretty_text(const Json& value);

// The member, or null when `object` is no object or lacks it. The reference is into `object` or to a static null.
const Json& member(const Json& object, std::string_view key);
const Json& member(Json&& object, std::string_view key) = delete;  // would outlive what it refers to
// The value at a JSON pointer ("/jobs/train/compute"), or a static null.
const Json& at_pointer(const Json& value, std::string_view pointer);
// Member as text, or `otherwise` when it is missing or not a string.
std::string text_or(const Json& object, std::string_view key, std::string_view otherwise = {});
// A JSON pointer's token, escaped (RFC 6901: ~ → ~0, / → ~1).
std::string escape_pointer_token(std::string_view token);
// RFC 7386 merge patch.
void merge_patch(Json& target, const Json& patch);

// Equal as JSON values: 1 and 1.0 are the same number and the order of members does not count (for Json's == it does).
bool equal_values(const Json& a, const Json& b);
// Compares two numbers by value, exactly when both are integers. Negative, zero or positive, as for strings.
int compare_numbers(const Json& a, const Json& b);
// The same text for values that are equal_values: members sorted by key, 1.0 written as 1. For hashes and sets.
std::string to_canonical_text(const Json& value);

}  // namespace ciclo
