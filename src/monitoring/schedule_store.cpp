#include "monitoring/schedule_store.hpp"

#include <fmt/format.h>

#include <array>

namespace ciclo::monitoring {
namespace {

constexpr std::array<sql::Migration, 1> kSteps = {{{"monitoring", 1, R"(
  CREATE TABLE schedule_runs (
    id {{auto_id}},
    workspace TEXT NOT NULL,
    schedule_uid TEXT NOT NULL,
    schedule TEXT NOT NULL,
    scheduled_ms BIGINT NOT NULL,
    request TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    finished_ms BIGINT NOT NULL,
    result TEXT NOT NULL,
    UNIQUE (schedule_uid, scheduled_ms, request));
  CREATE INDEX schedule_runs_by_state ON schedule_runs (schedule_uid, state, id);
  CREATE TABLE monitor_metrics (
    workspace TEXT NOT NULL,
    schedule_uid TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    signal TEXT NOT NULL,
    feature TEXT NOT NULL,
    metric TEXT NOT NULL,
    metric_value DOUBLE PRECISION,
    threshold DOUBLE PRECISION NOT NULL,
    breached BIGINT NOT NULL,
    PRIMARY KEY (schedule_uid, run_id, signal, feature, metric));
  CREATE TABLE monitor_references (
    cache_key TEXT PRIMARY KEY,
    created_ms BIGINT NOT NULL,
    columns_json TEXT NOT NULL);
)"}}};

constexpr JsonLimits kStoredLimits = {.max_bytes = std::size_t{256} << 20U, .max_depth = 64};
constexpr std::string_view kRunColumns =
    "id, workspace, schedule_uid, schedule, scheduled_ms, request, requested_by, state, reason, finished_ms, result";

Result<std::vector<ScheduleRun>> runs_of(const std::vector<sql::Row>& rows) {
  std::vector<ScheduleRun> runs;
  for (const auto& row : rows) {
    ScheduleRun run;
    run.id = row.integer(0);
    run.workspace = row.text(1);
    run.schedule_uid = row.text(2);
    run.schedule = row.text(3);
    run.scheduled = from_unix_ms(row.integer(4));
    run.request = row.text(5);
    run.requested_by = row.text(6);
    run.state = row.text(7);
    run.reason = row.text(8);
    run.finished = from_unix_ms(row.integer(9));
    CICLO_TRY(run.result, parse_json(row.text(10), kStoredLimits));
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

Json to_json(const ScheduleRun& run) {
  Json json = {{"run", run.id},
               {"schedule", run.schedule},
               {"state", run.state},
               {"scheduled_time", format_rfc3339(run.scheduled)},
               {"trigger", run.request.empty() ? "schedule" : "manual"}};
  if (!run.requested_by.empty()) json["requested_by"] = run.requested_by;
  if (!run.reason.empty()) json["reason"] = run.reason;
  if (run.state != "pending") json["finished_time"] = format_rfc3339(run.finished);
  for (const auto& [key, value] : run.result.items()) json[key] = value;
  return json;
}

Json to_json(const MetricRow& row) {
  return {{"run", row.run_id},          {"time", format_rfc3339(row.time)},
          {"signal", row.signal},       {"feature", row.feature},
          {"metric", row.metric},       {"value", row.value ? Json(*row.value) : Json(nullptr)},
          {"threshold", row.threshold}, {"breached", row.breached}};
}

Result<bool> ScheduleStore::insert(sql::Session& session, const ScheduleRun& run) const {
  CICLO_TRY(const auto changed,
            session.execute("INSERT INTO schedule_runs (workspace, schedule_uid, schedule, scheduled_ms, request, "
                            "requested_by, state, reason, finished_ms, result) VALUES (?,?,?,?,?,?,?,?,?,?) "
                            "ON CONFLICT (schedule_uid, scheduled_ms, request) DO NOTHING",
                            {run.workspace, run.schedule_uid, run.schedule, to_unix_ms(run.scheduled), run.request,
                             run.requested_by, run.state, run.reason, to_unix_ms(run.finished), to_text(run.result)}));
  return changed == 1;
}

Result<std::vector<ScheduleRun>> ScheduleStore::pending(sql::Session& session, const std::string& schedule_uid) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM schedule_runs WHERE schedule_uid = ? AND state = "
                                      "'pending' ORDER BY id LIMIT 100",
                                      kRunColumns),
                          {schedule_uid}));
  return runs_of(rows);
}

Result<bool> ScheduleStore::finish(sql::Session& session, const ScheduleRun& run) const {
  CICLO_TRY(const auto changed,
            session.execute("UPDATE schedule_runs SET state = ?, reason = ?, finished_ms = ?, result = ? WHERE id = ? "
                            "AND state = 'pending'",
                            {run.state, run.reason, to_unix_ms(run.finished), to_text(run.result), run.id}));
  return changed == 1;
}

Result<std::vector<ScheduleRun>> ScheduleStore::list(sql::Session& session, const ListRequest& request) const {
  const std::int64_t before = request.before > 0 ? request.before : INT64_MAX;
  CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM schedule_runs WHERE schedule_uid = ? AND id < ? "
                                                       "ORDER BY id DESC LIMIT ?",
                                                       kRunColumns),
                                           {request.schedule_uid, before, request.limit}));
  return runs_of(rows);
}

Result<std::optional<ScheduleRun>> ScheduleStore::find(sql::Session& session, const std::string& schedule_uid,
                                                       std::int64_t id) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM schedule_runs WHERE schedule_uid = ? AND id = ?", kRunColumns),
                          {schedule_uid, id}));
  CICLO_TRY(auto runs, runs_of(rows));
  if (runs.empty()) return std::nullopt;
  return std::move(runs.front());
}

Result<void> ScheduleStore::add_metrics(sql::Session& session, const std::vector<MetricRow>& rows) const {
  for (const auto& row : rows) {
    CICLO_CHECK(
        session.execute("INSERT INTO monitor_metrics (workspace, schedule_uid, run_id, time_ms, signal, feature, "
                        "metric, metric_value, threshold, breached) VALUES (?,?,?,?,?,?,?,?,?,?)",
                        {row.workspace, row.schedule_uid, row.run_id, to_unix_ms(row.time), row.signal, row.feature,
                         row.metric, row.value, row.threshold, row.breached}));
  }
  return {};
}

Result<std::vector<MetricRow>> ScheduleStore::metrics(sql::Session& session, const MetricRequest& request) const {
  CICLO_TRY(
      const auto rows,
      session.query("SELECT run_id, time_ms, signal, feature, metric, metric_value, threshold, breached FROM "
                    "monitor_metrics WHERE schedule_uid = ? AND (? = '' OR signal = ?) AND (? = '' OR feature = ?) "
                    "AND (? = '' OR metric = ?) ORDER BY run_id DESC, signal, feature, metric LIMIT ?",
                    {request.schedule_uid, request.signal, request.signal, request.feature, request.feature,
                     request.metric, request.metric, request.limit}));
  std::vector<MetricRow> found;
  for (const auto& row : rows) {
    MetricRow metric;
    metric.schedule_uid = request.schedule_uid;
    metric.run_id = row.integer(0);
    metric.time = from_unix_ms(row.integer(1));
    metric.signal = row.text(2);
    metric.feature = row.text(3);
    metric.metric = row.text(4);
    if (!row.is_null(5)) metric.value = row.real(5);
    metric.threshold = row.real(6);
    metric.breached = row.integer(7) != 0;
    found.push_back(std::move(metric));
  }
  return found;
}

Result<std::optional<Json>> ScheduleStore::find_reference(sql::Session& session, const std::string& key) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT columns_json FROM monitor_references WHERE cache_key = ?", {key}));
  if (!row) return std::nullopt;
  CICLO_TRY(Json columns, parse_json(row->text(0), kStoredLimits));
  return columns;
}

Result<void> ScheduleStore::put_reference(sql::Session& session, const std::string& key, const Json& columns,
                                          TimePoint now) const {
  CICLO_CHECK(
      session.execute("INSERT INTO monitor_references (cache_key, created_ms, columns_json) VALUES (?,?,?) ON "
                      "CONFLICT (cache_key) DO NOTHING",
                      {key, to_unix_ms(now), to_text(columns)}));
  return {};
}

std::vector<sql::Migration> migrations() {
  return {kSteps.begin(), kSteps.end()};
}

}  // namespace ciclo::monitoring
