#include "inner_loop/tracking/import_store.hpp"

#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/metric_store.hpp"

namespace ciclo::tracking {
namespace {

// File stores make ids of 18 digits up; counting on from there would give such ids to every later experiment.
constexpr std::int64_t max_counted_id = 1'000'000'000;

}  // namespace

Result<void> ImportStore::insert_experiment_in(sql::Session& session, const Experiment& experiment) const {
  CICLO_TRY(const auto inserted,
            session.execute("INSERT INTO experiments (workspace, experiment_id, name, artifact_location, "
                            "lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, ?, ?, ?, ?) ON "
                            "CONFLICT DO NOTHING",
                            {experiment.workspace, experiment.id, experiment.name, experiment.artifact_location,
                             name_of(experiment.stage), experiment.creation_time, experiment.last_update_time}));
  if (inserted == 0) return fail(ErrorCode::conflict, "the experiment's id or name was taken meanwhile");
  for (const Tag& tag : experiment.tags) CICLO_CHECK(ExperimentStore().set_tag_in(session, experiment, tag));
  if (experiment.id > max_counted_id) return {};
  CICLO_CHECK(
      session.execute("INSERT INTO experiment_counters (workspace, last_id) VALUES (?, ?) ON CONFLICT "
                      "(workspace) DO UPDATE SET last_id = excluded.last_id WHERE excluded.last_id > "
                      "experiment_counters.last_id",
                      {experiment.workspace, experiment.id}));
  return {};
}

Result<void> ImportStore::set_experiment_in(sql::Session& session, const Experiment& experiment) const {
  CICLO_CHECK(
      session.execute("UPDATE experiments SET lifecycle_stage = ?, creation_time = ?, last_update_time = ? "
                      "WHERE workspace = ? AND experiment_id = ?",
                      {name_of(experiment.stage), experiment.creation_time, experiment.last_update_time,
                       experiment.workspace, experiment.id}));
  return {};
}

Result<void> ImportStore::set_run_stage_in(sql::Session& session, const Run& run,
                                           std::optional<std::int64_t> deleted_time) const {
  CICLO_CHECK(session.execute("UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE run_number = ?",
                              {name_of(run.stage), deleted_time, run.number}));
  return {};
}

Result<std::optional<std::int64_t>> ImportStore::deleted_time(sql::Session& session, const Run& run) const {
  CICLO_TRY(const auto row, session.query_one("SELECT deleted_time FROM runs WHERE run_number = ?", {run.number}));
  if (!row) return std::nullopt;
  return row->optional_integer(0);
}

Result<void> ImportStore::set_model_in(sql::Session& session, const ImportedModel& model) const {
  CICLO_CHECK(
      session.execute("UPDATE logged_models SET lifecycle_stage = ?, status_message = ? WHERE workspace = ? "
                      "AND model_id = ?",
                      {name_of(model.stage), model.model.status_message, model.model.workspace, model.model.model_id}));
  return {};
}

Result<std::optional<LoggedModel>> ImportStore::find_model(sql::Session& session, const std::string& workspace,
                                                           const std::string& model_id) const {
  CICLO_TRY(const auto row, session.query_one("SELECT experiment_id, name, creation_time, source_run_id FROM "
                                              "logged_models WHERE workspace = ? AND model_id = ?",
                                              {workspace, model_id}));
  if (!row) return std::nullopt;
  LoggedModel model;
  model.workspace = workspace;
  model.model_id = model_id;
  model.experiment_id = row->integer(0);
  model.name = row->text(1);
  model.creation_time = row->integer(2);
  model.source_run_id = row->text(3);
  return model;
}

Result<void> ImportStore::put_model_metrics_in(sql::Session& session, const LoggedModel& model) const {
  for (const Metric& metric : model.metrics) {
    const StoredValue stored = stored_value(metric.value);
    CICLO_CHECK(session.execute(
        "INSERT INTO logged_model_metrics (model_number, run_id, key, dataset_name, dataset_digest, step, timestamp, "
        "value, is_nan) SELECT model_number, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), "
        "CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT) FROM logged_models WHERE "
        "workspace = ? AND model_id = ? ON CONFLICT (model_number, run_id, key, dataset_name, dataset_digest) DO "
        "UPDATE SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value, is_nan = "
        "excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > (logged_model_metrics.step, "
        "logged_model_metrics.timestamp, logged_model_metrics.value)",
        {metric.run_id, metric.key, metric.dataset_name, metric.dataset_digest, metric.step, metric.timestamp,
         stored.value, static_cast<std::int64_t>(stored.is_nan), model.workspace, model.model_id}));
  }
  return {};
}

}  // namespace ciclo::tracking
