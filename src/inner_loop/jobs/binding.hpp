// What a job or a step is given for its inputs and outputs, as users write it in all its short forms, brought to one.
//
// Inputs:   5 · "text" · "${{parent.inputs.x}}" · {value: 5} · {type, path, mode} · null (unset)
// Outputs:  null · "${{parent.outputs.x}}" · {type, mode, path, name, version}
//
// Thread safety: plain values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/jobs/expressions.hpp"
#include "inner_loop/jobs/types.hpp"

namespace ciclo::inner_loop {

struct InputBinding {
  enum class Source : std::uint8_t { unset, literal, data, expression };
  Source source = Source::unset;
  ValueType type = ValueType::string;
  Json literal;                          // for Source::literal; text may hold expressions inside
  std::string path;                      // for Source::data: a reference or URI; may hold expressions inside
  std::string mode;                      // empty: the type's default
  std::optional<Expression> expression;  // for Source::expression

  // {type, value} or {type, path, mode}; null when unset. The form that a job's spec carries to its runner.
  Json to_json() const;
};

struct OutputBinding {
  std::optional<ValueType> type;
  std::string mode;
  std::string path;                      // where the user wants it; empty: the job's own place
  std::string asset_name;                // registers the output as a data asset or model of this name
  std::string asset_version;             // empty: the next
  std::optional<Expression> expression;  // ${{parent.outputs.X}}

  Json to_json() const;
};

using InputBindings = std::map<std::string, InputBinding>;
using OutputBindings = std::map<std::string, OutputBinding>;

// `declared` is null for inputs that nothing declares (a command job's, a pipeline's own): then the value says its
// type. An expression is not checked against the type here; what it stands for is known to the graph alone.
Result<InputBinding> read_input(const Json& given, const InputDeclaration* declared, const std::string& pointer);
// All inputs of something without declarations.
Result<InputBindings> read_inputs(const Json& given, const std::string& pointer);
// The inputs of a component: defaults filled in, every declared input present (unset ones too). Fails for what the
// component does not have (with the nearest name) and for what is missing.
Result<InputBindings> bind_inputs(const std::vector<InputDeclaration>& declared, const Json& given,
                                  const std::string& pointer);

Result<OutputBinding> read_output(const Json& given, const std::string& pointer);
Result<OutputBindings> read_outputs(const Json& given, const std::string& pointer);
// The outputs of a component: every declared one is present. Fails for what it does not have.
Result<OutputBindings> bind_outputs(const std::vector<OutputDeclaration>& declared, const Json& given,
                                    const std::string& pointer);

}  // namespace ciclo::inner_loop
