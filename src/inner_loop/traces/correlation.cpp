#include "inner_loop/traces/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/traces/trace_search.hpp"

namespace ciclo::traces {
namespace {

constexpr double jeffreys_prior = 0.5;

struct Table {
  double both = 0;
  double only_first = 0;
  double only_second = 0;
  double neither = 0;
};

double npmi_of(const Table& counts, double smoothing) {
  if (counts.only_first == 0 && counts.only_second == 0 && counts.neither == 0) return 1.0;
  const double both = counts.both + smoothing;
  const double first = both + counts.only_first + smoothing;
  const double second = both + counts.only_second + smoothing;
  const double total = first + counts.only_second + smoothing + counts.neither + smoothing;
  const double information = std::log(both) + std::log(total) - std::log(first) - std::log(second);
  return std::clamp(information / -(std::log(both) - std::log(total)), -1.0, 1.0);
}

}  // namespace

void set_npmi(Correlation& correlation) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  correlation.npmi = correlation.smoothed = none;
  if (correlation.total <= 0 || correlation.first == 0 || correlation.second == 0) return;
  const Table counts{
      .both = static_cast<double>(correlation.both),
      .only_first = static_cast<double>(correlation.first - correlation.both),
      .only_second = static_cast<double>(correlation.second - correlation.both),
      .neither = static_cast<double>(correlation.total - correlation.first - correlation.second + correlation.both)};
  if (std::min({counts.only_first, counts.only_second, counts.neither}) < 0) return;
  correlation.npmi = correlation.both == 0 ? -1.0 : npmi_of(counts, 0);
  correlation.smoothed = npmi_of(counts, jeffreys_prior);
}

Result<Correlation> correlate(sql::Session& session, const CorrelationQuery& query) {
  const FilterScope scope{.dialect = session.dialect(), .workspace = query.workspace};
  const auto condition_of = [&](const std::string& filter) -> Result<Statement> {
    CICLO_TRY(const auto expression, tracking::parse_filter(clean_text(filter), trace_language));
    return trace_condition(expression, scope);
  };
  CICLO_TRY(const auto first, condition_of(query.filter1));
  CICLO_TRY(const auto second, condition_of(query.filter2));
  CICLO_TRY(const auto base, condition_of(query.base_filter));
  Statement rows = sql_text("SELECT CASE WHEN ");
  rows.add(first).add(" THEN 1 ELSE 0 END AS a, CASE WHEN ").add(second).add(" THEN 1 ELSE 0 END AS b FROM traces t ");
  rows.add("WHERE ").add(trace_scope(query.workspace, query.experiment_ids)).add(" AND ").add(base);
  Statement statement =
      sql_text("SELECT COUNT(*), COALESCE(SUM(q.a), 0), COALESCE(SUM(q.b), 0), COALESCE(SUM(q.a * q.b), 0) FROM (");
  statement.add(rows).add(") q");
  CICLO_TRY(const auto counted, statement.query(session));
  Correlation correlation;
  if (!counted.empty()) {
    const sql::Row& row = counted.front();
    correlation = {.total = row.integer(0), .first = row.integer(1), .second = row.integer(2), .both = row.integer(3)};
  }
  set_npmi(correlation);
  return correlation;
}

}  // namespace ciclo::traces
