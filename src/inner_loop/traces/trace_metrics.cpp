#include "inner_loop/traces/trace_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/metric_filter.hpp"
#include "inner_loop/traces/trace_search.hpp"

namespace ciclo::traces {
namespace {

using Words = std::span<const std::string_view>;
struct Dimension {
  std::string_view name;
  std::string_view sql;
};
struct Metric {
  std::string_view name;
  std::string_view sql;  // the number of a row
  Words aggregations;
  Words dimensions;
};
struct View {
  std::string_view name;
  std::string_view from;
  std::string_view time;  // milliseconds of a row
  std::span<const Metric> metrics;
  std::span<const Dimension> dimensions;
};

constexpr std::string_view counts[] = {"COUNT"};
constexpr std::string_view distribution[] = {"AVG", "MIN", "MAX", "PERCENTILE"};
constexpr std::string_view sums[] = {"SUM", "AVG", "MIN", "MAX", "PERCENTILE"};

constexpr Dimension trace_dimensions[] = {
    {"trace_name", "t.name"},
    {"trace_status",
     "(CASE t.state WHEN 1 THEN 'OK' WHEN 2 THEN 'ERROR' WHEN 3 THEN 'IN_PROGRESS' ELSE 'STATE_UNSPECIFIED' END)"}};
constexpr std::string_view by_name_and_status[] = {"trace_name", "trace_status"};
constexpr std::string_view by_name[] = {"trace_name"};
constexpr Metric trace_metrics[] = {{"trace_count", "1", counts, by_name_and_status},
                                    {"session_count", "1", counts, {}},
                                    {"latency", "t.execution_time_ms", distribution, by_name},
                                    {"input_tokens", "t.input_tokens", sums, by_name},
                                    {"output_tokens", "t.output_tokens", sums, by_name},
                                    {"total_tokens", "t.total_tokens", sums, by_name},
                                    {"cache_read_input_tokens", "t.cache_read_input_tokens", sums, by_name},
                                    {"cache_creation_input_tokens", "t.cache_creation_input_tokens", sums, by_name}};

constexpr Dimension span_dimensions[] = {{"span_name", "s.name"},
                                         {"span_type", "NULLIF(s.type, '')"},
                                         {"span_status", "s.status"},
                                         {"span_model_name", "NULLIF(s.model_name, '')"},
                                         {"span_model_provider", "NULLIF(s.model_provider, '')"}};
constexpr std::string_view by_span[] = {"span_name", "span_type", "span_status", "span_model_name",
                                        "span_model_provider"};
constexpr std::string_view by_span_status[] = {"span_name", "span_status"};
constexpr std::string_view by_model[] = {"span_model_name", "span_model_provider"};
constexpr Metric span_metrics[] = {
    {"span_count", "1", counts, by_span},
    {"latency", "(CASE WHEN s.end_ns = 0 THEN NULL ELSE (s.end_ns - s.start_ns) / 1000000 END)", distribution,
     by_span_status},
    {"input_cost", "s.input_cost", sums, by_model},
    {"output_cost", "s.output_cost", sums, by_model},
    {"total_cost", "s.total_cost", sums, by_model}};

constexpr Dimension assessment_dimensions[] = {{"assessment_name", "a.name"}, {"assessment_value", "a.value"}};
constexpr std::string_view by_assessment[] = {"assessment_name", "assessment_value"};
constexpr std::string_view by_assessment_name[] = {"assessment_name"};
constexpr Metric assessment_metrics[] = {{"assessment_count", "1", counts, by_assessment},
                                         {"assessment_value", "a.number_value", distribution, by_assessment_name}};

constexpr std::array<View, 3> views{{
    {"TRACES", "traces t", "t.timestamp_ms", trace_metrics, trace_dimensions},
    {"SPANS", "traces t JOIN trace_spans s ON s.trace_number = t.trace_number", "s.start_ns / 1000000", span_metrics,
     span_dimensions},
    {"ASSESSMENTS", "traces t JOIN trace_assessments a ON a.trace_number = t.trace_number AND a.is_valid = 1",
     "t.timestamp_ms", assessment_metrics, assessment_dimensions},
}};

template <class List>
std::string names_of(const List& list) {
  std::string names;
  for (const auto& item : list) {
    if constexpr (requires { item.name; }) names += fmt::format("{}{}", names.empty() ? "" : ", ", item.name);
    else names += fmt::format("{}{}", names.empty() ? "" : ", ", item);
  }
  return names.empty() ? "none" : names;
}

template <class List>
auto find_in(const List& list, std::string_view name, std::string_view what)
    -> Result<const std::remove_reference_t<decltype(*list.begin())>*> {
  for (const auto& item : list)
    if (item.name == name) return &item;
  return fail(ErrorCode::invalid, fmt::format("{} must be one of {}, got '{}'", what, names_of(list), name),
              std::string(what));
}

Result<void> check_words(Words allowed, const std::vector<std::string>& asked, std::string_view what) {
  for (const std::string& word : asked)
    if (std::ranges::find(allowed, word) == allowed.end())
      return fail(ErrorCode::invalid, fmt::format("Found invalid {}: {}. Supported: {}", what, word, names_of(allowed)),
                  std::string(what));
  return {};
}

std::string label_of(const Aggregation& aggregation) {
  if (aggregation.type != "PERCENTILE") return aggregation.type;
  const std::string number = fmt::format("{}", aggregation.percentile);
  return "P" + (number.find_first_of(".e") == std::string::npos ? number + ".0" : number);
}

// Over the rows `q`, with v the value, r its rank from 0 within its group and n the group's size.
std::string aggregate_sql(const Aggregation& aggregation) {
  if (aggregation.type != "PERCENTILE") return fmt::format("CAST({}(q.v) AS DOUBLE PRECISION)", aggregation.type);
  // The two values around the position weigh by their nearness to it; all others nothing.
  const std::string distance = fmt::format("ABS({:.17g} * (q.n - 1) - q.r)", aggregation.percentile / 100);
  return fmt::format("SUM(CASE WHEN {0} < 1 THEN q.v * (1 - {0}) ELSE 0 END)", distance);
}

class Query {
 public:
  Query(const MetricQuery& query, const View& view, const Metric& metric)
      : query_(query), view_(view), metric_(metric) {}

  Result<std::vector<MetricPoint>> run(sql::Session& session) const {
    CICLO_TRY(const auto rows_sql, rows_statement(session.dialect()));
    Statement statement = sql_text("SELECT ");
    const std::size_t groups = group_count();
    for (std::size_t i = 0; i < groups; ++i) statement.add(fmt::format("q.d{}, ", i));
    for (std::size_t i = 0; i < query_.aggregations.size(); ++i)
      statement.add(i == 0 ? "" : ", ").add(value_sql(query_.aggregations[i]));
    statement.add(" FROM (").add(rows_sql).add(") q");
    for (std::size_t i = 0; i < groups; ++i) statement.add(i == 0 ? " GROUP BY " : ", ").add(fmt::format("q.d{}", i));
    for (std::size_t i = 0; i < groups; ++i) statement.add(i == 0 ? " ORDER BY " : ", ").add(fmt::format("q.d{}", i));
    statement.add(" LIMIT ").bind(query_.max_results);
    CICLO_TRY(const auto rows, statement.query(session));
    std::vector<MetricPoint> points;
    for (const sql::Row& row : rows) {
      if (auto point = point_from(row); !point.values.empty()) points.push_back(std::move(point));
    }
    return points;
  }

 private:
  bool has_buckets() const { return query_.interval_seconds.has_value(); }
  std::size_t group_count() const { return query_.dimensions.size() + (has_buckets() ? 1 : 0); }
  bool counts_sessions() const { return metric_.name == "session_count"; }

  std::string value_sql(const Aggregation& aggregation) const {
    return counts_sessions() ? "CAST(COUNT(DISTINCT q.session_id) AS DOUBLE PRECISION)" : aggregate_sql(aggregation);
  }

  std::vector<std::string> groups() const {
    std::vector<std::string> list;
    if (has_buckets()) {
      const std::int64_t width = *query_.interval_seconds * 1000;
      list.push_back(fmt::format("({0} / {1}) * {1}", view_.time, width));
    }
    for (const std::string& name : query_.dimensions)
      list.emplace_back(std::ranges::find(view_.dimensions, name, &Dimension::name)->sql);
    return list;
  }

  Result<Statement> rows_statement(sql::Dialect dialect) const {
    Statement rows = sql_text("SELECT ");
    const auto by = groups();
    for (std::size_t i = 0; i < by.size(); ++i) rows.add(fmt::format("{} AS d{}, ", by[i], i));
    rows.add(fmt::format("CAST({} AS DOUBLE PRECISION) AS v, t.session_id AS session_id", metric_.sql));
    const bool has_percentile = std::ranges::any_of(
        query_.aggregations, [](const Aggregation& aggregation) { return aggregation.type == "PERCENTILE"; });
    if (has_percentile) {
      const std::string partition = by.empty() ? "" : "PARTITION BY " + join(by, ", ");
      rows.add(fmt::format(", ROW_NUMBER() OVER ({} ORDER BY {}) - 1 AS r, COUNT(*) OVER ({}) AS n", partition,
                           metric_.sql, partition));
    }
    rows.add(" FROM ").add(view_.from).add(" WHERE ").add(trace_scope(query_.workspace, query_.experiment_ids));
    rows.add(fmt::format(" AND {} IS NOT NULL", counts_sessions() ? "t.session_id" : metric_.sql));
    for (const std::string& group : by) rows.add(fmt::format(" AND {} IS NOT NULL", group));
    if (query_.start_ms) rows.add(fmt::format(" AND {} >= ", view_.time)).bind(*query_.start_ms);
    if (query_.end_ms) rows.add(fmt::format(" AND {} <= ", view_.time)).bind(*query_.end_ms);
    for (const std::string& filter : query_.filters) {
      CICLO_TRY(const auto condition, metric_filter(filter, view_.name, {dialect, query_.workspace}));
      rows.add(" AND ").add(condition);
    }
    return rows;
  }

  MetricPoint point_from(const sql::Row& row) const {
    MetricPoint point;
    std::size_t column = 0;
    if (has_buckets()) {
      const std::string time = format_rfc3339(from_unix_ms(row.integer(column++)));
      // As Python writes it: seconds, and the offset in digits.
      point.dimensions["time_bucket"] = time.substr(0, std::string_view("2026-01-31T08:15:30").size()) + "+00:00";
    }
    for (const std::string& name : query_.dimensions) point.dimensions[name] = row.text(column++);
    for (const Aggregation& aggregation : query_.aggregations) {
      if (!row.is_null(column)) point.values[label_of(aggregation)] = row.real(column);
      ++column;
    }
    return point;
  }

  const MetricQuery& query_;
  const View& view_;
  const Metric& metric_;
};

}  // namespace

Result<std::vector<MetricPoint>> query_metrics(sql::Session& session, const MetricQuery& query) {
  CICLO_TRY(const auto* view, find_in(views, query.view, "view_type"));
  CICLO_TRY(const auto* metric, find_in(view->metrics, query.metric, "metric_name"));
  std::vector<std::string> types;
  for (const Aggregation& aggregation : query.aggregations) types.push_back(aggregation.type);
  if (types.empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'aggregations'", "aggregations");
  CICLO_CHECK(check_words(metric->aggregations, types, "aggregation_type"));
  CICLO_CHECK(check_words(metric->dimensions, query.dimensions, "dimension"));
  if (query.interval_seconds && (!query.start_ms || !query.end_ms))
    return fail(ErrorCode::invalid, "start_time_ms and end_time_ms are required if time_interval_seconds is set");
  if (query.interval_seconds && (*query.interval_seconds <= 0 || *query.interval_seconds > 1'000'000'000))
    return fail(ErrorCode::invalid, "time_interval_seconds must be between 1 and 1000000000", "time_interval_seconds");
  for (const Aggregation& aggregation : query.aggregations)
    if (!(aggregation.percentile >= 0 && aggregation.percentile <= 100))
      return fail(ErrorCode::invalid, "percentile_value must be between 0 and 100", "aggregations");
  if (query.experiment_ids.empty()) return std::vector<MetricPoint>{};
  return Query(query, *view, *metric).run(session);
}

}  // namespace ciclo::traces
