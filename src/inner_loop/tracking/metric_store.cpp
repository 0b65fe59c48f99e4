#include "inner_loop/tracking/metric_store.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view insert_row =
    "INSERT INTO metrics (run_number, key, step, timestamp, value, is_nan) SELECT run_number, CAST(? AS TEXT), CAST(? "
    "AS "
    "BIGINT), CAST(? AS BIGINT), CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT) FROM runs WHERE workspace = ? AND "
    "run_id = "
    "? AND lifecycle_stage = 'active' ON CONFLICT DO NOTHING";

constexpr std::string_view upsert_latest =
    "INSERT INTO latest_metrics (run_number, key, step, timestamp, value, is_nan) SELECT run_number, CAST(? AS TEXT), "
    "CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT) FROM runs WHERE workspace = "
    "? AND "
    "run_id = ? AND lifecycle_stage = 'active' ON CONFLICT (run_number, key) DO UPDATE SET step = excluded.step, "
    "timestamp "
    "= excluded.timestamp, value = excluded.value, is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, "
    "excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)";

bool is_later(const Metric& a, const Metric& b) {
  return std::tuple(a.step, a.timestamp, stored_value(a.value).value) >
         std::tuple(b.step, b.timestamp, stored_value(b.value).value);
}

Result<void> put_latest(sql::Session& session, const RunRef& ref, const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  CICLO_TRY(std::ignore,
            session.execute(upsert_latest, {metric.key, metric.step, metric.timestamp, stored.value,
                                            static_cast<std::int64_t>(stored.is_nan), ref.workspace, ref.run_id}));
  return {};
}

// `count` rows by one statement; the lengths are few so that few statements are prepared.
Result<void> put_rows(sql::Session& session, std::int64_t run_number, std::span<const Metric> metrics) {
  Statement statement;
  statement.add("INSERT INTO metrics (run_number, key, step, timestamp, value, is_nan) VALUES ");
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const Metric& metric = metrics[i];
    const StoredValue stored = stored_value(metric.value);
    statement.add(i == 0 ? "(" : ", (").bind(run_number).add(", ").bind(metric.key).add(", ").bind(metric.step);
    statement.add(", ").bind(metric.timestamp).add(", ").bind(stored.value);
    statement.add(", ").bind(static_cast<std::int64_t>(stored.is_nan)).add(")");
  }
  statement.add(" ON CONFLICT DO NOTHING");
  CICLO_TRY(std::ignore, statement.execute(session));
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

Statement history_select(const RunRef& run, const std::string& key) {
  Statement statement;
  statement
      .add("SELECT m.run_number, m.key, m.value, m.timestamp, m.step, m.is_nan FROM metrics m WHERE m.run_number = ")
      .add("(SELECT run_number FROM runs WHERE workspace = ")
      .bind(run.workspace)
      .add(" AND run_id = ")
      .bind(run.run_id)
      .add(") AND m.key = ")
      .bind(key);
  return statement;
}

std::vector<Metric> metrics_from(const std::vector<sql::Row>& rows) {
  std::vector<Metric> metrics;
  metrics.reserve(rows.size());
  for (const sql::Row& row : rows) metrics.push_back(metric_from(row));
  return metrics;
}

// The first and the last observed step within the asked range; nothing when there is none.
Result<std::optional<std::pair<std::int64_t, std::int64_t>>> observed_range(sql::Session& session,
                                                                            const SampleRequest& request) {
  Statement statement;
  statement
      .add("SELECT MIN(m.step), MAX(m.step) FROM metrics m WHERE m.run_number = (SELECT run_number FROM runs WHERE ")
      .add("workspace = ")
      .bind(request.run.workspace)
      .add(" AND run_id = ")
      .bind(request.run.run_id)
      .add(") AND m.key = ")
      .bind(request.key);
  if (request.start_step) statement.add(" AND m.step >= ").bind(*request.start_step);
  if (request.end_step) statement.add(" AND m.step <= ").bind(*request.end_step);
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty() || rows.front().is_null(0)) return std::nullopt;
  return std::pair(rows.front().integer(0), rows.front().integer(1));
}

}  // namespace

StoredValue stored_value(double value) {
  if (std::isnan(value)) return {.value = 0, .is_nan = true};
  constexpr double most = std::numeric_limits<double>::max();
  return {.value = std::clamp(value, -most, most), .is_nan = false};
}

Metric metric_from(const sql::Row& row) {
  Metric metric;
  metric.key = row.text(1);
  metric.value = row.integer(5) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(2);
  metric.timestamp = row.integer(3);
  metric.step = row.integer(4);
  return metric;
}

Result<void> MetricStore::log_one_in(sql::Session& session, const RunRef& ref, const Metric& metric) const {
  const StoredValue stored = stored_value(metric.value);
  CICLO_TRY(const auto inserted,
            session.execute(insert_row, {metric.key, metric.step, metric.timestamp, stored.value,
                                         static_cast<std::int64_t>(stored.is_nan), ref.workspace, ref.run_id}));
  // No row: the same observation is there already, or there is no such active run.
  if (inserted == 0) {
    CICLO_CHECK(RunStore().get_active(session, ref));
    return {};
  }
  CICLO_CHECK(put_latest(session, ref, metric));
  if (!metric.model_id.empty()) CICLO_CHECK(put_model_metric(session, ref, metric));
  return {};
}

Result<void> MetricStore::log_in(sql::Session& session, const RunRef& ref, const std::vector<Metric>& metrics) const {
  if (metrics.size() == 1) return log_one_in(session, ref, metrics.front());
  CICLO_TRY(const auto run, RunStore().get_active(session, ref));
  std::span<const Metric> rest(metrics);
  while (!rest.empty()) {
    const std::size_t count = rest.size() >= 64 ? 64 : rest.size() >= 8 ? 8 : 1;
    CICLO_CHECK(put_rows(session, run.number, rest.first(count)));
    rest = rest.subspan(count);
  }
  std::map<std::string_view, const Metric*> latest;
  for (const Metric& metric : metrics) {
    const auto [known, added] = latest.try_emplace(metric.key, &metric);
    if (!added && is_later(metric, *known->second)) known->second = &metric;
    if (!metric.model_id.empty()) CICLO_CHECK(put_model_metric(session, ref, metric));
  }
  for (const auto& [key, metric] : latest) CICLO_CHECK(put_latest(session, ref, *metric));
  return {};
}

Result<std::vector<Metric>> MetricStore::history(sql::Session& session, const HistoryRequest& request) const {
  Statement statement = history_select(request.run, request.key);
  if (request.after) {
    const StoredValue stored = stored_value(request.after->value);
    statement.add(" AND (m.step, m.timestamp, m.value, m.is_nan) > (")
        .bind(request.after->step)
        .add(", ")
        .bind(request.after->timestamp)
        .add(", ")
        .bind(stored.value)
        .add(", ")
        .bind(static_cast<std::int64_t>(stored.is_nan))
        .add(")");
  }
  statement.add(" ORDER BY m.step, m.timestamp, m.value, m.is_nan LIMIT ").bind(request.limit);
  CICLO_TRY(const auto rows, statement.query(session));
  return metrics_from(rows);
}

Result<std::vector<Metric>> MetricStore::sample(sql::Session& session, const SampleRequest& request) const {
  CICLO_TRY(const auto range, observed_range(session, request));
  std::vector<Metric> sampled;
  if (!range || request.max_points == 0) return sampled;
  const auto [first, last] = *range;
  const auto span = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  // At each of the evenly spread steps, the next observation from there on; the last one is the last step's.
  for (std::size_t i = 0; i < request.max_points; ++i) {
    const bool is_last = i + 1 == request.max_points;
    const auto share =
        static_cast<long double>(i) / static_cast<long double>(std::max<std::size_t>(request.max_points, 2) - 1);
    const auto offset = is_last ? span : static_cast<std::uint64_t>(static_cast<long double>(span) * share);
    const auto from = static_cast<std::int64_t>(static_cast<std::uint64_t>(first) + offset);
    if (!sampled.empty() && from <= sampled.back().step) {
      if (sampled.back().step >= last) break;
      continue;
    }
    Statement statement = history_select(request.run, request.key);
    statement.add(" AND m.step >= ").bind(from).add(" AND m.step <= ").bind(last);
    statement.add(" ORDER BY m.step, m.timestamp, m.value LIMIT 1");
    CICLO_TRY(const auto rows, statement.query(session));
    if (rows.empty()) break;
    sampled.push_back(metric_from(rows.front()));
  }
  return sampled;
}

}  // namespace ciclo::tracking
