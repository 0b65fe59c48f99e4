#include "inner_loop/jobs/types.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::array<std::pair<std::string_view, ValueType>, 10> type_names{{
    {"uri_file", ValueType::uri_file},
    {"uri_folder", ValueType::uri_folder},
    {"mltable", ValueType::mltable},
    {"mlflow_model", ValueType::mlflow_model},
    {"custom_model", ValueType::custom_model},
    {"triton_model", ValueType::triton_model},
    {"string", ValueType::string},
    {"integer", ValueType::integer},
    {"number", ValueType::number},
    {"boolean", ValueType::boolean},
}};

Failure unknown_type(const std::string& name, const std::string& pointer) {
  std::vector<std::string> names;
  for (const auto& entry : type_names) names.emplace_back(entry.first);
  const auto near = nearest(name, names);
  return fail(ErrorCode::invalid, fmt::format("'{}' is no type of input or output", name), pointer,
              near ? fmt::format("did you mean '{}'?", *near) : "one of " + join(names, ", "));
}

// `type` of a declaration or of a given value; `otherwise` when it has none.
Result<ValueType> read_type(const Json& holder, ValueType otherwise, const std::string& pointer) {
  const Json& given = member(holder, "type");
  if (given.is_null()) return otherwise;
  if (!given.is_string()) return fail(ErrorCode::invalid, "a type must be text", pointer + "/type");
  const std::string name = given.get<std::string>();
  const auto type = parse_value_type(name);
  if (!type) return unknown_type(name, pointer + "/type");
  return *type;
}

// The boolean in `value`, also when it is quoted.
std::optional<bool> as_boolean(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.get<std::string>();
  if (iequals(text, "true")) return true;
  if (iequals(text, "false")) return false;
  return std::nullopt;
}

std::optional<double> as_number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return parse_double(trim(value.get<std::string>()));
  return std::nullopt;
}

// Brings `value` to `type`; nothing when it cannot be.
std::optional<Json> converted(ValueType type, const Json& value) {
  switch (type) {
    case ValueType::boolean: {
      const auto boolean = as_boolean(value);
      return boolean ? std::optional<Json>(*boolean) : std::nullopt;
    }
    case ValueType::integer: {
      if (value.is_number_integer()) return value;
      if (value.is_string()) return parse_int(trim(value.get<std::string>())) ? std::optional(value) : std::nullopt;
      const auto number = as_number(value);
      if (!number || std::trunc(*number) != *number || std::abs(*number) > 9e15) return std::nullopt;
      return Json(static_cast<std::int64_t>(*number));
    }
    case ValueType::number: return as_number(value) ? std::optional(value) : std::nullopt;
    default: break;
  }
  if (value.is_string()) return value;
  if (value.is_number() || value.is_boolean()) return Json(literal_text(value));
  return std::nullopt;
}

bool same_literal(const Json& a, const Json& b) {
  const auto x = as_number(a);
  const auto y = as_number(b);
  return x && y ? *x == *y : literal_text(a) == literal_text(b);
}

Result<void> check_range(const InputDeclaration& declaration, const Json& value, const std::string& pointer) {
  const auto number = as_number(value);
  if (!number || (declaration.type != ValueType::integer && declaration.type != ValueType::number)) return {};
  const auto minimum = as_number(declaration.minimum);
  const auto maximum = as_number(declaration.maximum);
  if (minimum && *number < *minimum)
    return fail(ErrorCode::invalid,
                fmt::format("input '{}' is {}, but must be at least {}", declaration.name, literal_text(value),
                            literal_text(declaration.minimum)),
                pointer);
  if (maximum && *number > *maximum)
    return fail(ErrorCode::invalid,
                fmt::format("input '{}' is {}, but must be at most {}", declaration.name, literal_text(value),
                            literal_text(declaration.maximum)),
                pointer);
  return {};
}

Result<void> check_allowed(const InputDeclaration& declaration, const Json& value, const std::string& pointer) {
  if (!declaration.allowed.is_array()) return {};
  std::vector<std::string> allowed;
  for (const Json& one : declaration.allowed) {
    if (same_literal(one, value)) return {};
    allowed.push_back(literal_text(one));
  }
  const auto near = nearest(literal_text(value), allowed);
  return fail(ErrorCode::invalid,
              fmt::format("input '{}' is '{}', but must be one of {}", declaration.name, literal_text(value),
                          join(allowed, ", ")),
              pointer, near ? fmt::format("did you mean '{}'?", *near) : "");
}

Result<InputDeclaration> parse_input_declaration(const std::string& name, const Json& json,
                                                 const std::string& pointer) {
  InputDeclaration declaration;
  declaration.name = name;
  if (!json.is_null() && !json.is_object())
    return fail(ErrorCode::invalid, fmt::format("input '{}' must be declared as a map with a type", name), pointer);
  CICLO_TRY(declaration.type, read_type(json, ValueType::uri_folder, pointer));
  declaration.optional = as_boolean(member(json, "optional")).value_or(false);
  declaration.minimum = member(json, "min");
  declaration.maximum = member(json, "max");
  declaration.allowed = member(json, "enum");
  const Json& given = member(json, "default");
  if (!given.is_null()) {
    CICLO_TRY(declaration.default_value, check_literal(declaration, given, pointer + "/default"));
  }
  return declaration;
}

}  // namespace

std::string_view name_of(ValueType type) {
  for (const auto& [name, value] : type_names)
    if (value == type) return name;
  return "unknown";
}

std::optional<ValueType> parse_value_type(std::string_view name) {
  if (name == "path") return ValueType::uri_folder;
  for (const auto& [known, value] : type_names)
    if (known == name) return value;
  return std::nullopt;
}

Result<std::vector<InputDeclaration>> parse_input_declarations(const Json& inputs, const std::string& pointer) {
  std::vector<InputDeclaration> declarations;
  if (inputs.is_null()) return declarations;
  if (!inputs.is_object()) return fail(ErrorCode::invalid, "inputs must be a map of names", pointer);
  for (const auto& [name, json] : inputs.items()) {
    CICLO_TRY(InputDeclaration declaration,
              parse_input_declaration(name, json, pointer + "/" + escape_pointer_token(name)));
    declarations.push_back(std::move(declaration));
  }
  return declarations;
}

Result<std::vector<OutputDeclaration>> parse_output_declarations(const Json& outputs, const std::string& pointer) {
  std::vector<OutputDeclaration> declarations;
  if (outputs.is_null()) return declarations;
  if (!outputs.is_object()) return fail(ErrorCode::invalid, "outputs must be a map of names", pointer);
  for (const auto& [name, json] : outputs.items()) {
    const std::string where = pointer + "/" + escape_pointer_token(name);
    CICLO_TRY(const ValueType type, read_type(json, ValueType::uri_folder, where));
    if (is_literal(type))
      return fail(ErrorCode::unsupported,
                  fmt::format("output '{}' is of type {}; outputs are files or folders", name, name_of(type)),
                  where + "/type");
    declarations.push_back({name, type});
  }
  return declarations;
}

Result<Json> check_literal(const InputDeclaration& declaration, const Json& value, const std::string& pointer) {
  auto result = converted(declaration.type, value);
  if (!result)
    return fail(ErrorCode::invalid,
                fmt::format("input '{}' must be of type {}, but is {}", declaration.name, name_of(declaration.type),
                            to_text(value)),
                pointer);
  CICLO_CHECK(check_range(declaration, *result, pointer));
  CICLO_CHECK(check_allowed(declaration, *result, pointer));
  return *std::move(result);
}

ValueType type_of_literal(const Json& value) {
  if (value.is_boolean()) return ValueType::boolean;
  if (value.is_number_integer()) return ValueType::integer;
  if (value.is_number()) return ValueType::number;
  return ValueType::string;
}

std::string literal_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return value.is_null() ? "" : to_text(value);
}

}  // namespace ciclo::inner_loop
