// MLflow's database: the tables of its 2.x and 3.x releases. Pages go by rowid, which every index of a table ends with,
// so each page is one short walk of an index.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/source.hpp"
#include "portability/sqlite_evaluation.hpp"
#include "portability/sqlite_reader.hpp"
#include "portability/sqlite_traces.hpp"

namespace ciclo::portability {
namespace {

// The revisions of MLflow's schema from 2.0 to 3.17, in their order, by alembic's names.
constexpr std::array known_revisions = std::to_array<std::string_view>(
    {"0c779009ac13", "cc1f77228345", "97727af70f4d", "3500859a5d39",  "7f2a7d5fae7d", "2d6e25af4d3e", "acf3f17fdcc7",
     "867495a8f9d4", "5b0e9adcef9c", "4465047574b1", "f5a4f2784254",  "0584bdc529eb", "400f98739977", "6953534de441",
     "bda7b8c39065", "cbc13b556ace", "770bee3ae1dd", "a1b2c3d4e5f6",  "de4033877273", "1a0cddfcaa16", "534353b11cbc",
     "71994744cf8e", "3da73c924c2f", "bf29a5ff90ea", "1bd49d398cd23", "b7c8d9e0f1a2", "5d2d30f0abce", "c9d4e5f6a7b8",
     "2c33131f4dae", "d3e4f5a6b7c8", "d0e1f2a3b4c5", "c8d9e0f1a2b3",  "1b5f0d9ad7c1", "e1f2a3b4c5d6", "76601a5f987d",
     "c3d6457b6d8a", "a5b4c3d2e1f0", "ae8bbe7743c9", "7d34483879f0",  "da6fb0208061", "89d3d66ed43f", "b7e4c1a90f23",
     "a8b9c0d1e2f3", "c1d2e3f4a5b6", "c3d9e7f1a2b4", "6f8d9c3b2a1e",  "1971f2d9a75b", "17e22815139b", "b7e2c1a4d9f3",
     "75868b020152", "dc11669786a5"});

constexpr std::size_t runs_per_page = 200;
constexpr std::size_t points_per_page = 50'000;

Json text_or_null(const sql::Row& row, std::size_t column) {
  return row.is_null(column) ? Json() : Json(row.text(column));
}

Json number_json(double value, bool is_nan) {
  return is_nan ? Json("NaN") : Json(value);
}

class SqliteSource final : public Source {
 public:
  SqliteSource(std::unique_ptr<SqliteReader> reader, std::string file, const SourceSettings& settings)
      : reader_(std::move(reader)),
        file_(std::move(file)),
        local_("", settings.artifacts),
        traces_(*reader_),
        evaluation_(*reader_) {}

  // Looks whether it is MLflow's, and which parts this release of it has.
  Result<void> begin();

  std::string title() const override { return "the MLflow database " + file_; }
  Result<std::vector<Json>> experiments() override;
  Result<void> runs(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> metrics(const Json& run, const TakeHistory& take) override;
  Result<void> logged_models(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> traces(const std::string& experiment_id, const TakeItems& take) override {
    return traces_.of_experiment(experiment_id, take);
  }
  Result<std::vector<Json>> scorers(const std::string& experiment_id) override {
    return evaluation_.scorers(experiment_id);
  }
  Result<std::vector<Json>> evaluation_datasets() override { return evaluation_.datasets(); }
  Result<void> evaluation_records(const std::string& dataset_id, const TakeItems& take) override {
    return evaluation_.records(dataset_id, take);
  }
  Result<std::vector<Json>> webhooks() override { return evaluation_.webhooks(); }
  Result<std::vector<Json>> registered_models() override;
  Result<std::vector<Json>> versions(const std::string& model) override;
  Result<std::vector<ArtifactFile>> artifacts(const ArtifactPlace& place, std::vector<std::string>& skipped) override {
    return local_.list(place, skipped);
  }
  Result<Bytes> open(const ArtifactPlace& place, const ArtifactFile& file) override { return local_.open(place, file); }
  Result<std::vector<LeftBehind>> left_behind() override;

 private:
  Result<Json> pairs(std::string_view statement, const std::string& id);
  Result<Json> run_of(const sql::Row& row, const std::string& experiment_id);
  Result<void> add_inputs(Json& run, const std::string& run_id);
  Result<Json> logged_model_of(const sql::Row& row, const std::string& experiment_id);

  std::unique_ptr<SqliteReader> reader_;
  std::string file_;
  LocalArtifacts local_;
  SqliteTraces traces_;
  SqliteEvaluation evaluation_;
  bool has_workspaces_ = false;
  bool has_datasets_ = false;
  bool has_logged_models_ = false;
  bool has_steps_ = false;  // of models that runs wrote
};

Result<void> SqliteSource::begin() {
  if (!reader_->has_table("alembic_version") || !reader_->has_table("experiments") || !reader_->has_table("runs")) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is a database of another program, not MLflow's", file_), {},
                "give the database of mlflow server's --backend-store-uri");
  }
  CICLO_TRY(const auto rows, reader_->query("SELECT version_num FROM alembic_version"));
  const std::string revision = rows.empty() ? "" : rows.front().text(0);
  if (std::ranges::find(known_revisions, revision) == known_revisions.end()) {
    return fail(ErrorCode::unsupported,
                fmt::format("'{}' has revision '{}' of MLflow's tables, which is not known", file_, revision), {},
                "databases of MLflow 2.0 to 3.17 are read; of another release, start its server and import from its "
                "address: ciclo import mlflow --from http://…");
  }
  has_workspaces_ = reader_->has_column("experiments", "workspace");
  has_datasets_ = reader_->has_table("inputs") && reader_->has_table("datasets");
  has_logged_models_ = reader_->has_table("logged_models");
  has_steps_ = has_datasets_ && reader_->has_column("inputs", "step");
  return {};
}

Result<Json> SqliteSource::pairs(std::string_view statement, const std::string& id) {
  CICLO_TRY(const auto rows, reader_->query(statement, {id}));
  Json list = Json::array();
  for (const sql::Row& row : rows) list.push_back({{"key", row.text(0)}, {"value", row.text(1)}});
  return list;
}

Result<std::vector<Json>> SqliteSource::experiments() {
  CICLO_TRY(const auto rows,
            reader_->query(fmt::format("SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                                       "last_update_time FROM experiments {} ORDER BY experiment_id",
                                       has_workspaces_ ? "WHERE workspace = 'default'" : "")));
  std::vector<Json> items;
  for (const sql::Row& row : rows) {
    Json item{{"experiment_id", std::to_string(row.integer(0))},
              {"name", row.text(1)},
              {"artifact_location", row.text(2)},
              {"lifecycle_stage", row.text(3)},
              {"creation_time", row.integer(4)},
              {"last_update_time", row.integer(5)}};
    CICLO_TRY(item["tags"], pairs("SELECT key, value FROM experiment_tags WHERE experiment_id = ? ORDER BY key",
                                  std::to_string(row.integer(0))));
    items.push_back(std::move(item));
  }
  return items;
}

Result<void> SqliteSource::add_inputs(Json& run, const std::string& run_id) {
  if (!has_datasets_) return {};
  CICLO_TRY(const auto rows,
            reader_->query("SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
                           "d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = "
                           "i.source_id WHERE i.destination_type = 'RUN' AND i.destination_id = ? AND i.source_type = "
                           "'DATASET' ORDER BY i.rowid",
                           {run_id}));
  for (const sql::Row& row : rows) {
    Json input{
        {"dataset",
         {{"name", row.text(1)}, {"digest", row.text(2)}, {"source_type", row.text(3)}, {"source", row.text(4)}}}};
    if (!row.is_null(5)) input["dataset"]["schema"] = row.text(5);
    if (!row.is_null(6)) input["dataset"]["profile"] = row.text(6);
    CICLO_TRY(input["tags"],
              pairs("SELECT name, value FROM input_tags WHERE input_uuid = ? ORDER BY name", row.text(0)));
    run["inputs"]["dataset_inputs"].push_back(std::move(input));
  }
  if (!has_logged_models_) return {};
  CICLO_TRY(const auto uses,
            reader_->query(fmt::format("SELECT source_type, destination_id, {} FROM inputs WHERE source_type IN "
                                       "('RUN_INPUT', 'RUN_OUTPUT') AND source_id = ? ORDER BY rowid",
                                       has_steps_ ? "step" : "0"),
                           {run_id}));
  for (const sql::Row& row : uses) {
    Json& list = row.text(0) == "RUN_INPUT" ? run["inputs"]["model_inputs"] : run["outputs"]["model_outputs"];
    list.push_back({{"model_id", row.text(1)}, {"step", row.integer(2)}});
  }
  return {};
}

Result<Json> SqliteSource::run_of(const sql::Row& row, const std::string& experiment_id) {
  const std::string& run_id = row.text(1);
  Json info{{"run_id", run_id},
            {"experiment_id", experiment_id},
            {"run_name", row.text(2)},
            {"user_id", row.text(3)},
            {"status", row.text(4)},
            {"start_time", row.integer(5)},
            {"lifecycle_stage", row.text(7)},
            {"artifact_uri", row.text(8)}};
  if (!row.is_null(6)) info["end_time"] = row.integer(6);
  if (!row.is_null(9)) info["deleted_time"] = row.integer(9);
  Json run{{"info", std::move(info)}};
  CICLO_TRY(run["data"]["params"], pairs("SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key", run_id));
  CICLO_TRY(run["data"]["tags"], pairs("SELECT key, value FROM tags WHERE run_uuid = ? ORDER BY key", run_id));
  CICLO_CHECK(add_inputs(run, run_id));
  return run;
}

Result<void> SqliteSource::runs(const std::string& experiment_id, const TakeItems& take) {
  std::int64_t after = 0;
  for (;;) {
    CICLO_TRY(
        const auto rows,
        reader_->query("SELECT rowid, run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, "
                       "artifact_uri, deleted_time FROM runs WHERE experiment_id = ? AND rowid > ? ORDER BY rowid "
                       "LIMIT ?",
                       {parse_int(experiment_id).value_or(-1), after, runs_per_page}));
    if (rows.empty()) return {};
    std::vector<Json> page;
    for (const sql::Row& row : rows) {
      CICLO_TRY(auto run, run_of(row, experiment_id));
      page.push_back(std::move(run));
    }
    after = rows.back().integer(0);
    CICLO_CHECK(take(std::move(page)));
  }
}

Result<void> SqliteSource::metrics(const Json& run, const TakeHistory& take) {
  const std::string run_id = text_or(member(run, "info"), "run_id");
  std::int64_t after = 0;
  for (;;) {
    CICLO_TRY(const auto rows, reader_->query("SELECT rowid, key, value, timestamp, step, is_nan FROM metrics WHERE "
                                              "run_uuid = ? AND rowid > ? ORDER BY rowid LIMIT ?",
                                              {run_id, after, points_per_page}));
    std::map<std::string, History> by_key;
    for (const sql::Row& row : rows) {
      History& history = by_key[row.text(1)];
      const bool is_nan = row.integer(5) != 0;
      history.add(row.integer(4), row.integer(3), is_nan ? std::numeric_limits<double>::quiet_NaN() : row.real(2));
    }
    for (auto& [key, history] : by_key) {
      history.run_id = run_id;
      history.key = key;
      CICLO_CHECK(take(std::move(history)));
    }
    if (rows.size() < points_per_page) return {};
    after = rows.back().integer(0);
  }
}

Result<Json> SqliteSource::logged_model_of(const sql::Row& row, const std::string& experiment_id) {
  constexpr std::array statuses = {"LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                   "LOGGED_MODEL_UPLOAD_FAILED"};
  const std::string& id = row.text(1);
  Json info{{"model_id", id},
            {"experiment_id", experiment_id},
            {"name", row.text(2)},
            {"artifact_uri", row.text(3)},
            {"creation_timestamp_ms", row.integer(4)},
            {"last_updated_timestamp_ms", row.integer(5)},
            {"status", statuses.at(static_cast<std::size_t>(std::clamp<std::int64_t>(row.integer(6), 0, 3)))},
            {"lifecycle_stage", row.text(7)},
            {"model_type", text_or_null(row, 8)},
            {"source_run_id", text_or_null(row, 9)},
            {"status_message", text_or_null(row, 10)}};
  CICLO_TRY(info["tags"],
            pairs("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ? ORDER BY tag_key", id));
  Json model{{"info", std::move(info)}};
  CICLO_TRY(model["data"]["params"],
            pairs("SELECT param_key, param_value FROM logged_model_params WHERE model_id = ? ORDER BY param_key", id));
  CICLO_TRY(const auto metrics,
            reader_->query("SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, run_id, dataset_name, "
                           "dataset_digest FROM logged_model_metrics WHERE model_id = ? ORDER BY metric_name, "
                           "metric_step, metric_timestamp_ms",
                           {id}));
  for (const sql::Row& metric : metrics) {
    model["data"]["metrics"].push_back({{"key", metric.text(0)},
                                        {"value", number_json(metric.real(1), metric.is_null(1))},
                                        {"timestamp", metric.integer(2)},
                                        {"step", metric.integer(3)},
                                        {"run_id", metric.text(4)},
                                        {"dataset_name", metric.text(5)},
                                        {"dataset_digest", metric.text(6)},
                                        {"model_id", id}});
  }
  return model;
}

Result<void> SqliteSource::logged_models(const std::string& experiment_id, const TakeItems& take) {
  if (!has_logged_models_) return {};
  std::int64_t after = 0;
  for (;;) {
    CICLO_TRY(const auto rows,
              reader_->query("SELECT rowid, model_id, name, artifact_location, creation_timestamp_ms, "
                             "last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id, "
                             "status_message FROM logged_models WHERE experiment_id = ? AND rowid > ? ORDER BY rowid "
                             "LIMIT ?",
                             {parse_int(experiment_id).value_or(-1), after, runs_per_page}));
    if (rows.empty()) return {};
    std::vector<Json> page;
    for (const sql::Row& row : rows) {
      CICLO_TRY(auto model, logged_model_of(row, experiment_id));
      page.push_back(std::move(model));
    }
    after = rows.back().integer(0);
    CICLO_CHECK(take(std::move(page)));
  }
}

Result<std::vector<Json>> SqliteSource::registered_models() {
  std::vector<Json> items;
  if (!reader_->has_table("registered_models")) return items;
  const std::string_view where = has_workspaces_ ? " AND workspace = 'default'" : "";
  CICLO_TRY(const auto rows,
            reader_->query(fmt::format("SELECT name, creation_time, last_updated_time, description FROM "
                                       "registered_models WHERE 1 = 1{} ORDER BY creation_time, name",
                                       where)));
  for (const sql::Row& row : rows) {
    Json item{{"name", row.text(0)},
              {"creation_timestamp", row.integer(1)},
              {"last_updated_timestamp", row.integer(2)},
              {"description", row.text(3)}};
    CICLO_TRY(item["tags"],
              pairs(fmt::format("SELECT key, value FROM registered_model_tags WHERE name = ?{} ORDER BY key", where),
                    row.text(0)));
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<Json>> SqliteSource::versions(const std::string& model) {
  const std::string_view where = has_workspaces_ ? " AND workspace = 'default'" : "";
  CICLO_TRY(const auto rows,
            reader_->query(fmt::format("SELECT version, creation_time, last_updated_time, description, user_id, "
                                       "current_stage, source, run_id, status, run_link FROM model_versions WHERE name "
                                       "= ?{} AND current_stage <> 'Deleted_Internal' ORDER BY version",
                                       where),
                           {model}));
  std::map<std::int64_t, std::vector<std::string>> aliases;
  if (reader_->has_table("registered_model_aliases")) {
    CICLO_TRY(const auto found, reader_->query(fmt::format("SELECT version, alias FROM registered_model_aliases WHERE "
                                                           "name = ?{} ORDER BY alias",
                                                           where),
                                               {model}));
    for (const sql::Row& row : found) aliases[row.integer(0)].push_back(row.text(1));
  }
  std::vector<Json> items;
  for (const sql::Row& row : rows) {
    Json item{{"name", model},
              {"version", std::to_string(row.integer(0))},
              {"creation_timestamp", row.integer(1)},
              {"last_updated_timestamp", row.integer(2)},
              {"description", row.text(3)},
              {"user_id", row.text(4)},
              {"current_stage", row.text(5)},
              {"source", row.text(6)},
              {"run_id", row.text(7)},
              {"run_link", row.text(9)},
              {"aliases", aliases[row.integer(0)]}};
    CICLO_TRY(const auto tags,
              reader_->query(fmt::format("SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?{} "
                                         "ORDER BY key",
                                         where),
                             {model, row.integer(0)}));
    for (const sql::Row& tag : tags) item["tags"].push_back({{"key", tag.text(0)}, {"value", tag.text(1)}});
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<LeftBehind>> SqliteSource::left_behind() {
  CICLO_CHECK(reader_->check_unchanged());
  std::vector<LeftBehind> all;
  for (const auto& [table, what] : {std::pair("endpoints", "gateway endpoints"),
                                    {"issues", "issues"},
                                    {"label_schemas", "label schemas"},
                                    {"review_queues", "review queues"}}) {
    if (!reader_->has_table(table)) continue;
    CICLO_TRY(const auto rows, reader_->query(fmt::format("SELECT COUNT(*) FROM {}", table)));
    if (!rows.empty() && rows.front().integer(0) > 0) all.push_back({what, rows.front().integer(0)});
  }
  if (has_workspaces_) {
    CICLO_TRY(const auto rows, reader_->query("SELECT COUNT(*) FROM experiments WHERE workspace <> 'default'"));
    if (rows.front().integer(0) > 0) all.push_back({"experiments of other MLflow workspaces", rows.front().integer(0)});
  }
  return all;
}

}  // namespace

Result<std::unique_ptr<Source>> open_sqlite_source(const std::string& file, const SourceSettings& settings) {
  CICLO_TRY(auto reader, SqliteReader::open(file));
  auto source = std::make_unique<SqliteSource>(std::move(reader), file, settings);
  CICLO_CHECK(source->begin());
  return source;
}

}  // namespace ciclo::portability
