// JSON Schema (2020-12 and draft-07) with messages for people: of all that is wrong the deepest, most specific place
// is named, with what was expected there and the nearest valid key or value.
//
// Keywords: type, const, enum; properties, required, additionalProperties, patternProperties, propertyNames,
// minProperties, maxProperties, dependentRequired; items, prefixItems, minItems, maxItems, uniqueItems; minLength,
// maxLength (in characters), pattern; minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf; allOf, anyOf,
// oneOf, not, if/then/else; $ref within the schema (#, #/$defs/x). Annotations (title, description, default, examples,
// deprecated, format, $comment, x-… and the like) are not checked. Any other keyword is refused by compile(), so that
// a typing mistake in a schema cannot switch a check off.
//
// Patterns are for schemas of the product, not of callers. Text longer than 4096 bytes does not match a pattern.
//
// Thread safety: a compiled schema may be used from any thread at a time.
#pragma once

#include <memory>
#include <string_view>

#include "base/json.hpp"

namespace ciclo {

// What the message of an unknown key begins with; its target is the pointer to that key.
inline constexpr std::string_view unknown_key_words = "unknown key ";

class JsonSchema {
 public:
  // Fails with ErrorCode::invalid and the pointer of the schema's offending place.
  static Result<JsonSchema> compile(const Json& schema);

  // On failure: ErrorCode::invalid, target = JSON pointer of the offending place (for a missing key the object that
  // lacks it), a hint where one is known, and up to 20 further failures in `details`.
  Result<void> validate(const Json& value) const;

  struct Node;

 private:
  explicit JsonSchema(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace ciclo
