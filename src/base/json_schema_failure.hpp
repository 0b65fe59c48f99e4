// What a JSON Schema check found wrong, and how the one message is chosen from it. Private to json_schema.cpp.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ciclo {

// In the order in which they are shown when they stand equally deep.
enum class SchemaFailureKind : std::uint8_t {
  unknown_key_with_neighbour,  // surely a typing mistake
  type,
  not_listed,  // enum, const
  bounds,      // sizes, numbers, patterns
  missing_key,
  unknown_key,
  form,  // not, oneOf with several
};

struct SchemaFailure {
  SchemaFailureKind kind = SchemaFailureKind::form;
  std::size_t depth = 0;
  std::string pointer;
  std::string message;
  std::string hint;
  unsigned types = 0;         // kind type: what was expected
  std::vector<Json> allowed;  // kind not_listed
};

using SchemaFailures = std::vector<SchemaFailure>;

std::string describe_types(unsigned types);
std::string_view describe_type(const Json& value);

SchemaFailure type_failure(unsigned types, const Json& value, std::string pointer, std::size_t depth);
SchemaFailure listed_failure(std::vector<Json> allowed, const Json& value, std::string pointer, std::size_t depth);

// Of the alternatives of an anyOf or oneOf, none of which holds: the failures of the one that was most likely meant.
// `depth` is the value's own. Values that tell the alternatives apart (a `type` that only one takes) count first.
SchemaFailures choose_alternative(std::vector<SchemaFailures> alternatives, const Json& value,
                                  const std::string& pointer, std::size_t depth);

Error to_error(SchemaFailures failures);

}  // namespace ciclo
