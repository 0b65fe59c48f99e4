// Two JSON texts, one a line: a schema and a value. With one line it is a value for a schema that uses every keyword.
#include "base/json_schema.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::string_view schema_text = R"({
  "type": "object", "required": ["name"], "additionalProperties": false, "minProperties": 1, "maxProperties": 9,
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"},
    "kind": {"enum": ["command", "pipeline", 3, null]},
    "count": {"type": "integer", "minimum": 0, "exclusiveMaximum": 9, "multipleOf": 2},
    "jobs": {"type": "object", "patternProperties": {"^n": {"$ref": "#/$defs/node"}}, "additionalProperties": true},
    "list": {"type": "array", "items": {"$ref": "#"}, "minItems": 1, "maxItems": 3, "uniqueItems": true},
    "pair": {"prefixItems": [{"type": "string"}], "items": false},
    "any": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/node"}]},
    "if": {"if": {"type": "string"}, "then": {"const": "x"}, "else": {"not": {"type": "null"}}}
  },
  "dependentRequired": {"kind": ["count"]}, "propertyNames": {"maxLength": 20},
  "$defs": {"node": {"oneOf": [
    {"type": "object", "properties": {"type": {"const": "a"}, "next": {"$ref": "#/$defs/node"}}, "required": ["type"]},
    {"type": "object", "properties": {"type": {"const": "b"}, "x": {"type": "number"}}, "required": ["type"]}]}}
})";

void check(const ciclo::JsonSchema& schema, const ciclo::Json& value) {
  const auto result = schema.validate(value);
  if (!result && (result.error().message.empty() || result.error().details.size() > 20)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto fixed = ciclo::JsonSchema::compile(ciclo::parse_json(schema_text).value());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const auto first = ciclo::parse_json(text.substr(0, end));
  if (!first) return 0;
  if (end == std::string_view::npos) {
    check(fixed.value(), *first);
    return 0;
  }
  const auto second = ciclo::parse_json(text.substr(end + 1));
  const auto schema = ciclo::JsonSchema::compile(*first);
  if (schema && second) check(*schema, *second);
  return 0;
}
