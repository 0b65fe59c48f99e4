// The ${{ … }} expressions of Azure ML jobs, and the $[[ … ]] groups around them that vanish when an optional input in
// them is unset. Both stand alone as a value, or inside a command, an argument or a path.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::inner_loop {

enum class ExpressionKind : std::uint8_t {
  input,              // ${{inputs.X}}
  output,             // ${{outputs.X}}
  parent_input,       // ${{parent.inputs.X}}
  parent_output,      // ${{parent.outputs.X}}
  node_input,         // ${{parent.jobs.J.inputs.X}}
  node_output,        // ${{parent.jobs.J.outputs.O}}
  search_space,       // ${{search_space.X}}
  name,               // ${{name}}: the job's
  default_datastore,  // ${{default_datastore}}
};

struct Expression {
  ExpressionKind kind = ExpressionKind::input;
  std::string node;        // J, of node_input and node_output
  std::string name;        // X or O; may hold dots (grouped inputs)
  std::size_t column = 1;  // of its `$` in the text, in bytes from 1

  std::string text() const;  // without inner blanks
};

// A stretch of a template: plain text, an expression, or a group of stretches.
struct TemplatePiece {
  std::string text;  // plain text, when neither of the others is set
  std::optional<Expression> expression;
  std::vector<TemplatePiece> group;  // inside $[[ … ]]
  bool is_group = false;
};
using Template = std::vector<TemplatePiece>;

inline constexpr std::size_t max_template_bytes = 1U << 20U;

// Blanks inside the braces are tolerated. Errors are ErrorCode::invalid and name the column; too_large over
// max_template_bytes. Groups do not nest.
Result<Template> parse_template(std::string_view text);
// The expression, when `text` is one and nothing else (blanks around it aside); nothing for text with none.
Result<std::optional<Expression>> parse_whole_expression(std::string_view text);
// Every expression of the template, those in groups included.
std::vector<Expression> expressions_of(const Template& pieces);

// Gives an expression's text; nothing when what it names is optional and unset.
using Lookup = std::function<Result<std::optional<std::string>>(const Expression&)>;
// The text with everything put in. An unset expression inside a group removes the group; outside of one it becomes
// nothing.
Result<std::string> render(const Template& pieces, const Lookup& lookup);

}  // namespace ciclo::inner_loop
