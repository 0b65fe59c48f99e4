#include "inner_loop/tracking/run_store.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/metric_store.hpp"
#include "inner_loop/tracking/purge_store.hpp"
#include "inner_loop/tracking/run_scope.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

void put_tag(std::vector<Tag>& tags, std::string_view key, const std::string& value) {
  std::erase_if(tags, [&](const Tag& tag) { return tag.key == key; });
  tags.push_back({std::string(key), value});
}

Result<Experiment> experiment_of(sql::Session& session, const NewRun& request) {
  const ExperimentStore experiments;
  if (!request.experiment_id) {
    return experiments.find_or_create_in(session, request.workspace, request.experiment_name, request.start_time);
  }
  if (*request.experiment_id == 0) {
    CICLO_CHECK(experiments.ensure_default_in(session, request.workspace, request.start_time));
  }
  CICLO_TRY(auto experiment, experiments.get(session, request.workspace, *request.experiment_id));
  if (experiment.stage == Lifecycle::deleted) {
    return fail(ErrorCode::invalid, fmt::format("The experiment {} must be in the 'active' state", experiment.id),
                "experiments", "restore it first");
  }
  return experiment;
}

// Decides the name: the one given, else the tag's, else a friendly one. Mirrored in the tag.
void settle_name(NewRun& request) {
  if (request.name.empty()) request.name = find_tag(request.tags, run_name_tag).value_or("");
  if (request.name.empty()) request.name = new_friendly_name();
  put_tag(request.tags, run_name_tag, request.name);
  if (!request.parent_run_id.empty()) put_tag(request.tags, parent_run_tag, request.parent_run_id);
}

Result<void> set_name(sql::Session& session, const Run& run, const std::string& name) {
  const Head head = head_of(name);
  CICLO_TRY(std::ignore,
            session.execute("UPDATE runs SET name = ?, name_head = ?, name_is_cut = ? WHERE run_number = ?",
                            {name, head.text, static_cast<std::int64_t>(head.is_cut), run.number}));
  return {};
}

Result<void> put_tags(sql::Session& session, const Run& run, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    const Head head = head_of(tag.value);
    CICLO_TRY(
        std::ignore,
        session.execute("INSERT INTO run_tags (run_number, key, value, head, is_cut, experiment_number, start_time) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_number, key) DO UPDATE SET value = "
                        "excluded.value, head = excluded.head, is_cut = excluded.is_cut",
                        {run.number, tag.key, tag.value, head.text, static_cast<std::int64_t>(head.is_cut),
                         run.experiment_number, run.start_time}));
    if (tag.key == run_name_tag && tag.value != run.name) CICLO_CHECK(set_name(session, run, tag.value));
  }
  return {};
}

Result<void> put_params(sql::Session& session, const Run& run, const std::vector<Param>& params) {
  for (const Param& param : params) {
    const Head head = head_of(param.value);
    CICLO_TRY(
        const auto inserted,
        session.execute("INSERT INTO params (run_number, key, value, head, is_cut, experiment_number, start_time) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                        {run.number, param.key, param.value, head.text, static_cast<std::int64_t>(head.is_cut),
                         run.experiment_number, run.start_time}));
    if (inserted > 0) continue;
    CICLO_TRY(const auto row,
              session.query_one("SELECT value FROM params WHERE run_number = ? AND key = ?", {run.number, param.key}));
    if (row && row->text(0) == param.value) continue;
    return fail(
        ErrorCode::invalid,
        fmt::format("Changing param values is not allowed. Param with key='{}' was already logged with value='{}' "
                    "for run ID='{}'. Attempted logging new value '{}'",
                    param.key, row ? row->text(0) : "", run.run_id, param.value),
        "params/" + param.key);
  }
  return {};
}

// Given to an experiment with its first run.
Result<std::int64_t> number_of(sql::Session& session, const std::string& workspace, std::int64_t experiment_id) {
  constexpr std::string_view find =
      "SELECT experiment_number FROM experiment_numbers WHERE workspace = ? AND experiment_id = ?";
  CICLO_TRY(auto row, session.query_one(find, {workspace, experiment_id}));
  if (row) return row->integer(0);
  CICLO_TRY(row, session.query_one("INSERT INTO experiment_numbers (workspace, experiment_id) VALUES (?, ?) RETURNING "
                                   "experiment_number",
                                   {workspace, experiment_id}));
  if (!row) return fail(ErrorCode::internal, "the database gave no experiment number");
  return row->integer(0);
}

}  // namespace

Run run_from(const sql::Row& row) {
  Run run;
  run.workspace = row.text(0);
  run.number = row.integer(1);
  run.run_id = row.text(2);
  run.experiment_id = row.integer(3);
  run.name = row.text(4);
  run.user = row.text(5);
  run.status = parse_run_status(row.text(6)).value_or(RunStatus::running);
  run.start_time = row.integer(7);
  run.end_time = row.optional_integer(8);
  run.stage = row.text(9) == "active" ? Lifecycle::active : Lifecycle::deleted;
  run.artifact_uri = row.text(10);
  run.is_managed = row.integer(11) != 0;
  run.experiment_number = row.integer(12);
  return run;
}

Result<Run> RunStore::create_run_in(sql::Session& session, NewRun request) const {
  CICLO_TRY(const auto experiment, experiment_of(session, request));
  if (!request.run_id.empty()) CICLO_CHECK(PurgeStore().check_run_id(session, request.workspace, request.run_id));
  settle_name(request);
  Run run;
  run.workspace = request.workspace;
  run.run_id = request.run_id.empty() ? new_uid() : request.run_id;
  run.experiment_id = experiment.id;
  run.name = request.name;
  run.user = request.user;
  run.status = request.status;
  run.start_time = request.start_time;
  run.artifact_uri = fmt::format("{}/{}/artifacts", experiment.artifact_location, run.run_id);
  run.is_managed = request.is_managed;
  CICLO_TRY(run.experiment_number, number_of(session, run.workspace, run.experiment_id));
  const Head head = head_of(run.name);
  CICLO_TRY(
      const auto row,
      session.query_one(
          "INSERT INTO runs (workspace, run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, "
          "artifact_uri, is_managed, experiment_number, name_head, name_is_cut) VALUES (?, ?, ?, ?, ?, ?, ?, "
          "'active', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING run_number",
          {run.workspace, run.run_id, run.experiment_id, run.name, run.user, name_of(run.status), run.start_time,
           run.artifact_uri, static_cast<std::int64_t>(run.is_managed), run.experiment_number, head.text,
           static_cast<std::int64_t>(head.is_cut)}));
  if (!row)
    return fail(ErrorCode::already_exists, fmt::format("Run '{}' already exists", run.run_id), "runs/" + run.run_id);
  run.number = row->integer(0);
  CICLO_CHECK(put_params(session, run, request.params));
  CICLO_CHECK(put_tags(session, run, request.tags));
  run.params = std::move(request.params);
  run.tags = std::move(request.tags);
  return run;
}

Result<void> RunStore::set_status_in(sql::Session& session, const RunRef& ref, RunStatus status,
                                     std::optional<std::int64_t> end_time) const {
  CICLO_TRY(auto run, get(session, ref));
  run.status = status;
  run.end_time = end_time;
  return update_in(session, run);
}

Result<void> RunStore::set_tags_in(sql::Session& session, const RunRef& ref, const std::vector<Tag>& tags) const {
  CICLO_TRY(const auto run, get_active(session, ref));
  return put_tags(session, run, tags);
}

Result<void> RunStore::log_params_in(sql::Session& session, const RunRef& ref, const std::vector<Param>& params) const {
  CICLO_TRY(const auto run, get_active(session, ref));
  return put_params(session, run, params);
}

Result<void> RunStore::log_metrics_in(sql::Session& session, const RunRef& ref,
                                      const std::vector<Metric>& metrics) const {
  return MetricStore().log_in(session, ref, metrics);
}

Result<std::optional<Run>> RunStore::find(sql::Session& session, const RunRef& ref) const {
  Statement statement;
  statement.add("SELECT ").add(run_columns).add(" FROM runs r WHERE r.workspace = ").bind(ref.workspace);
  statement.add(" AND r.run_id = ").bind(ref.run_id);
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty()) return std::nullopt;
  return run_from(rows.front());
}

Result<Run> RunStore::get(sql::Session& session, const RunRef& ref) const {
  CICLO_TRY(auto run, find(session, ref));
  if (!run)
    return fail(ErrorCode::not_found, fmt::format("Run with id={} not found", ref.run_id), "runs/" + ref.run_id);
  return std::move(*run);
}

Result<Run> RunStore::get_active(sql::Session& session, const RunRef& ref) const {
  CICLO_TRY(auto run, get(session, ref));
  if (run.stage == Lifecycle::active) return run;
  return fail(ErrorCode::invalid,
              fmt::format("The run {} must be in the 'active' state. Current state is deleted", ref.run_id),
              "runs/" + ref.run_id, "restore it first");
}

Result<void> RunStore::update_in(sql::Session& session, const Run& run) const {
  CICLO_TRY(std::ignore, session.execute("UPDATE runs SET status = ?, end_time = ? WHERE run_number = ?",
                                         {name_of(run.status), run.end_time, run.number}));
  return {};
}

Result<void> RunStore::set_lifecycle_in(sql::Session& session, const Run& run, Lifecycle stage,
                                        std::int64_t now) const {
  const sql::Value deleted_time = stage == Lifecycle::deleted ? sql::Value(now) : sql::Value(nullptr);
  CICLO_TRY(std::ignore, session.execute("UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE run_number = ?",
                                         {name_of(stage), deleted_time, run.number}));
  return {};
}

Result<void> RunStore::delete_tag_in(sql::Session& session, const Run& run, const std::string& key) const {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM run_tags WHERE run_number = ? AND key = ?", {run.number, key}));
  if (removed > 0) return {};
  return fail(ErrorCode::not_found, fmt::format("No tag with name: {} in run with id {}", key, run.run_id),
              "runs/" + run.run_id);
}

}  // namespace ciclo::tracking
