// An MLflow store of its own: mlflow.db with the tables of MLflow 3.17, and artifacts/ beside it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/sink.hpp"
#include "portability/sqlite_columns.hpp"
#include "portability/sqlite_evaluation_sink.hpp"
#include "portability/sqlite_trace_sink.hpp"
#include "portability/sqlite_writer.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

namespace fs = std::filesystem;

struct StoredValue {
  double value = 0;
  std::int64_t is_nan = 0;
};

// As MLflow's database has them: NaN apart, infinities as the largest finite numbers.
StoredValue stored(double value) {
  if (std::isnan(value)) return {.value = 0, .is_nan = 1};
  constexpr double most = std::numeric_limits<double>::max();
  return {.value = std::clamp(value, -most, most), .is_nan = 0};
}

class SqliteSink final : public Sink {
 public:
  SqliteSink(std::unique_ptr<SqliteWriter> writer, fs::path folder)
      : db_(std::move(writer)), folder_(std::move(folder)), traces_(*db_), evaluation_(*db_) {}

  Outcomes experiments(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_experiment); }
  Outcomes runs(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_run); }
  Outcomes logged_models(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_logged_model); }
  Outcomes traces(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_trace); }
  Outcomes scorers(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_scorer); }
  Outcomes evaluation_datasets(const std::vector<Json>& items) override {
    return each(items, &SqliteSink::put_dataset);
  }
  Result<Counts> evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) override;
  Outcomes webhooks(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_webhook); }
  Outcomes registered_models(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_model); }
  Outcomes versions(const std::vector<Json>& items) override { return each(items, &SqliteSink::put_version); }
  Result<Counts> metrics(const std::vector<History>& items) override;
  Result<std::map<std::string, KnownFile>> known_artifacts(const std::string& folder) override;
  Result<void> put_artifact(const ArtifactTarget& target, const Bytes& bytes) override;
  Result<Known> known(const std::vector<std::string>& experiments, const std::vector<std::string>& runs) override;

 private:
  // All items in one transaction.
  Outcomes each(const std::vector<Json>& items, Result<Outcome> (SqliteSink::*put)(const Json&));
  Result<Outcome> put_experiment(const Json& item);
  Result<Outcome> put_run(const Json& item);
  Result<Outcome> put_logged_model(const Json& item);
  Result<Outcome> put_trace(const Json& item);
  Result<Outcome> put_scorer(const Json& item) { return evaluation_.put_scorer(item); }
  Result<Outcome> put_dataset(const Json& item) { return evaluation_.put_dataset(item); }
  Result<Outcome> put_webhook(const Json& item) { return evaluation_.put_webhook(item); }
  Result<Outcome> put_model(const Json& item);
  Result<Outcome> put_version(const Json& item);
  Result<void> put_inputs(const Json& item, const std::string& run_id, std::int64_t experiment);
  Result<void> put_model_metrics(const Json& item, std::int64_t experiment);
  Result<std::string> storage_of(const std::string& source);
  std::string artifact_root(std::int64_t experiment) const { return fmt::format("mlflow-artifacts:/{}", experiment); }
  Result<std::string> location_of(std::int64_t experiment);

  std::unique_ptr<SqliteWriter> db_;
  fs::path folder_;
  SqliteTraceSink traces_;
  SqliteEvaluationSink evaluation_;
};

Sink::Outcomes SqliteSink::each(const std::vector<Json>& items, Result<Outcome> (SqliteSink::*put)(const Json&)) {
  std::vector<Outcome> outcomes;
  CICLO_CHECK(db_->begin());
  for (const Json& item : items) {
    CICLO_TRY(auto result, (this->*put)(item));
    outcomes.push_back(std::move(result));
  }
  CICLO_CHECK(db_->commit());
  return outcomes;
}

Result<Outcome> SqliteSink::put_experiment(const Json& item) {
  const std::int64_t id = number_of(item, "experiment_id");
  std::string location = text_or(item, "artifact_location");
  if (location.empty()) location = artifact_root(id);
  CICLO_TRY(const auto added,
            db_->execute("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, "
                         "creation_time, last_update_time, workspace) VALUES (?, ?, ?, ?, ?, ?, 'default') ON CONFLICT "
                         "DO NOTHING",
                         {id, text_or(item, "name"), location, text_or(item, "lifecycle_stage", "active"),
                          number_of(item, "creation_time"), number_of(item, "last_update_time")}));
  for (const Json& tag : member(item, "tags")) {
    CICLO_CHECK(
        db_->execute("INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?) ON CONFLICT DO "
                     "NOTHING",
                     {text_or(tag, "key"), text_or(tag, "value"), id}));
  }
  return outcome_of(added, std::to_string(id));
}

Result<std::string> SqliteSink::location_of(std::int64_t experiment) {
  CICLO_TRY(const auto rows,
            db_->query("SELECT artifact_location FROM experiments WHERE experiment_id = ?", {experiment}));
  return rows.empty() ? artifact_root(experiment) : rows.front().text(0);
}

Result<void> SqliteSink::put_inputs(const Json& item, const std::string& run_id, std::int64_t experiment) {
  constexpr std::string_view put_input =
      "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) VALUES (?, ?, "
      "?, ?, ?, ?) ON CONFLICT DO NOTHING";
  for (const Json& input : at_pointer(item, "/inputs/dataset_inputs")) {
    const Json& set = member(input, "dataset");
    CICLO_CHECK(
        db_->execute("INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, "
                     "dataset_source, dataset_schema, dataset_profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON "
                     "CONFLICT DO NOTHING",
                     {new_uid(), experiment, text_or(set, "name"), text_or(set, "digest"), text_or(set, "source_type"),
                      text_or(set, "source"), text_or_null(set, "schema"), text_or_null(set, "profile")}));
    CICLO_TRY(const auto rows,
              db_->query("SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?",
                         {experiment, text_or(set, "name"), text_or(set, "digest")}));
    const std::string id = new_uid();
    CICLO_TRY(const auto added, db_->execute(put_input, {id, "DATASET", rows.front().text(0), "RUN", run_id, 0}));
    if (added == 0) continue;
    for (const Json& tag : member(input, "tags")) {
      CICLO_CHECK(
          db_->execute("INSERT INTO input_tags (input_uuid, name, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                       {id, text_or(tag, "key"), text_or(tag, "value")}));
    }
  }
  for (const Json& use : at_pointer(item, "/inputs/model_inputs"))
    CICLO_CHECK(db_->execute(put_input, {new_uid(), "RUN_INPUT", run_id, "MODEL_INPUT", text_or(use, "model_id"), 0}));
  for (const Json& use : at_pointer(item, "/outputs/model_outputs"))
    CICLO_CHECK(db_->execute(put_input, {new_uid(), "RUN_OUTPUT", run_id, "MODEL_OUTPUT", text_or(use, "model_id"),
                                         number_of(use, "step")}));
  return {};
}

Result<Outcome> SqliteSink::put_run(const Json& item) {
  const Json& info = member(item, "info");
  const std::string run_id = text_or(info, "run_id");
  const std::int64_t experiment = number_of(info, "experiment_id");
  const bool is_deleted = text_or(info, "lifecycle_stage") == "deleted";
  // MLflow's API does not say when a run was deleted; its `gc` needs a time.
  const sql::Value deleted_time = member(info, "deleted_time").is_number() ? number_or_null(info, "deleted_time")
                                  : is_deleted                             ? number_or_null(info, "end_time")
                                                                           : sql::Value(nullptr);
  CICLO_TRY(const std::string location, location_of(experiment));
  CICLO_TRY(const auto added,
            db_->execute("INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, "
                         "status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id, "
                         "deleted_time) VALUES (?, ?, 'UNKNOWN', '', '', ?, ?, ?, ?, '', ?, ?, ?, ?) ON CONFLICT DO "
                         "NOTHING",
                         {run_id, text_or(info, "run_name"), text_or(info, "user_id"), text_or(info, "status"),
                          number_or_null(info, "start_time"), number_or_null(info, "end_time"),
                          is_deleted ? "deleted" : "active", fmt::format("{}/{}/artifacts", location, run_id),
                          experiment, deleted_time}));
  if (added == 0) {
    CICLO_CHECK(
        db_->execute("UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ? AND status IN ('RUNNING', "
                     "'SCHEDULED')",
                     {text_or(info, "status"), number_or_null(info, "end_time"), run_id}));
  }
  for (const Json& param : at_pointer(item, "/data/params"))
    CICLO_CHECK(db_->execute("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                             {text_or(param, "key"), text_or(param, "value"), run_id}));
  for (const Json& tag : at_pointer(item, "/data/tags"))
    CICLO_CHECK(db_->execute("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                             {text_or(tag, "key"), text_or(tag, "value"), run_id}));
  CICLO_CHECK(put_inputs(item, run_id, experiment));
  return outcome_of(added, run_id);
}

Result<Counts> SqliteSink::metrics(const std::vector<History>& items) {
  Counts counts;
  CICLO_CHECK(db_->begin());
  for (const History& history : items) {
    std::size_t latest = 0;
    const auto position = [&](std::size_t i) {
      return std::tuple(history.steps[i], history.timestamps[i], stored(history.values[i]).value);
    };
    for (std::size_t i = 0; i < history.size(); ++i) {
      const StoredValue value = stored(history.values[i]);
      CICLO_TRY(const auto added, db_->execute("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
                                               "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                                               {history.key, value.value, history.timestamps[i], history.run_id,
                                                history.steps[i], value.is_nan}));
      ++(added > 0 ? counts.added : counts.present);
      if (position(i) > position(latest)) latest = i;
    }
    const StoredValue value = stored(history.values[latest]);
    CICLO_CHECK(db_->execute(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, "
        "?, ?, ?, ?) ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = "
        "excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan WHERE (excluded.step, "
        "excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, "
        "latest_metrics.value)",
        {history.key, value.value, history.timestamps[latest], history.steps[latest], value.is_nan, history.run_id}));
  }
  CICLO_CHECK(db_->commit());
  return counts;
}

Result<void> SqliteSink::put_model_metrics(const Json& item, std::int64_t experiment) {
  const std::string id = text_or(member(item, "info"), "model_id");
  for (const Json& metric : at_pointer(item, "/data/metrics")) {
    const Json& value = member(metric, "value");
    CICLO_CHECK(db_->execute(
        "INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, "
        "metric_step, metric_value, experiment_id, run_id, dataset_name, dataset_digest) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        {id, text_or(metric, "key"), number_of(metric, "timestamp"), number_of(metric, "step"),
         value.is_number() ? sql::Value(value.get<double>()) : sql::Value(nullptr), experiment,
         text_or(metric, "run_id"), text_or_null(metric, "dataset_name"), text_or_null(metric, "dataset_digest")}));
  }
  return {};
}

Result<Outcome> SqliteSink::put_logged_model(const Json& item) {
  constexpr std::array statuses = {"LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                   "LOGGED_MODEL_UPLOAD_FAILED"};
  const Json& info = member(item, "info");
  const std::string id = text_or(info, "model_id");
  const std::int64_t experiment = number_of(info, "experiment_id");
  const auto status = std::ranges::find(statuses, text_or(info, "status")) - statuses.begin();
  CICLO_TRY(const std::string location, location_of(experiment));
  CICLO_TRY(
      const auto added,
      db_->execute("INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, "
                   "creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, "
                   "source_run_id, status_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                   {id, experiment, text_or(info, "name"), fmt::format("{}/models/{}/artifacts", location, id),
                    number_of(info, "creation_timestamp_ms"), number_of(info, "last_updated_timestamp_ms"),
                    static_cast<std::int64_t>(status < 4 ? status : 0), text_or(info, "lifecycle_stage", "active"),
                    text_or_null(info, "model_type"), text_or_null(info, "source_run_id"),
                    text_or_null(info, "status_message")}));
  for (const Json& tag : member(info, "tags"))
    CICLO_CHECK(
        db_->execute("INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, "
                     "?, ?) ON CONFLICT DO NOTHING",
                     {id, experiment, text_or(tag, "key"), text_or(tag, "value")}));
  for (const Json& param : at_pointer(item, "/data/params"))
    CICLO_CHECK(
        db_->execute("INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES "
                     "(?, ?, ?, ?) ON CONFLICT DO NOTHING",
                     {id, experiment, text_or(param, "key"), text_or(param, "value")}));
  CICLO_CHECK(put_model_metrics(item, experiment));
  return outcome_of(added, id);
}

Result<Outcome> SqliteSink::put_trace(const Json& item) {
  const auto experiment = parse_int(experiment_of(member(item, "trace_info"))).value_or(0);
  CICLO_TRY(const std::string location, location_of(experiment));
  return traces_.put(item, location);
}

Result<Counts> SqliteSink::evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) {
  CICLO_CHECK(db_->begin());
  CICLO_TRY(auto counts, evaluation_.put_records(dataset_id, records));
  CICLO_CHECK(db_->commit());
  return counts;
}

Result<Outcome> SqliteSink::put_model(const Json& item) {
  const std::string name = text_or(item, "name");
  CICLO_TRY(const auto added,
            db_->execute("INSERT INTO registered_models (name, creation_time, last_updated_time, description, "
                         "workspace) VALUES (?, ?, ?, ?, 'default') ON CONFLICT DO NOTHING",
                         {name, number_of(item, "creation_timestamp"), number_of(item, "last_updated_timestamp"),
                          text_or(item, "description")}));
  for (const Json& tag : member(item, "tags"))
    CICLO_CHECK(
        db_->execute("INSERT INTO registered_model_tags (key, value, name, workspace) VALUES (?, ?, ?, "
                     "'default') ON CONFLICT DO NOTHING",
                     {text_or(tag, "key"), text_or(tag, "value"), name}));
  return outcome_of(added, name);
}

// Where the bytes of a version's source lie, as MLflow notes it beside the source.
Result<std::string> SqliteSink::storage_of(const std::string& source) {
  const bool is_model = source.starts_with("models:/m-");
  if (!is_model && !source.starts_with("runs:/")) return source;
  const std::string rest = source.substr(is_model ? 8 : 6);
  const std::string id = rest.substr(0, rest.find('/'));
  CICLO_TRY(const auto rows, db_->query(is_model ? "SELECT artifact_location FROM logged_models WHERE model_id = ?"
                                                 : "SELECT artifact_uri FROM runs WHERE run_uuid = ?",
                                        {id}));
  return rows.empty() ? source : rows.front().text(0) + rest.substr(id.size());
}

Result<Outcome> SqliteSink::put_version(const Json& item) {
  const std::string name = text_or(item, "name");
  const std::int64_t version = number_of(item, "version");
  CICLO_TRY(const std::string storage, storage_of(text_or(item, "source")));
  CICLO_TRY(
      const auto added,
      db_->execute("INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, "
                   "user_id, current_stage, source, run_id, status, run_link, storage_location, workspace) VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, ?, ?, 'READY', ?, ?, 'default') ON CONFLICT DO NOTHING",
                   {name, version, number_of(item, "creation_timestamp"), number_of(item, "last_updated_timestamp"),
                    text_or(item, "description"), text_or_null(item, "user_id"), text_or(item, "current_stage", "None"),
                    text_or(item, "source"), text_or_null(item, "run_id"), text_or_null(item, "run_link"), storage}));
  for (const Json& tag : member(item, "tags"))
    CICLO_CHECK(
        db_->execute("INSERT INTO model_version_tags (key, value, name, version, workspace) VALUES (?, ?, ?, ?, "
                     "'default') ON CONFLICT DO NOTHING",
                     {text_or(tag, "key"), text_or(tag, "value"), name, version}));
  for (const Json& alias : member(item, "aliases"))
    CICLO_CHECK(
        db_->execute("INSERT INTO registered_model_aliases (alias, version, name, workspace) VALUES (?, ?, ?, "
                     "'default') ON CONFLICT DO NOTHING",
                     {alias.get<std::string>(), version, name}));
  return outcome_of(added, fmt::format("{}:{}", name, version));
}

Result<std::map<std::string, KnownFile>> SqliteSink::known_artifacts(const std::string& folder) {
  std::map<std::string, KnownFile> known;
  if (!stays_inside(folder)) return fail(ErrorCode::invalid, "the source named a folder that is none", folder);
  std::error_code error;
  const fs::path root = folder_ / "artifacts" / folder;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error))
    if (at->is_regular_file() && !at->path().string().ends_with(".part"))
      known[at->path().lexically_relative(root).generic_string()] = {.size = at->file_size(), .sha256 = {}};
  return known;
}

Result<void> SqliteSink::put_artifact(const ArtifactTarget& target, const Bytes& bytes) {
  if (!stays_inside(target.folder) || !stays_inside(target.path))
    return fail(ErrorCode::invalid, "the source named a file that would leave the folder", target.path);
  const fs::path file = folder_ / "artifacts" / target.folder / target.path;
  const fs::path temporary = file.string() + ".part";
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  for (;;) {
    CICLO_TRY(const std::string piece, bytes());
    if (piece.empty()) break;
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
  out.close();
  if (out) fs::rename(temporary, file, error);
  if (!out || error) return fail(ErrorCode::internal, fmt::format("cannot write '{}'", file.string()));
  return {};
}

Result<Sink::Known> SqliteSink::known(const std::vector<std::string>& experiments,
                                      const std::vector<std::string>& runs) {
  Known known;
  for (const std::string& name : experiments) {
    CICLO_TRY(const auto rows, db_->query("SELECT experiment_id FROM experiments WHERE name = ?", {name}));
    if (!rows.empty()) known.experiments[name] = std::to_string(rows.front().integer(0));
  }
  for (const std::string& id : runs) {
    CICLO_TRY(const auto rows, db_->query("SELECT 1 FROM runs WHERE run_uuid = ?", {id}));
    if (!rows.empty()) known.runs.push_back(id);
  }
  return known;
}

}  // namespace

Result<std::unique_ptr<Sink>> open_sqlite_sink(const std::string& folder) {
  std::error_code error;
  fs::create_directories(fs::path(folder) / "artifacts", error);
  if (error)
    return fail(ErrorCode::invalid, fmt::format("cannot make the folder '{}': {}", folder, error.message()), "--to");
  CICLO_TRY(auto writer, SqliteWriter::open(fs::path(folder) / "mlflow.db"));
  return std::make_unique<SqliteSink>(std::move(writer), folder);
}

}  // namespace ciclo::portability
