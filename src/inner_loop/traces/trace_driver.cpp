// Which clause of a filter the search of traces begins with.
#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/trace_filter.hpp"
#include "inner_loop/traces/trace_store.hpp"

namespace ciclo::traces {
namespace {

using tracking::Entity;
using tracking::Expression;

constexpr std::size_t max_candidates = 4;
// Looking at a trace by its number costs several times a step along the newest; above this many the walk is tried.
constexpr std::size_t few = 2000;

void collect(const Expression& expression, std::vector<const Comparison*>& found) {
  if (expression.kind == Expression::Kind::comparison) found.push_back(&expression.comparison);
  if (expression.kind != Expression::Kind::all) return;
  for (const Expression& child : expression.children) collect(child, found);
}

std::optional<Statement> by_pair(std::string_view table, const Comparison& comparison) {
  const std::int64_t hash = index_hash(comparison.key, comparison.values.front().text);
  if (hash == 0) return std::nullopt;
  Statement out = sql_text("SELECT c.trace_number FROM ");
  out.add(table).add(" c WHERE c.key = ").bind(comparison.key);
  return out.add(" AND c.value_hash <> 0 AND c.value_hash = ").bind(hash);
}

Statement by_column(std::string_view select, const std::string& value) {
  return sql_text(select).bind(value);
}

std::optional<Statement> from_index(const Comparison& comparison, const std::string& workspace) {
  if (comparison.comparator != Comparator::equal || comparison.values.size() != 1) return std::nullopt;
  const std::string& value = comparison.values.front().text;
  if (comparison.entity == Entity::issue)
    return by_column("SELECT a.trace_number FROM trace_assessments a WHERE a.type = 'issue' AND a.name = ", value);
  const bool is_run = (comparison.entity == Entity::attribute && comparison.key == "run_id") ||
                      (comparison.entity == Entity::metadata && comparison.key == key::source_run);
  if (is_run) return by_column("SELECT c.trace_number FROM trace_runs c WHERE c.run_id = ", value);
  if (comparison.entity == Entity::attribute && comparison.key == "prompt")
    return by_column("SELECT c.trace_number FROM trace_prompts c WHERE c.prompt = ", value);
  if (comparison.entity == Entity::metadata && comparison.key == key::session) {
    Statement out = sql_text("SELECT o.trace_number FROM traces o WHERE o.session_id IS NOT NULL AND o.workspace = ");
    return out.bind(workspace).add(" AND o.session_id = ").bind(value);
  }
  if (comparison.entity == Entity::attribute &&
      (comparison.key == "trace_id" || comparison.key == "request_id" || comparison.key == "client_request_id")) {
    const bool is_client = comparison.key == "client_request_id";
    Statement out = sql_text("SELECT o.trace_number FROM traces o WHERE o.workspace = ");
    out.bind(workspace).add(is_client ? " AND o.client_request_id IS NOT NULL AND o.client_request_id = "
                                      : " AND o.trace_id = ");
    return out.bind(value);
  }
  if (comparison.entity == Entity::tag && comparison.key != key::name) return by_pair("trace_tags", comparison);
  if (comparison.entity == Entity::metadata) return by_pair("trace_metadata", comparison);
  return std::nullopt;
}

}  // namespace

Result<std::optional<Statement>> find_driver(sql::Session& session, const Expression& expression,
                                             const std::string& workspace) {
  std::vector<const Comparison*> comparisons;
  collect(expression, comparisons);
  std::optional<Statement> best;
  std::size_t best_count = few + 1;
  std::size_t candidates = 0;
  for (const Comparison* comparison : comparisons) {
    auto traces = from_index(*comparison, workspace);
    if (!traces) continue;
    if (++candidates > max_candidates) break;
    Statement counting = sql_text("SELECT COUNT(*) FROM (");
    counting.add(*traces).add(" LIMIT ").bind(best_count).add(") x");
    CICLO_TRY(const auto rows, counting.query(session));
    const auto count = static_cast<std::size_t>(rows.empty() ? 0 : rows.front().integer(0));
    if (count >= best_count) continue;
    best_count = count;
    best = std::move(traces);
  }
  return best;
}

}  // namespace ciclo::traces
