#include "inner_loop/tracking/driver.hpp"

#include "inner_loop/tracking/run_set_search.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_candidates = 4;
// Looking at a run by its number costs several times a step of a scan.
constexpr std::size_t few = 1000;

void collect(const Expression& expression, std::vector<const Comparison*>& found) {
  if (expression.kind == Expression::Kind::comparison) found.push_back(&expression.comparison);
  if (expression.kind != Expression::Kind::all) return;
  for (const Expression& child : expression.children) collect(child, found);
}

bool is_range(Comparator comparator) {
  return comparator == Comparator::equal || comparator == Comparator::less || comparator == Comparator::less_equal ||
         comparator == Comparator::greater || comparator == Comparator::greater_equal;
}

// The runs that meet the clause, from an index alone; a superset for cut values. Nothing when no index answers it.
Result<std::optional<Statement>> from_index(sql::Session& session, const RunScope& scope,
                                            const Comparison& comparison) {
  const bool is_metric = comparison.entity == Entity::metric && is_range(comparison.comparator);
  const bool is_text = (comparison.entity == Entity::param || comparison.entity == Entity::tag) &&
                       (comparison.comparator == Comparator::equal || comparison.comparator == Comparator::in);
  if (!is_metric && !is_text) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const ScopedExperiment& experiment : scope.experiments) numbers.push_back(experiment.number);
  Statement out;
  out.add("SELECT c.run_number FROM ").add(table_of(comparison.entity)).add(" c WHERE c.experiment_number IN ");
  out.bind_list(numbers).add(" AND c.key = ").bind(comparison.key);
  if (is_metric) {
    CICLO_TRY(const auto condition, column_condition("c.value", ColumnType::real, comparison, session.dialect()));
    out.add(" AND c.is_nan = 0 AND ").add(condition);
  } else {
    CICLO_TRY(const auto condition, head_condition("c.", comparison, session.dialect()));
    out.add(" AND ").add(condition);
  }
  return out;
}

}  // namespace

std::vector<const Comparison*> needed_comparisons(const Expression& expression) {
  std::vector<const Comparison*> found;
  collect(expression, found);
  return found;
}

Result<std::optional<Statement>> find_driver(sql::Session& session, const RunScope& scope,
                                             const Expression& expression) {
  if (scope.experiments.size() > 64) return std::nullopt;
  std::optional<Statement> best;
  std::size_t best_count = few + 1;
  std::size_t candidates = 0;
  for (const Comparison* comparison : needed_comparisons(expression)) {
    CICLO_TRY(auto runs, from_index(session, scope, *comparison));
    if (!runs) continue;
    if (++candidates > max_candidates) break;
    Statement counting;
    counting.add("SELECT COUNT(*) FROM (").add(*runs).add(" LIMIT ").bind(best_count).add(") x");
    CICLO_TRY(const auto rows, counting.query(session));
    const auto count = static_cast<std::size_t>(rows.empty() ? 0 : rows.front().integer(0));
    if (count >= best_count) continue;
    best_count = count;
    best = std::move(runs);
  }
  return best;
}

}  // namespace ciclo::tracking
