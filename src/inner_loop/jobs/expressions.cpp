#include "inner_loop/jobs/expressions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::string_view expression_start = "${{";
constexpr std::string_view expression_end = "}}";
constexpr std::string_view group_start = "$[[";
constexpr std::string_view group_end = "]]";
constexpr std::string_view known_forms =
    "inputs.X, outputs.X, parent.inputs.X, parent.outputs.X, parent.jobs.J.outputs.O, search_space.X, name and "
    "default_datastore are known";

Failure fail_at(std::size_t offset, std::string_view what, std::string hint = {}) {
  return fail(ErrorCode::invalid, fmt::format("column {}: {}", offset + 1, what), {}, std::move(hint));
}

bool is_name(std::string_view name, bool dots_allowed) {
  const auto good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           (c == '.' && dots_allowed);
  };
  return !name.empty() && name.front() != '.' && name.back() != '.' && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, good);
}

// Cuts `text` at its first dot: "parent.inputs.x" → "parent"; `text` keeps the rest.
std::string_view take_word(std::string_view& text) {
  const std::size_t dot = text.find('.');
  const std::string_view word = trim(text.substr(0, dot));
  text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  return word;
}

Result<Expression> unknown(std::string_view body, std::string_view word, std::size_t offset) {
  if (word == "secrets")
    return fail_at(offset, "a secret cannot be used here",
                   "put the reference into environment_variables, and let the command read the variable");
  const auto near = nearest(word, {"inputs", "outputs", "parent", "search_space", "name", "default_datastore", "jobs"});
  return fail_at(
      offset, fmt::format("'{}' is no expression", body),
      near && *near != word ? fmt::format("did you mean '{}'? {}", *near, known_forms) : std::string(known_forms));
}

// "parent.jobs.J.outputs.O", from after "jobs.".
Result<Expression> parse_node_expression(std::string_view body, std::string_view rest, std::size_t offset) {
  const std::string_view node = take_word(rest);
  const std::string_view side = take_word(rest);
  const std::string_view name = trim(rest);
  if (side != "outputs" && side != "inputs")
    return fail_at(offset, fmt::format("'{}' must go on with .outputs.<name>", body));
  if (!is_name(node, false)) return fail_at(offset, fmt::format("'{}' names no step", body));
  if (!is_name(name, true)) return fail_at(offset, fmt::format("'{}' names no {} of step '{}'", body, side, node));
  return Expression{side == "outputs" ? ExpressionKind::node_output : ExpressionKind::node_input, std::string(node),
                    std::string(name), offset + 1};
}

Result<Expression> parse_body(std::string_view raw, std::size_t offset) {
  const std::string_view body = trim(raw);
  if (body.empty()) return fail_at(offset, "an empty expression", std::string(known_forms));
  if (body == "name") return Expression{ExpressionKind::name, {}, {}, offset + 1};
  if (body == "default_datastore") return Expression{ExpressionKind::default_datastore, {}, {}, offset + 1};
  std::string_view rest = body;
  std::string_view word = take_word(rest);
  const bool parent = word == "parent";
  if (parent) word = take_word(rest);
  if (parent && word == "jobs") return parse_node_expression(body, rest, offset);

  ExpressionKind kind = ExpressionKind::input;
  if (word == "inputs") {
    kind = parent ? ExpressionKind::parent_input : ExpressionKind::input;
  } else if (word == "outputs") {
    kind = parent ? ExpressionKind::parent_output : ExpressionKind::output;
  } else if (word == "search_space" && !parent) {
    kind = ExpressionKind::search_space;
  } else {
    return unknown(body, word, offset);
  }
  const std::string_view name = trim(rest);
  if (!is_name(name, true)) return fail_at(offset, fmt::format("'{}' must end with a name", body));
  return Expression{kind, {}, std::string(name), offset + 1};
}

// Reads a template from front to back.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Template> read(bool in_group) {
    Template pieces;
    std::string plain;
    const auto flush = [&] {
      if (!plain.empty()) pieces.push_back({std::exchange(plain, {}), std::nullopt, {}, false});
    };
    while (position_ < text_.size()) {
      if (at(expression_start)) {
        flush();
        CICLO_TRY(Expression expression, read_expression());
        pieces.push_back({{}, std::move(expression), {}, false});
      } else if (at(group_start)) {
        const std::size_t start = position_;
        if (in_group) return fail_at(start, "a $[[ group stands inside another one");
        flush();
        position_ += group_start.size();
        CICLO_TRY(Template group, read(true));
        if (!closed_group_) return fail_at(start, "this $[[ is not closed by ]]");
        closed_group_ = false;
        pieces.push_back({{}, std::nullopt, std::move(group), true});
      } else if (in_group && at(group_end)) {
        position_ += group_end.size();
        closed_group_ = true;
        break;
      } else {
        plain += text_[position_++];
      }
    }
    flush();
    return pieces;
  }

 private:
  bool at(std::string_view what) const { return text_.substr(position_).starts_with(what); }

  Result<Expression> read_expression() {
    const std::size_t start = position_;
    const std::size_t body = start + expression_start.size();
    const std::size_t end = text_.find(expression_end, body);
    if (end == std::string_view::npos) return fail_at(start, "this ${{ is not closed by }}");
    position_ = end + expression_end.size();
    return parse_body(text_.substr(body, end - body), start);
  }

  std::string_view text_;
  std::size_t position_ = 0;
  bool closed_group_ = false;
};

// Adds the pieces' text to `out`; false when something in them is unset.
Result<bool> render_into(const Template& pieces, const Lookup& lookup, std::string& out) {
  bool complete = true;
  for (const TemplatePiece& piece : pieces) {
    if (piece.is_group) {
      std::string inner;
      CICLO_TRY(const bool keep, render_into(piece.group, lookup, inner));
      if (keep) out += inner;
    } else if (piece.expression) {
      CICLO_TRY(const std::optional<std::string> value, lookup(*piece.expression));
      if (value) out += *value;
      complete = complete && value.has_value();
    } else {
      out += piece.text;
    }
  }
  return complete;
}

}  // namespace

std::string Expression::text() const {
  switch (kind) {
    case ExpressionKind::input: return fmt::format("${{{{inputs.{}}}}}", name);
    case ExpressionKind::output: return fmt::format("${{{{outputs.{}}}}}", name);
    case ExpressionKind::parent_input: return fmt::format("${{{{parent.inputs.{}}}}}", name);
    case ExpressionKind::parent_output: return fmt::format("${{{{parent.outputs.{}}}}}", name);
    case ExpressionKind::node_input: return fmt::format("${{{{parent.jobs.{}.inputs.{}}}}}", node, name);
    case ExpressionKind::node_output: return fmt::format("${{{{parent.jobs.{}.outputs.{}}}}}", node, name);
    case ExpressionKind::search_space: return fmt::format("${{{{search_space.{}}}}}", name);
    case ExpressionKind::name: return "${{name}}";
    case ExpressionKind::default_datastore: return "${{default_datastore}}";
  }
  return {};
}

Result<Template> parse_template(std::string_view text) {
  if (text.size() > max_template_bytes)
    return fail(ErrorCode::too_large, fmt::format("the text is longer than {} bytes", max_template_bytes));
  return Reader(text).read(false);
}

Result<std::optional<Expression>> parse_whole_expression(std::string_view text) {
  const std::string_view body = trim(text);
  if (!body.starts_with(expression_start)) return std::nullopt;
  CICLO_TRY(const Template pieces, parse_template(body));
  if (pieces.size() != 1 || !pieces[0].expression) return std::nullopt;
  return pieces[0].expression;
}

std::vector<Expression> expressions_of(const Template& pieces) {
  std::vector<Expression> found;
  for (const TemplatePiece& piece : pieces) {
    if (piece.expression) found.push_back(*piece.expression);
    for (Expression& inner : expressions_of(piece.group)) found.push_back(std::move(inner));
  }
  return found;
}

Result<std::string> render(const Template& pieces, const Lookup& lookup) {
  std::string out;
  CICLO_TRY([[maybe_unused]] const bool complete, render_into(pieces, lookup, out));
  return out;
}

}  // namespace ciclo::inner_loop
