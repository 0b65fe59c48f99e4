#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "base/json_schema_node.hpp"
#include "base/text.hpp"

namespace ciclo {
namespace {

using Node = JsonSchema::Node;

constexpr int max_schema_depth = 100;

constexpr std::array<std::string_view, 20> annotations = {"title",
                                                          "description",
                                                          "default",
                                                          "examples",
                                                          "deprecated",
                                                          "readOnly",
                                                          "writeOnly",
                                                          "format",
                                                          "$comment",
                                                          "$schema",
                                                          "$id",
                                                          "$anchor",
                                                          "$defs",
                                                          "definitions",
                                                          "$vocabulary",
                                                          "example",
                                                          "contentEncoding",
                                                          "contentMediaType",
                                                          "markdownDescription",
                                                          "enumDescriptions"};

struct TypeName {
  std::string_view name;
  unsigned bits;
};
constexpr std::array<TypeName, 7> type_names = {{{"null", schema_type::null},
                                                 {"boolean", schema_type::boolean},
                                                 {"integer", schema_type::integer},
                                                 {"number", schema_type::number | schema_type::integer},
                                                 {"string", schema_type::string},
                                                 {"array", schema_type::array},
                                                 {"object", schema_type::object}}};

class Compiler {
 public:
  explicit Compiler(const Json& root) : root_(root), pool_(std::make_shared<SchemaPool>()) {}

  Result<std::shared_ptr<const Node>> run() {
    CICLO_TRY(const Node* root, compile(root_, "", 0));
    CICLO_CHECK(check_cycles());
    return std::shared_ptr<const Node>(pool_, root);
  }

 private:
  using Setter = std::function<Result<void>(Node&, const Json&, const std::string& pointer, int depth)>;

  // One node per place of the schema: a reference back to a place that is being compiled finds its node.
  Result<const Node*> compile(const Json& schema, const std::string& pointer, int depth) {
    if (const auto known = by_pointer_.find(pointer); known != by_pointer_.end()) return known->second;
    if (depth > max_schema_depth) return fail(ErrorCode::invalid, "the schema is nested too deeply", pointer);
    Node& node = pool_->nodes.emplace_back();
    by_pointer_.emplace(pointer, &node);
    pointers_.emplace(&node, pointer);
    if (schema.is_boolean()) {
      node.constant = schema.get<bool>();
      return &node;
    }
    if (!schema.is_object()) return fail(ErrorCode::invalid, "a schema must be an object, true or false", pointer);
    for (const auto& [keyword, value] : schema.items())
      CICLO_CHECK(set(node, {keyword, value, pointer + "/" + escape_pointer_token(keyword), depth + 1}));
    return &node;
  }

  struct Keyword {
    std::string_view name;
    const Json& value;
    std::string pointer;
    int depth;
  };

  Result<void> set(Node& node, const Keyword& keyword) {
    if (std::ranges::find(annotations, keyword.name) != annotations.end() || keyword.name.starts_with("x-")) {
      if (keyword.name == "description" && keyword.value.is_string())
        node.description = keyword.value.get<std::string>();
      return {};
    }
    for (const auto setter : {&Compiler::set_general, &Compiler::set_object, &Compiler::set_array, &Compiler::set_text,
                              &Compiler::set_number, &Compiler::set_combination}) {
      CICLO_TRY(const bool taken, (this->*setter)(node, keyword));
      if (taken) return {};
    }
    return fail(ErrorCode::invalid, fmt::format("the schema keyword '{}' is not supported", keyword.name),
                keyword.pointer);
  }

  Result<bool> set_general(Node& node, const Keyword& keyword) {
    if (keyword.name == "type") {
      CICLO_CHECK(set_types(node, keyword));
    } else if (keyword.name == "const") {
      node.allowed = {keyword.value};
      node.has_allowed = true;
    } else if (keyword.name == "enum") {
      if (!keyword.value.is_array() || keyword.value.empty()) return expected("a list of values", keyword);
      if (!node.has_allowed) node.allowed.assign(keyword.value.begin(), keyword.value.end());
      node.has_allowed = true;
    } else if (keyword.name == "$ref") {
      CICLO_TRY(node.reference, resolve(keyword));
    } else {
      return false;
    }
    return true;
  }

  Result<void> set_types(Node& node, const Keyword& keyword) {
    const Json names = keyword.value.is_array() ? keyword.value : Json::array({keyword.value});
    for (const Json& name : names) {
      const auto* const found = std::ranges::find_if(type_names, [&](const TypeName& one) {
        return name.is_string() && name.get_ref<const std::string&>() == one.name;
      });
      if (found == type_names.end())
        return expected("null, boolean, integer, number, string, array or object", keyword);
      node.types |= found->bits;
    }
    return {};
  }

  Result<bool> set_object(Node& node, const Keyword& keyword) {
    if (keyword.name == "properties") {
      if (!keyword.value.is_object()) return expected("an object", keyword);
      for (const auto& [key, schema] : keyword.value.items()) {
        CICLO_TRY(const Node* child, compile(schema, keyword.pointer + "/" + escape_pointer_token(key), keyword.depth));
        node.properties.emplace_back(key, child);
      }
    } else if (keyword.name == "patternProperties") {
      CICLO_CHECK(set_pattern_properties(node, keyword));
    } else if (keyword.name == "required") {
      CICLO_TRY(node.required, texts(keyword.value, keyword));
    } else if (keyword.name == "dependentRequired") {
      if (!keyword.value.is_object()) return expected("an object", keyword);
      for (const auto& [key, value] : keyword.value.items()) {
        CICLO_TRY(auto names, texts(value, keyword));
        node.dependent_required.emplace_back(key, std::move(names));
      }
    } else if (keyword.name == "additionalProperties") {
      CICLO_TRY(node.additional_properties, compile(keyword.value, keyword.pointer, keyword.depth));
    } else if (keyword.name == "propertyNames") {
      CICLO_TRY(node.property_names, compile(keyword.value, keyword.pointer, keyword.depth));
    } else if (keyword.name == "minProperties") {
      CICLO_TRY(node.sizes.min_properties, size(keyword));
    } else if (keyword.name == "maxProperties") {
      CICLO_TRY(node.sizes.max_properties, size(keyword));
    } else {
      return false;
    }
    return true;
  }

  Result<void> set_pattern_properties(Node& node, const Keyword& keyword) {
    if (!keyword.value.is_object()) return expected("an object", keyword);
    for (const auto& [text, schema] : keyword.value.items()) {
      CICLO_TRY(auto compiled, pattern(text, keyword));
      CICLO_TRY(const Node* child, compile(schema, keyword.pointer + "/" + escape_pointer_token(text), keyword.depth));
      node.pattern_properties.emplace_back(std::move(compiled), child);
    }
    return {};
  }

  Result<bool> set_array(Node& node, const Keyword& keyword) {
    if (keyword.name == "items") {
      CICLO_TRY(node.items, compile(keyword.value, keyword.pointer, keyword.depth));
    } else if (keyword.name == "prefixItems") {
      CICLO_TRY(node.prefix_items, list(keyword));
    } else if (keyword.name == "uniqueItems") {
      if (!keyword.value.is_boolean()) return expected("true or false", keyword);
      node.unique_items = keyword.value.get<bool>();
    } else if (keyword.name == "minItems") {
      CICLO_TRY(node.sizes.min_items, size(keyword));
    } else if (keyword.name == "maxItems") {
      CICLO_TRY(node.sizes.max_items, size(keyword));
    } else {
      return false;
    }
    return true;
  }

  Result<bool> set_text(Node& node, const Keyword& keyword) {
    if (keyword.name == "minLength") {
      CICLO_TRY(node.sizes.min_length, size(keyword));
    } else if (keyword.name == "maxLength") {
      CICLO_TRY(node.sizes.max_length, size(keyword));
    } else if (keyword.name == "pattern") {
      if (!keyword.value.is_string()) return expected("a string", keyword);
      CICLO_TRY(node.pattern, pattern(keyword.value.get<std::string>(), keyword));
    } else {
      return false;
    }
    return true;
  }

  Result<bool> set_number(Node& node, const Keyword& keyword) {
    std::optional<Json>* limit = nullptr;
    if (keyword.name == "minimum") limit = &node.numbers.minimum;
    if (keyword.name == "maximum") limit = &node.numbers.maximum;
    if (keyword.name == "exclusiveMinimum") limit = &node.numbers.exclusive_minimum;
    if (keyword.name == "exclusiveMaximum") limit = &node.numbers.exclusive_maximum;
    if (keyword.name == "multipleOf") limit = &node.numbers.multiple_of;
    if (limit == nullptr) return false;
    if (!keyword.value.is_number()) return expected("a number", keyword);
    if (keyword.name == "multipleOf" && !(keyword.value.get<double>() > 0))
      return expected("a number above 0", keyword);
    *limit = keyword.value;
    return true;
  }

  Result<bool> set_combination(Node& node, const Keyword& keyword) {
    if (keyword.name == "allOf") {
      CICLO_TRY(node.all_of, list(keyword));
    } else if (keyword.name == "anyOf") {
      CICLO_TRY(node.any_of, list(keyword));
    } else if (keyword.name == "oneOf") {
      CICLO_TRY(node.one_of, list(keyword));
    } else {
      const Node** place = nullptr;
      if (keyword.name == "not") place = &node.not_allowed;
      if (keyword.name == "if") place = &node.condition;
      if (keyword.name == "then") place = &node.then_schema;
      if (keyword.name == "else") place = &node.else_schema;
      if (place == nullptr) return false;
      CICLO_TRY(*place, compile(keyword.value, keyword.pointer, keyword.depth));
    }
    return true;
  }

  Result<std::vector<const Node*>> list(const Keyword& keyword) {
    if (!keyword.value.is_array() || keyword.value.empty()) return expected("a list of schemas", keyword);
    std::vector<const Node*> nodes;
    for (std::size_t i = 0; i < keyword.value.size(); ++i) {
      CICLO_TRY(const Node* node, compile(keyword.value[i], fmt::format("{}/{}", keyword.pointer, i), keyword.depth));
      nodes.push_back(node);
    }
    return nodes;
  }

  Result<const Node*> resolve(const Keyword& keyword) {
    if (!keyword.value.is_string()) return expected("a string", keyword);
    const auto& text = keyword.value.get_ref<const std::string&>();
    if (text != "#" && !text.starts_with("#/"))
      return fail(ErrorCode::invalid, fmt::format("the reference '{}' is not within the schema", text),
                  keyword.pointer);
    const std::string pointer = text.substr(1);
    const Json& target = at_pointer(root_, pointer);
    if (target.is_null())
      return fail(ErrorCode::invalid, fmt::format("the reference '{}' leads nowhere", text), keyword.pointer);
    return compile(target, pointer, keyword.depth);
  }

  static Failure expected(std::string_view what, const Keyword& keyword) {
    return fail(ErrorCode::invalid, fmt::format("the schema keyword '{}' takes {}", keyword.name, what),
                keyword.pointer);
  }

  static Result<std::uint64_t> size(const Keyword& keyword) {
    if (!keyword.value.is_number_unsigned()) return expected("a whole number from 0", keyword);
    return keyword.value.get<std::uint64_t>();
  }

  static Result<std::vector<std::string>> texts(const Json& value, const Keyword& keyword) {
    std::vector<std::string> out;
    if (!value.is_array()) return expected("a list of keys", keyword);
    for (const Json& one : value) {
      if (!one.is_string()) return expected("a list of keys", keyword);
      out.push_back(one.get<std::string>());
    }
    return out;
  }

  static Result<SchemaPattern> pattern(const std::string& text, const Keyword& keyword) {
    if (text.size() > 4096) return expected("a pattern of at most 4096 characters", keyword);
    try {
      return SchemaPattern{text, boost::regex(text, boost::regex::ECMAScript)};
    } catch (const std::exception& error) {
      return fail(ErrorCode::invalid, fmt::format("the pattern '{}' is not valid: {}", text, error.what()),
                  keyword.pointer);
    }
  }

  // A schema that leads back to itself without going down into the value would be checked for ever.
  Result<void> check_cycles() const {
    std::set<const Node*> done;
    std::set<const Node*> path;
    for (const Node& node : pool_->nodes) CICLO_CHECK(follow(&node, done, path));
    return {};
  }

  Result<void> follow(const Node* node, std::set<const Node*>& done, std::set<const Node*>& path) const {
    if (node == nullptr || done.contains(node)) return {};
    if (!path.insert(node).second)
      return fail(ErrorCode::invalid, "the schema refers to itself without an end", pointers_.at(node));
    for (const auto* nodes : {&node->all_of, &node->any_of, &node->one_of})
      for (const Node* one : *nodes) CICLO_CHECK(follow(one, done, path));
    for (const Node* one : {node->reference, node->not_allowed, node->condition, node->then_schema, node->else_schema})
      CICLO_CHECK(follow(one, done, path));
    path.erase(node);
    done.insert(node);
    return {};
  }

  const Json& root_;
  std::shared_ptr<SchemaPool> pool_;
  std::map<std::string, const Node*> by_pointer_;
  std::map<const Node*, std::string> pointers_;
};

}  // namespace

const JsonSchema::Node* JsonSchema::Node::find_property(std::string_view key) const {
  for (const auto& [name, node] : properties)
    if (name == key) return node;
  return nullptr;
}

Result<JsonSchema> JsonSchema::compile(const Json& schema) {
  CICLO_TRY(auto root, Compiler(schema).run());
  return JsonSchema(std::move(root));
}

}  // namespace ciclo
