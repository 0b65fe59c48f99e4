// Logging; reading is in metric_history.cpp.
#include "inner_loop/tracking/metric_store.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

// A metric as it is kept: NaN is 0 with a mark.
struct Kept {
  std::int64_t step = 0;
  std::int64_t timestamp = 0;
  double value = 0;
  bool is_nan = false;
};

Kept kept(const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  return {.step = metric.step, .timestamp = metric.timestamp, .value = stored.value, .is_nan = stored.is_nan};
}

bool is_later(const Kept& a, const Kept& b) {
  return std::tie(a.step, a.timestamp, a.value) > std::tie(b.step, b.timestamp, b.value);
}

// The run that is logged to.
struct Target {
  std::int64_t run_number = 0;
  std::int64_t experiment_number = 0;
  std::int64_t start_time = 0;
};

// One key of the run: its number, and its latest observation so far.
struct Series {
  std::int64_t number = 0;
  std::optional<Kept> latest;
};

Kept kept_from(const sql::Row& row, std::size_t first) {
  return {
      .step = row.integer(first), .timestamp = row.integer(first + 1), .value = row.real(first + 2), .is_nan = false};
}

Result<std::int64_t> last_series(sql::Session& session, const Target& target) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT MAX(series) FROM latest_metrics WHERE run_number = ?", {target.run_number}));
  return row ? row->integer(0) : 0;
}

Result<void> insert_latest(sql::Session& session, const Target& target, const std::string& key, const Series& series) {
  CICLO_TRY(std::ignore,
            session.execute("INSERT INTO latest_metrics (run_number, key, series, experiment_number, start_time, step, "
                            "timestamp, value, is_nan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            {target.run_number, key, series.number, target.experiment_number, target.start_time,
                             series.latest->step, series.latest->timestamp, series.latest->value,
                             static_cast<std::int64_t>(series.latest->is_nan)}));
  return {};
}

Result<void> update_latest(sql::Session& session, const Target& target, const std::string& key, const Kept& latest) {
  CICLO_TRY(std::ignore,
            session.execute("UPDATE latest_metrics SET step = ?, timestamp = ?, value = ?, is_nan = ? WHERE "
                            "run_number = ? AND key = ?",
                            {latest.step, latest.timestamp, latest.value, static_cast<std::int64_t>(latest.is_nan),
                             target.run_number, key}));
  return {};
}

struct Point {
  std::int64_t series = 0;
  Kept kept;
};

// All of them by one statement.
Result<std::int64_t> insert_points(sql::Session& session, std::int64_t run_number, std::span<const Point> points) {
  Statement statement;
  statement.add("INSERT INTO metrics (run_number, series, step, timestamp, value, is_nan) VALUES ");
  statement.parameters.reserve(points.size() * 6);
  for (std::size_t i = 0; i < points.size(); ++i) {
    statement.add(i == 0 ? "(?, ?, ?, ?, ?, ?)" : ", (?, ?, ?, ?, ?, ?)");
    const auto& [series, kept] = points[i];
    for (sql::Value value : {sql::Value(run_number), sql::Value(series), sql::Value(kept.step),
                             sql::Value(kept.timestamp), sql::Value(kept.value), sql::Value(kept.is_nan)})
      statement.parameters.push_back(std::move(value));
  }
  statement.add(" ON CONFLICT DO NOTHING");
  return statement.execute(session);
}

// The lengths are few so that few statements are prepared.
Result<void> insert_all(sql::Session& session, std::int64_t run_number, std::span<const Point> points) {
  while (!points.empty()) {
    std::size_t count = 1;
    for (const std::size_t length : {128U, 16U, 4U}) {
      if (points.size() < length) continue;
      count = length;
      break;
    }
    CICLO_TRY(std::ignore, insert_points(session, run_number, points.first(count)));
    points = points.subspan(count);
  }
  return {};
}

// What a logged model is measured by; beside the run's own history.
Result<void> put_model_metric(sql::Session& session, const RunRef& ref, const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  CICLO_TRY(
      std::ignore,
      session.execute(
          "INSERT INTO logged_model_metrics (model_number, run_id, key, dataset_name, dataset_digest, step, "
          "timestamp, value, is_nan) SELECT model_number, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? "
          "AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT) FROM "
          "logged_models WHERE workspace = ? AND model_id = ? ON CONFLICT (model_number, run_id, key, dataset_name, "
          "dataset_digest) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp, value = "
          "excluded.value, is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > "
          "(logged_model_metrics.step, logged_model_metrics.timestamp, logged_model_metrics.value)",
          {ref.run_id, metric.key, metric.dataset_name, metric.dataset_digest, metric.step, metric.timestamp,
           stored.value, static_cast<std::int64_t>(stored.is_nan), ref.workspace, metric.model_id}));
  return {};
}

// The keys of a batch with what is known of each, and the newest observation that the batch brings.
struct KeyOfBatch {
  Series series;
  Kept newest;
};
using KeysOfBatch = std::map<std::string_view, KeyOfBatch>;

KeysOfBatch keys_of(const std::vector<Metric>& metrics) {
  KeysOfBatch keys;
  for (const Metric& metric : metrics) {
    const Kept observation = kept(metric);
    const auto [known, added] = keys.try_emplace(metric.key, KeyOfBatch{.series = {}, .newest = observation});
    if (!added && is_later(observation, known->second.newest)) known->second.newest = observation;
  }
  return keys;
}

Result<void> load_series(sql::Session& session, const Target& target, KeysOfBatch& keys) {
  std::vector<std::string> names;
  for (const auto& [key, known] : keys) names.emplace_back(key);
  for (std::size_t begin = 0; begin < names.size(); begin += max_bound_list) {
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = names.begin() + static_cast<std::ptrdiff_t>(std::min(begin + max_bound_list, names.size()));
    Statement statement;
    statement.add("SELECT key, series, step, timestamp, value FROM latest_metrics WHERE run_number = ");
    statement.bind(target.run_number).add(" AND key IN ").bind_list(std::vector<std::string>(first, last));
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows)
      keys.find(row.text(0))->second.series = {.number = row.integer(1), .latest = kept_from(row, 2)};
  }
  return {};
}

// Writes the latest of each key, and gives the new keys their numbers.
Result<void> settle_latest(sql::Session& session, const Target& target, KeysOfBatch& keys) {
  std::int64_t last = 0;
  for (auto& [key, known] : keys) {
    if (known.series.latest) {
      if (is_later(known.newest, *known.series.latest))
        CICLO_CHECK(update_latest(session, target, std::string(key), known.newest));
      continue;
    }
    if (last == 0) {
      CICLO_TRY(last, last_series(session, target));
    }
    known.series = {.number = ++last, .latest = known.newest};
    CICLO_CHECK(insert_latest(session, target, std::string(key), known.series));
  }
  return {};
}

}  // namespace

StoredValue stored_value(double value) {
  if (std::isnan(value)) return {.value = 0, .is_nan = true};
  constexpr double most = std::numeric_limits<double>::max();
  return {.value = std::clamp(value, -most, most), .is_nan = false};
}

Result<void> MetricStore::log_one_in(sql::Session& session, const RunRef& ref, const Metric& metric) const {
  CICLO_TRY(
      const auto row,
      session.query_one("SELECT r.run_number, r.experiment_number, r.start_time, l.series, l.step, l.timestamp, "
                        "l.value FROM runs r LEFT JOIN latest_metrics l ON l.run_number = r.run_number AND l.key = ? "
                        "WHERE r.workspace = ? AND r.run_id = ? AND r.lifecycle_stage = 'active'",
                        {metric.key, ref.workspace, ref.run_id}));
  if (!row) {  // says why
    CICLO_TRY(std::ignore, RunStore().get_active(session, ref));
    return {};
  }
  const Target target{
      .run_number = row->integer(0), .experiment_number = row->integer(1), .start_time = row->integer(2)};
  const Kept observation = kept(metric);
  Series series;
  if (row->is_null(3)) {
    CICLO_TRY(const auto last, last_series(session, target));
    series = {.number = last + 1, .latest = observation};
    CICLO_CHECK(insert_latest(session, target, metric.key, series));
  } else {
    series = {.number = row->integer(3), .latest = kept_from(*row, 4)};
  }
  const Point point{.series = series.number, .kept = observation};
  CICLO_TRY(std::ignore, insert_points(session, target.run_number, std::span(&point, 1)));
  if (is_later(observation, *series.latest)) CICLO_CHECK(update_latest(session, target, metric.key, observation));
  if (!metric.model_id.empty()) CICLO_CHECK(put_model_metric(session, ref, metric));
  return {};
}

Result<void> MetricStore::log_in(sql::Session& session, const RunRef& ref, const std::vector<Metric>& metrics) const {
  if (metrics.size() == 1) return log_one_in(session, ref, metrics.front());
  CICLO_TRY(const auto run, RunStore().get_active(session, ref));
  if (metrics.empty()) return {};
  const Target target{
      .run_number = run.number, .experiment_number = run.experiment_number, .start_time = run.start_time};
  KeysOfBatch keys = keys_of(metrics);
  CICLO_CHECK(load_series(session, target, keys));
  CICLO_CHECK(settle_latest(session, target, keys));
  std::vector<Point> points;
  points.reserve(metrics.size());
  for (const Metric& metric : metrics)
    points.push_back({.series = keys.find(metric.key)->second.series.number, .kept = kept(metric)});
  // Neighbours go into the same page.
  std::ranges::sort(points, [](const Point& a, const Point& b) {
    return std::tie(a.series, a.kept.step, a.kept.timestamp) < std::tie(b.series, b.kept.step, b.kept.timestamp);
  });
  CICLO_CHECK(insert_all(session, target.run_number, points));
  for (const Metric& metric : metrics)
    if (!metric.model_id.empty()) CICLO_CHECK(put_model_metric(session, ref, metric));
  return {};
}

}  // namespace ciclo::tracking
