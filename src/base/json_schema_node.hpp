// A compiled JSON Schema. Private to json_schema_compile.cpp and json_schema.cpp.
//
// Thread safety: immutable once compiled.
#pragma once

#include <boost/regex.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_schema.hpp"

namespace ciclo {

namespace schema_type {
enum Bit : unsigned { null = 1, boolean = 2, integer = 4, number = 8, string = 16, array = 32, object = 64 };
}  // namespace schema_type

struct SchemaPattern {
  std::string text;
  boost::regex compiled;
};

// A limit on a size or a number, as the schema writes it.
struct SchemaNumbers {
  std::optional<Json> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
};

struct SchemaSizes {
  std::optional<std::uint64_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
};

// Pointers are to nodes of the same pool.
struct JsonSchema::Node {
  std::optional<bool> constant;  // the schemas `true` and `false`
  unsigned types = 0;            // schema_type bits; 0 allows all
  std::string description;
  std::vector<Json> allowed;  // enum, or the one value of const
  bool has_allowed = false;

  std::vector<std::pair<std::string, const Node*>> properties;
  std::vector<std::pair<SchemaPattern, const Node*>> pattern_properties;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  const Node* additional_properties = nullptr;
  const Node* property_names = nullptr;

  std::vector<const Node*> prefix_items;
  const Node* items = nullptr;
  bool unique_items = false;

  std::optional<SchemaPattern> pattern;
  SchemaNumbers numbers;
  SchemaSizes sizes;

  const Node* reference = nullptr;
  std::vector<const Node*> all_of, any_of, one_of;
  const Node* not_allowed = nullptr;
  const Node* condition = nullptr;
  const Node* then_schema = nullptr;
  const Node* else_schema = nullptr;

  const Node* find_property(std::string_view key) const;
};

struct SchemaPool {
  std::deque<JsonSchema::Node> nodes;
};

}  // namespace ciclo
