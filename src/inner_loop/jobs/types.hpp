// What steps take and give: the types of inputs and outputs, how components declare them, and how a literal is checked
// and written into a command.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::inner_loop {

enum class ValueType : std::uint8_t {
  uri_file,
  uri_folder,
  mltable,
  mlflow_model,
  custom_model,
  triton_model,
  string,
  integer,
  number,
  boolean,
};

std::string_view name_of(ValueType type);
// The legacy name "path" is uri_folder. Nothing for an unknown name.
std::optional<ValueType> parse_value_type(std::string_view name);
inline bool is_literal(ValueType type) {
  return type >= ValueType::string;
}

struct InputDeclaration {
  std::string name;
  ValueType type = ValueType::uri_folder;
  bool optional = false;
  Json default_value;  // null when there is none
  Json minimum;        // null, or a number
  Json maximum;
  Json allowed;  // null, or an array of literals

  // May be left out by who uses it.
  bool may_be_unset() const { return optional || !default_value.is_null(); }
};

struct OutputDeclaration {
  std::string name;
  ValueType type = ValueType::uri_folder;
};

// From a component's `inputs` and `outputs`. `pointer` is where they stand, for the errors. A null map is empty; a null
// entry is a declaration with defaults.
Result<std::vector<InputDeclaration>> parse_input_declarations(const Json& inputs, const std::string& pointer);
Result<std::vector<OutputDeclaration>> parse_output_declarations(const Json& outputs, const std::string& pointer);

// Checks a literal against type, min, max and enum, and brings it to its type: quoted booleans become booleans, whole
// floats integers. Numbers given as quoted text keep their text. Errors have `pointer` as target.
Result<Json> check_literal(const InputDeclaration& declaration, const Json& value, const std::string& pointer);
// The type that an undeclared literal has.
ValueType type_of_literal(const Json& value);

// As Azure ML writes it into a command: booleans are True and False, text as it is, numbers in their shortest form.
std::string literal_text(const Json& value);

}  // namespace ciclo::inner_loop
