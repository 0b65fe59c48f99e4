// Reading of histories: whole, by pages, and sampled.
#include <algorithm>
#include <limits>

#include "inner_loop/tracking/metric_store.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

// A history of up to so many times the asked-for points, or of so many, is read in full to sample it.
constexpr std::size_t full_times = 32;
constexpr std::size_t full_size = 10'000;
constexpr std::string_view in_order = " ORDER BY m.step, m.timestamp, m.value, m.is_nan";

struct SeriesRef {
  std::int64_t run_number = 0;
  std::int64_t series = 0;
};

Result<std::optional<SeriesRef>> find_series(sql::Session& session, const RunRef& run, const std::string& key) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT r.run_number, l.series FROM runs r JOIN latest_metrics l ON l.run_number = "
                              "r.run_number AND l.key = ? WHERE r.workspace = ? AND r.run_id = ?",
                              {key, run.workspace, run.run_id}));
  if (!row) return std::nullopt;
  return SeriesRef{.run_number = row->integer(0), .series = row->integer(1)};
}

Statement points_of(const SeriesRef& series) {
  Statement statement;
  statement.add("SELECT m.step, m.timestamp, m.value, m.is_nan FROM metrics m WHERE m.run_number = ");
  statement.bind(series.run_number).add(" AND m.series = ").bind(series.series);
  return statement;
}

Metric point_from(const sql::RowView& row, const std::string& key) {
  Metric metric;
  metric.key = key;
  metric.step = row.integer(0);
  metric.timestamp = row.integer(1);
  metric.value = row.integer(3) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(2);
  return metric;
}

Result<std::vector<Metric>> read_points(sql::Session& session, const Statement& statement, const std::string& key) {
  std::vector<Metric> points;
  CICLO_CHECK(statement.scan(session, [&](const sql::RowView& row) {
    points.push_back(point_from(row, key));
    return true;
  }));
  return points;
}

void add_range(Statement& statement, const SampleRequest& request) {
  if (request.start_step) statement.add(" AND m.step >= ").bind(*request.start_step);
  if (request.end_step) statement.add(" AND m.step <= ").bind(*request.end_step);
}

// Which of `total` observations are taken: the first of each of `count` equal parts (the earlier ones longer by one
// where they cannot be equal), but of the last part the last.
std::size_t rank_of(std::size_t i, std::size_t total, std::size_t count) {
  if (total <= count) return i;
  return i + 1 == count ? total - 1 : i * (total / count) + std::min(i, total % count);
}

std::vector<Metric> spread(std::vector<Metric> points, std::size_t count) {
  if (points.size() <= count) return points;
  std::vector<Metric> taken;
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) taken.push_back(std::move(points[rank_of(i, points.size(), count)]));
  return taken;
}

// The observation at the end of the asked-for range.
Result<std::vector<Metric>> last_point(sql::Session& session, const SeriesRef& series, const SampleRequest& request) {
  Statement statement = points_of(series);
  add_range(statement, request);
  statement.add(" ORDER BY m.step DESC, m.timestamp DESC, m.value DESC, m.is_nan DESC LIMIT 1");
  return read_points(session, statement, request.key);
}

// At each of the evenly spread steps, the next observation from there on; and the last one.
Result<std::vector<Metric>> sample_by_steps(sql::Session& session, const SeriesRef& series,
                                            const SampleRequest& request, std::int64_t first) {
  CICLO_TRY(auto end, last_point(session, series, request));
  std::vector<Metric> sampled;
  const std::int64_t last = end.front().step;
  const auto span = static_cast<long double>(last) - static_cast<long double>(first);
  for (std::size_t i = 0; i + 1 < request.max_points; ++i) {
    const long double share = static_cast<long double>(i) / static_cast<long double>(request.max_points - 1);
    const auto from = static_cast<std::int64_t>(static_cast<long double>(first) + span * share);
    if (!sampled.empty() && from <= sampled.back().step) continue;
    Statement statement = points_of(series);
    statement.add(" AND m.step >= ").bind(from).add(" AND m.step < ").bind(last).add(in_order).add(" LIMIT 1");
    CICLO_TRY(auto points, read_points(session, statement, request.key));
    if (points.empty()) break;
    sampled.push_back(std::move(points.front()));
  }
  sampled.push_back(std::move(end.front()));
  return sampled;
}

// Reads all of it twice, and keeps what is taken.
Result<std::vector<Metric>> sample_by_rank(sql::Session& session, const SeriesRef& series,
                                           const SampleRequest& request) {
  Statement counting;
  counting.add("SELECT COUNT(*) FROM metrics m WHERE m.run_number = ").bind(series.run_number);
  counting.add(" AND m.series = ").bind(series.series);
  add_range(counting, request);
  CICLO_TRY(const auto counted, counting.query(session));
  const auto total = static_cast<std::size_t>(counted.front().integer(0));
  Statement statement = points_of(series);
  add_range(statement, request);
  std::vector<Metric> sampled;
  std::size_t at = 0;
  CICLO_CHECK(statement.add(in_order).scan(session, [&](const sql::RowView& row) {
    if (at++ == rank_of(sampled.size(), total, request.max_points)) sampled.push_back(point_from(row, request.key));
    return sampled.size() < request.max_points;
  }));
  return sampled;
}

}  // namespace

Metric metric_from(const sql::Row& row) {
  Metric metric;
  metric.key = row.text(1);
  metric.value = row.integer(5) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(2);
  metric.timestamp = row.integer(3);
  metric.step = row.integer(4);
  return metric;
}

Metric metric_from(const sql::RowView& row) {
  Metric metric;
  metric.key = row.text(1);
  metric.value = row.integer(5) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(2);
  metric.timestamp = row.integer(3);
  metric.step = row.integer(4);
  return metric;
}

Result<std::vector<Metric>> MetricStore::history(sql::Session& session, const HistoryRequest& request) const {
  CICLO_TRY(const auto series, find_series(session, request.run, request.key));
  if (!series) return std::vector<Metric>{};
  Statement statement = points_of(*series);
  if (request.after) {
    const StoredValue stored = stored_value(request.after->value);
    statement.add(" AND (m.step, m.timestamp, m.value, m.is_nan) > (").bind(request.after->step).add(", ");
    statement.bind(request.after->timestamp).add(", ").bind(stored.value).add(", ");
    statement.bind(static_cast<std::int64_t>(stored.is_nan)).add(")");
  }
  statement.add(in_order).add(" LIMIT ").bind(request.limit);
  return read_points(session, statement, request.key);
}

Result<std::vector<Metric>> MetricStore::sample(sql::Session& session, const SampleRequest& request) const {
  CICLO_TRY(const auto series, find_series(session, request.run, request.key));
  if (!series || request.max_points == 0) return std::vector<Metric>{};
  if (request.max_points == 1) return last_point(session, *series, request);
  const std::size_t most = std::max(request.max_points * full_times, full_size);
  Statement statement = points_of(*series);
  add_range(statement, request);
  statement.add(in_order).add(" LIMIT ").bind(most + 1);
  CICLO_TRY(auto points, read_points(session, statement, request.key));
  if (points.size() <= most) return spread(std::move(points), request.max_points);
  CICLO_TRY(auto sampled, sample_by_steps(session, *series, request, points.front().step));
  // A long history that stands on few steps.
  if (sampled.size() * 2 < request.max_points) return sample_by_rank(session, *series, request);
  return sampled;
}

}  // namespace ciclo::tracking
