#include "inner_loop/tracking/driver.hpp"

#include <bit>
#include <vector>

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_candidates = 4;
// Looking at a run by its number costs several times a step of the walk; above this many the walk is tried.
constexpr std::size_t few = 2000;

void collect(const Expression& expression, std::vector<const Comparison*>& found) {
  if (expression.kind == Expression::Kind::comparison) found.push_back(&expression.comparison);
  if (expression.kind != Expression::Kind::all) return;
  for (const Expression& child : expression.children) collect(child, found);
}

bool is_range(Comparator comparator) {
  return comparator == Comparator::equal || comparator == Comparator::less || comparator == Comparator::less_equal ||
         comparator == Comparator::greater || comparator == Comparator::greater_equal;
}

// The runs that meet the clause, from an index alone; a superset for hashed values. Nothing when no index answers it.
std::optional<Statement> from_index(const Comparison& comparison) {
  Statement out;
  if (comparison.entity == Entity::metric && is_range(comparison.comparator)) {
    if (!comparison.values.front().number) return std::nullopt;
    out.add("SELECT c.run_number FROM latest_metrics c WHERE c.key = ").bind(comparison.key);
    out.add(" AND c.is_nan = 0 AND c.value ").add(name_of(comparison.comparator)).add(" ");
    out.add("CAST(").bind(*comparison.values.front().number).add(" AS DOUBLE PRECISION)");
    return out;
  }
  const bool is_text = comparison.entity == Entity::param || comparison.entity == Entity::tag;
  if (!is_text || comparison.comparator != Comparator::equal) return std::nullopt;
  out.add("SELECT c.run_number FROM ").add(comparison.entity == Entity::param ? "params" : "run_tags");
  out.add(" c WHERE c.key = ").bind(comparison.key);
  out.add(" AND c.value_hash = ").bind(value_hash(comparison.values.front().text));
  return out;
}

}  // namespace

std::int64_t value_hash(std::string_view value) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: stored, so it never changes
  for (const char c : value) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return std::bit_cast<std::int64_t>(hash);
}

Result<std::optional<Statement>> find_driver(sql::Session& session, const Expression& expression) {
  std::vector<const Comparison*> comparisons;
  collect(expression, comparisons);
  std::optional<Statement> best;
  std::size_t best_count = few + 1;
  std::size_t candidates = 0;
  for (const Comparison* comparison : comparisons) {
    auto runs = from_index(*comparison);
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
