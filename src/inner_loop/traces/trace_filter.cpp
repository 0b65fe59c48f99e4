#include "inner_loop/traces/trace_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {
namespace {

using tracking::ColumnType;
using tracking::Entity;
using tracking::Expression;
using tracking::SearchColumn;

constexpr std::array<tracking::EntityWord, 12> words{{{"trace", Entity::attribute},
                                                      {"attributes", Entity::attribute},
                                                      {"attribute", Entity::attribute},
                                                      {"tags", Entity::tag},
                                                      {"tag", Entity::tag},
                                                      {"metadata", Entity::metadata},
                                                      {"request_metadata", Entity::metadata},
                                                      {"span", Entity::span},
                                                      {"feedback", Entity::feedback},
                                                      {"expectation", Entity::expectation},
                                                      {"issue", Entity::issue},
                                                      {"attr", Entity::attribute}}};

constexpr std::string_view state_text =
    "(CASE t.state WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' WHEN 3 THEN 'IN_PROGRESS' ELSE 'STATE_UNSPECIFIED' END)";

const std::vector<std::string> attribute_names{"trace_id", "timestamp_ms", "execution_time_ms", "end_time_ms",
                                               "status",   "name",         "client_request_id", "run_id",
                                               "prompt",   "text",         "experiment_id"};

// Compiles a filter's tree.
class Compiler {
 public:
  explicit Compiler(const FilterScope& scope) : scope_(scope) {}

  Result<Statement> compile(const Expression& expression) const {
    if (expression.kind == Expression::Kind::comparison) return compare(expression.comparison);
    if (expression.children.empty()) return sql_text("1 = 1");
    std::vector<Statement> parts;
    std::vector<const Comparison*> of_span;
    for (const Expression& child : expression.children) {
      const bool is_of_span = child.kind == Expression::Kind::comparison && is_about_span(child.comparison);
      if (expression.kind == Expression::Kind::all && is_of_span) {
        of_span.push_back(&child.comparison);
        continue;
      }
      CICLO_TRY(auto part, compile(child));
      parts.push_back(std::move(part));
    }
    if (!of_span.empty()) {
      CICLO_TRY(auto part, some_span(of_span));
      parts.push_back(std::move(part));
    }
    Statement out = sql_text("(");
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out.add(expression.kind == Expression::Kind::all ? " AND " : " OR ");
      out.add(parts[i]);
    }
    return out.add(")");
  }

 private:
  static bool is_about_span(const Comparison& comparison) {
    return comparison.entity == Entity::span || (comparison.entity == Entity::attribute && comparison.key == "text");
  }

  Result<Statement> compare(const Comparison& comparison) const {
    switch (comparison.entity) {
      case Entity::attribute: return attribute(comparison);
      case Entity::tag: return tag(comparison);
      case Entity::metadata: return metadata(comparison);
      case Entity::span: return some_span({&comparison});
      case Entity::feedback:
      case Entity::expectation: return assessment(comparison);
      case Entity::issue: return issue(comparison);
      default: return fail(ErrorCode::invalid, "Invalid filter: a trace has none of these", "filter");
    }
  }

  // IN is offered everywhere; the rest of a list of numbers is not a text.
  static Result<void> needs_text(const Comparison& comparison) {
    const bool has_number = std::ranges::any_of(
        comparison.values, [](const tracking::Literal& literal) { return literal.number.has_value(); });
    return has_number ? Result<void>(wrong_value(comparison, "a text in quotation marks")) : Result<void>();
  }

  Result<Statement> attribute(const Comparison& comparison) const {
    if (comparison.key == "text") return some_span({&comparison});
    if (comparison.key == "run_id") return child("trace_runs", "c.run_id", comparison);
    if (comparison.key == "prompt") return child("trace_prompts", "c.prompt", comparison);
    if (comparison.key == "status" || comparison.key == "state") return state(comparison);
    const auto column = trace_column(comparison.key);
    if (!column) {
      const auto near = nearest(comparison.key, attribute_names);
      return fail(ErrorCode::invalid, fmt::format("Invalid attribute key '{}' of a trace", comparison.key), "filter",
                  near ? fmt::format("did you mean '{}'?", *near)
                       : fmt::format("valid keys are {}", join(attribute_names, ", ")));
    }
    if (column->type != ColumnType::text) return number_comparison(sql_text(column->sql), comparison);
    CICLO_CHECK(needs_text(comparison));
    return text_comparison(sql_text(column->sql), comparison, scope_.dialect);
  }

  // By its number where an index can be used.
  Result<Statement> state(const Comparison& comparison) const {
    CICLO_CHECK(needs_text(comparison));
    if (comparison.comparator == Comparator::equal) {
      const auto wanted = parse_trace_state(comparison.values.front().text);
      return sql_text("t.state = ").bind(wanted ? static_cast<int>(*wanted) : -1);
    }
    return text_comparison(sql_text(state_text), comparison, scope_.dialect);
  }

  // Rows of the trace in a table of links. `!=` and NOT IN: some link is another.
  Result<Statement> child(std::string_view table, std::string_view column, const Comparison& comparison) const {
    CICLO_CHECK(needs_text(comparison));
    Statement out = sql_text(comparison.comparator == Comparator::is_null ? "NOT EXISTS" : "EXISTS");
    out.add(" (SELECT 1 FROM ").add(table).add(" c WHERE c.trace_number = t.trace_number");
    if (!comparison.values.empty()) {
      CICLO_TRY(const auto condition, text_comparison(sql_text(column), comparison, scope_.dialect));
      out.add(" AND ").add(condition);
    }
    return out.add(")");
  }

  Result<Statement> pairs(std::string_view table, const Comparison& comparison) const {
    CICLO_CHECK(needs_text(comparison));
    Statement out = sql_text(comparison.comparator == Comparator::is_null ? "NOT EXISTS" : "EXISTS");
    out.add(" (SELECT 1 FROM ").add(table).add(" c WHERE c.trace_number = t.trace_number AND c.key = ");
    out.bind(comparison.key);
    if (!comparison.values.empty()) {
      CICLO_TRY(const auto condition, text_comparison(sql_text("c.value"), comparison, scope_.dialect));
      out.add(" AND ").add(condition);
    }
    return out.add(")");
  }

  Result<Statement> column(std::string_view name, const Comparison& comparison) const {
    CICLO_CHECK(needs_text(comparison));
    return text_comparison(sql_text(name), comparison, scope_.dialect);
  }

  Result<Statement> tag(const Comparison& comparison) const {
    if (comparison.key == key::name) return column("t.name", comparison);
    return pairs("trace_tags", comparison);
  }

  Result<Statement> metadata(const Comparison& comparison) const {
    if (comparison.key == key::session) return column("t.session_id", comparison);
    if (comparison.key == key::source_run) return child("trace_runs", "c.run_id", comparison);
    for (const auto& [promoted, column] :
         {std::pair{key::token_usage, "t.total_tokens"}, std::pair{key::cost, "t.total_cost"}}) {
      if (comparison.key != promoted) continue;
      if (!comparison.values.empty()) return wrong_value(comparison, "IS NULL or IS NOT NULL: it is kept as numbers");
      return number_comparison(sql_text(column), comparison);
    }
    return pairs("trace_metadata", comparison);
  }

  // A value within the stored content, as text.
  Result<Statement> span_attribute(const Comparison& comparison, const std::string& name) const {
    if (name.empty() || name.find('"') != std::string::npos || name.find('\\') != std::string::npos)
      return fail(ErrorCode::invalid, "Invalid filter: span.attributes. needs the attribute's name", "filter");
    Statement value;
    if (scope_.dialect == sql::Dialect::postgresql) {
      value.add("(p.content::json -> 'attributes' ->> CAST(").bind(name).add(" AS TEXT))");
    } else {
      const std::string path = "$.attributes.\"" + name + "\"";
      value.add("(CASE json_type(p.content, ").bind(path).add(") WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ");
      value.add("ELSE CAST(json_extract(p.content, ").bind(path).add(") AS TEXT) END)");
    }
    return text_comparison(value, comparison, scope_.dialect);
  }

  Result<Statement> span_condition(const Comparison& comparison) const {
    constexpr std::string_view attributes = "attributes.";
    const std::string& key = comparison.key;
    if (key.starts_with(attributes)) return span_attribute(comparison, key.substr(attributes.size()));
    CICLO_CHECK(needs_text(comparison));
    if (key == "content" || key == "text") return text_comparison(sql_text("p.content"), comparison, scope_.dialect);
    for (const std::string_view column : {"name", "type", "status"})
      if (key == column) return text_comparison(sql_text("s." + std::string(column)), comparison, scope_.dialect);
    return fail(ErrorCode::invalid, fmt::format("Invalid span attribute '{}'", key), "filter",
                "valid keys are name, type, status, content, attributes.<key>");
  }

  Result<Statement> some_span(const std::vector<const Comparison*>& comparisons) const {
    Statement conditions;
    bool reads_content = false;
    for (const Comparison* comparison : comparisons) {
      CICLO_TRY(const auto condition, span_condition(*comparison));
      reads_content |= condition.text.find("p.content") != std::string::npos;
      conditions.add(" AND ").add(condition);
    }
    Statement out = sql_text("EXISTS (SELECT 1 FROM trace_spans s");
    if (reads_content)
      out.add(" JOIN trace_span_contents p ON p.trace_number = s.trace_number AND p.span_id = s.span_id");
    return out.add(" WHERE s.trace_number = t.trace_number").add(conditions).add(")");
  }

  Result<Statement> assessment_value(const Comparison& comparison) const {
    const bool is_order =
        comparison.comparator == Comparator::less || comparison.comparator == Comparator::less_equal ||
        comparison.comparator == Comparator::greater || comparison.comparator == Comparator::greater_equal;
    if (is_order) {
      CICLO_TRY(const auto condition, number_comparison(sql_text("a.number_value"), comparison));
      return sql_text("a.is_number = 1 AND ").add(condition);
    }
    // The value is kept as JSON: 5, true or "yes"; texts are compared with and without the quotation marks.
    const bool is_list = comparison.comparator == Comparator::in || comparison.comparator == Comparator::not_in;
    if (is_list || comparison.comparator == Comparator::equal || comparison.comparator == Comparator::not_equal) {
      std::vector<std::string> forms;
      for (const tracking::Literal& literal : comparison.values) {
        forms.push_back(literal.text);
        forms.push_back(to_text(Json(literal.text)));
        if (literal.number) forms.push_back(to_text(Json(*literal.number)));
      }
      const bool is_not = comparison.comparator == Comparator::not_in || comparison.comparator == Comparator::not_equal;
      return sql_text(is_not ? "a.value NOT IN " : "a.value IN ").bind_list(forms);
    }
    return text_comparison(sql_text("a.value"), comparison, scope_.dialect);
  }

  // On the trace itself, or for the session that it belongs to.
  Result<Statement> assessment(const Comparison& comparison) const {
    Statement conditions = sql_text("a.type = ");
    conditions.bind(name_of(comparison.entity)).add(" AND a.name = ").bind(comparison.key).add(" AND a.is_valid = 1");
    if (!comparison.values.empty()) {
      CICLO_TRY(const auto value, assessment_value(comparison));
      conditions.add(" AND ").add(value);
    }
    const bool is_missing = comparison.comparator == Comparator::is_null;
    Statement out = sql_text(is_missing ? "NOT (" : "(");
    out.add("EXISTS (SELECT 1 FROM trace_assessments a WHERE a.trace_number = t.trace_number AND ").add(conditions);
    // Of its own experiment: another's assessments may not be the caller's to know.
    out.add(") OR (t.session_id IS NOT NULL AND EXISTS (SELECT 1 FROM traces o JOIN trace_assessments a ON ");
    out.add("a.trace_number = o.trace_number WHERE o.workspace = ").bind(scope_.workspace);
    out.add(" AND o.session_id = t.session_id AND o.experiment_id = t.experiment_id AND a.is_of_session = 1 AND ");
    return out.add(conditions).add(")))");
  }

  Result<Statement> issue(const Comparison& comparison) const {
    CICLO_CHECK(needs_text(comparison));
    if (comparison.key != "id")
      return fail(ErrorCode::invalid, fmt::format("Invalid issue attribute '{}'", comparison.key), "filter",
                  "the valid key is issue.id");
    Statement out = sql_text(comparison.comparator == Comparator::is_null ? "NOT EXISTS" : "EXISTS");
    out.add(" (SELECT 1 FROM trace_assessments a WHERE a.trace_number = t.trace_number AND a.type = 'issue'");
    if (!comparison.values.empty()) {
      CICLO_TRY(const auto condition, text_comparison(sql_text("a.name"), comparison, scope_.dialect));
      out.add(" AND ").add(condition);
    }
    return out.add(")");
  }

  const FilterScope& scope_;
};

}  // namespace

const tracking::Language trace_language{.entities = words, .has_rlike = true};

std::optional<SearchColumn> trace_column(std::string_view name) {
  const auto number = [](std::string_view sql, bool nullable) {
    return SearchColumn{.sql = sql, .type = ColumnType::integer, .nullable = nullable};
  };
  if (name == "trace_id" || name == "request_id") return SearchColumn{.sql = "t.trace_id"};
  if (name == "timestamp_ms" || name == "timestamp" || name == "request_time") return number("t.timestamp_ms", false);
  if (name == "execution_time_ms" || name == "execution_time" || name == "execution_duration")
    return number("t.execution_time_ms", true);
  if (name == "end_time_ms" || name == "end_time")
    return number("(t.timestamp_ms + COALESCE(t.execution_time_ms, 0))", false);
  if (name == "experiment_id") return number("t.experiment_id", false);
  if (name == "status" || name == "state") return SearchColumn{.sql = state_text};
  if (name == "name") return SearchColumn{.sql = "t.name", .type = ColumnType::text, .nullable = true};
  if (name == "client_request_id")
    return SearchColumn{.sql = "t.client_request_id", .type = ColumnType::text, .nullable = true};
  return std::nullopt;
}

Result<Statement> trace_condition(const Expression& expression, const FilterScope& scope) {
  return Compiler(scope).compile(expression);
}

}  // namespace ciclo::traces
