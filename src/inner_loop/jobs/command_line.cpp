#include "inner_loop/jobs/command_line.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.hpp"
#include "inner_loop/jobs/expressions.hpp"

namespace ciclo::inner_loop {
namespace {

template <class Map>
Failure unknown(std::string_view what, const Expression& expression, const Map& known) {
  std::vector<std::string> names;
  for (const auto& entry : known) names.push_back(entry.first);
  const auto near = nearest(expression.name, names);
  return fail(ErrorCode::invalid,
              fmt::format("column {}: there is no {} '{}'", expression.column, what, expression.name), {},
              near            ? fmt::format("did you mean '{}'?", *near)
              : names.empty() ? fmt::format("the job has no {}s", what)
                              : "there are " + join(names, ", "));
}

Result<std::optional<std::string>> value_of(const Expression& expression, const CommandValues& values) {
  switch (expression.kind) {
    case ExpressionKind::input: {
      const auto found = values.inputs.find(expression.name);
      if (found == values.inputs.end()) return unknown("input", expression, values.inputs);
      return found->second;
    }
    case ExpressionKind::output: {
      const auto found = values.outputs.find(expression.name);
      if (found == values.outputs.end()) return unknown("output", expression, values.outputs);
      return found->second;
    }
    case ExpressionKind::name: return values.job_name;
    case ExpressionKind::default_datastore: return values.default_datastore;
    default:
      return fail(ErrorCode::invalid,
                  fmt::format("column {}: {} has no meaning in a command", expression.column, expression.text()), {},
                  "a command uses ${{inputs.X}} and ${{outputs.X}}");
  }
}

}  // namespace

Result<std::string> render_command(const std::string& command, const CommandValues& values) {
  CICLO_TRY(const Template pieces, parse_template(command));
  return render(pieces, [&](const Expression& expression) { return value_of(expression, values); });
}

Result<void> check_command(const std::string& command, const Json& inputs, const Json& outputs,
                           const std::string& pointer) {
  CommandValues values;
  if (inputs.is_object())
    for (const auto& [name, input] : inputs.items()) values.inputs[name] = "";
  if (outputs.is_object())
    for (const auto& [name, output] : outputs.items()) values.outputs[name] = "";
  auto rendered = render_command(command, values);
  if (rendered) return {};
  rendered.error().target = pointer;
  return std::unexpected(std::move(rendered).error());
}

}  // namespace ciclo::inner_loop
