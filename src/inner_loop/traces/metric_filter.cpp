#include "inner_loop/traces/metric_filter.hpp"

#include <fmt/format.h>

#include <array>

#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/otlp_values.hpp"

namespace ciclo::traces {
namespace {

using tracking::Entity;
using tracking::Expression;

// "assessment" has no place of its own in the language's entities; that of feedback stands for it here.
constexpr std::array<tracking::EntityWord, 3> words{
    {{"trace", Entity::attribute}, {"span", Entity::span}, {"assessment", Entity::feedback}}};
const tracking::Language metric_language{.entities = words, .has_rlike = false};

Failure bad(std::string_view filter, std::string_view hint) {
  return fail(ErrorCode::invalid, fmt::format("Invalid filter: '{}'", filter), "filters", std::string(hint));
}

Result<Statement> of_trace(const std::string& filter, Expression expression, const FilterScope& scope) {
  Comparison& comparison = expression.comparison;
  for (const auto& [prefix, entity] : {std::pair<std::string_view, Entity>{"tag.", Entity::tag},
                                       {"tags.", Entity::tag},
                                       {"metadata.", Entity::metadata}}) {
    if (!comparison.key.starts_with(prefix)) continue;
    comparison.entity = entity;
    comparison.key.erase(0, prefix.size());
    return trace_condition(expression, scope);
  }
  if (comparison.key != "status") return bad(filter, "of a trace: trace.status, trace.tag.<key>, trace.metadata.<key>");
  return trace_condition(expression, scope);
}

}  // namespace

Result<Statement> metric_filter(const std::string& filter, std::string_view view, const FilterScope& scope) {
  CICLO_TRY(auto expression, tracking::parse_filter(clean_text(filter), metric_language));
  if (expression.kind != Expression::Kind::comparison) return bad(filter, "expected one comparison");
  const Comparison& comparison = expression.comparison;
  if (comparison.entity == Entity::attribute) return of_trace(filter, std::move(expression), scope);
  const bool is_span = comparison.entity == Entity::span;
  if (is_span && view != "SPANS") return bad(filter, "span filters go with the view type SPANS");
  if (!is_span && view != "ASSESSMENTS") return bad(filter, "assessment filters go with the view type ASSESSMENTS");
  const std::string& key = comparison.key;
  const bool is_known = key == "name" || key == "type" || (is_span && key == "status");
  if (!is_known) return bad(filter, is_span ? "of a span: name, status, type" : "of an assessment: name, type");
  return text_comparison(sql_text((is_span ? "s." : "a.") + key), comparison, scope.dialect);
}

}  // namespace ciclo::traces
