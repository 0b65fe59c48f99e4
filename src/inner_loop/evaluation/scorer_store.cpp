#include "inner_loop/evaluation/scorer_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::evaluation {
namespace {

constexpr std::string_view columns = "s.scorer_id, s.experiment_id, s.name, v.version, v.serialized, v.creation_time";

ScorerVersion from_row(const sql::Row& row) {
  ScorerVersion scorer;
  scorer.scorer_id = row.text(0);
  scorer.experiment_id = row.integer(1);
  scorer.name = row.text(2);
  scorer.version = row.integer(3);
  scorer.serialized = row.text(4);
  scorer.creation_time = row.integer(5);
  return scorer;
}

Failure not_found(const ScorerRef& ref, std::optional<std::int64_t> version) {
  return fail(ErrorCode::not_found,
              fmt::format("Scorer with name '{}'{} not found for experiment {}", ref.name.substr(0, 250),
                          version ? fmt::format(" and version {}", *version) : "", ref.experiment_id),
              "name");
}

}  // namespace

Result<ScorerVersion> ScorerStore::add(sql::Session& session, const ScorerRef& ref, const std::string& serialized,
                                       std::int64_t now) const {
  CICLO_CHECK(
      session.execute("INSERT INTO scorers (scorer_id, workspace, experiment_id, name) VALUES (?,?,?,?) ON "
                      "CONFLICT (workspace, experiment_id, name) DO NOTHING",
                      {new_uid(), ref.workspace, ref.experiment_id, ref.name}));
  CICLO_TRY(const auto row,
            session.query_one("SELECT s.scorer_id, COALESCE((SELECT MAX(v.version) FROM scorer_versions v WHERE "
                              "v.scorer_id = s.scorer_id), 0) FROM scorers s WHERE s.workspace = ? AND s.experiment_id "
                              "= ? AND s.name = ?",
                              {ref.workspace, ref.experiment_id, ref.name}));
  if (!row) return fail(ErrorCode::internal, "the scorer was not stored", ref.name);
  ScorerVersion scorer{.scorer_id = row->text(0),
                       .experiment_id = ref.experiment_id,
                       .name = ref.name,
                       .version = row->integer(1) + 1,
                       .serialized = serialized,
                       .creation_time = now};
  CICLO_CHECK(
      session.execute("INSERT INTO scorer_versions (scorer_id, version, serialized, creation_time) VALUES (?,?,?,?)",
                      {scorer.scorer_id, scorer.version, serialized, now}));
  return scorer;
}

Result<std::vector<ScorerVersion>> ScorerStore::newest(sql::Session& session, const std::string& workspace,
                                                       const std::vector<std::int64_t>& experiment_ids) const {
  std::vector<ScorerVersion> found;
  for (std::size_t begin = 0; begin < experiment_ids.size(); begin += tracking::max_bound_list) {
    const auto end = std::min(experiment_ids.size(), begin + tracking::max_bound_list);
    tracking::Statement statement;
    statement.add("SELECT ").add(columns).add(" FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id ");
    statement.add("WHERE s.workspace = ").bind(workspace).add(" AND s.experiment_id IN ");
    statement.bind_list(std::vector<std::int64_t>(experiment_ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  experiment_ids.begin() + static_cast<std::ptrdiff_t>(end)));
    statement.add(" AND v.version = (SELECT MAX(w.version) FROM scorer_versions w WHERE w.scorer_id = s.scorer_id) ");
    statement.add("ORDER BY s.experiment_id, s.name");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) found.push_back(from_row(row));
  }
  return found;
}

Result<std::vector<ScorerVersion>> ScorerStore::versions(sql::Session& session, const ScorerRef& ref) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id "
                                      "WHERE s.workspace = ? AND s.experiment_id = ? AND s.name = ? ORDER BY v.version",
                                      columns),
                          {ref.workspace, ref.experiment_id, ref.name}));
  if (rows.empty()) return not_found(ref, std::nullopt);
  std::vector<ScorerVersion> found;
  for (const sql::Row& row : rows) found.push_back(from_row(row));
  return found;
}

Result<ScorerVersion> ScorerStore::get(sql::Session& session, const ScorerRef& ref,
                                       std::optional<std::int64_t> version) const {
  CICLO_TRY(const auto row,
            session.query_one(
                fmt::format("SELECT {} FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id WHERE "
                            "s.workspace = ? AND s.experiment_id = ? AND s.name = ? AND (CAST(? AS BIGINT) IS NULL OR "
                            "v.version = ?) ORDER BY v.version DESC LIMIT 1",
                            columns),
                {ref.workspace, ref.experiment_id, ref.name, version, version}));
  if (!row) return not_found(ref, version);
  return from_row(*row);
}

Result<void> ScorerStore::remove(sql::Session& session, const ScorerRef& ref,
                                 std::optional<std::int64_t> version) const {
  CICLO_TRY(const auto found, get(session, ref, version));
  if (version) {
    CICLO_CHECK(session.execute("DELETE FROM scorer_versions WHERE scorer_id = ? AND version = ?",
                                {found.scorer_id, *version}));
    return {};
  }
  for (const char* table : {"scorer_versions", "scorer_online", "scorers"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE scorer_id = ?", table), {found.scorer_id}));
  return {};
}

Result<OnlineScoring> ScorerStore::put_online(sql::Session& session, const ScorerRef& ref,
                                              const std::string& filter) const {
  CICLO_TRY(const auto scorer, get(session, ref, std::nullopt));
  OnlineScoring config{
      .id = new_uid(), .scorer_id = scorer.scorer_id, .experiment_id = ref.experiment_id, .filter = filter};
  CICLO_CHECK(
      session.execute("INSERT INTO scorer_online (scorer_id, config_id, filter) VALUES (?,?,?) ON CONFLICT "
                      "(scorer_id) DO UPDATE SET config_id = excluded.config_id, filter = excluded.filter",
                      {config.scorer_id, config.id, filter}));
  return config;
}

Result<std::vector<OnlineScoring>> ScorerStore::online(sql::Session& session, const std::string& workspace,
                                                       const std::vector<std::string>& scorer_ids) const {
  tracking::Statement statement;
  statement.add("SELECT o.config_id, o.scorer_id, s.experiment_id, o.filter FROM scorer_online o JOIN scorers s ON ");
  statement.add("s.scorer_id = o.scorer_id WHERE s.workspace = ").bind(workspace);
  statement.add(" AND o.scorer_id IN ").bind_list(scorer_ids).add(" ORDER BY o.scorer_id");
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<OnlineScoring> found;
  for (const sql::Row& row : rows) found.push_back({row.text(0), row.text(1), row.integer(2), row.text(3)});
  return found;
}

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE scorers (
  scorer_id TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (workspace, experiment_id, name)
);
CREATE TABLE scorer_versions (
  scorer_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  serialized TEXT NOT NULL,
  creation_time BIGINT NOT NULL,
  PRIMARY KEY (scorer_id, version)
);
CREATE TABLE scorer_online (
  scorer_id TEXT NOT NULL PRIMARY KEY,
  config_id TEXT NOT NULL,
  filter TEXT NOT NULL
);
CREATE TABLE evaluation_datasets (
  dataset_id TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  schema_json TEXT NOT NULL,
  records BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL
);
CREATE INDEX evaluation_datasets_by_creation ON evaluation_datasets (workspace, created_time DESC, dataset_id DESC);
CREATE INDEX evaluation_datasets_by_name ON evaluation_datasets (workspace, name);
CREATE TABLE evaluation_dataset_tags (
  dataset_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (dataset_id, key)
);
CREATE TABLE evaluation_dataset_experiments (
  dataset_id TEXT NOT NULL,
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, experiment_id)
);
CREATE INDEX evaluation_dataset_experiments_by_experiment
  ON evaluation_dataset_experiments (workspace, experiment_id, dataset_id);
CREATE TABLE evaluation_records (
  record_id TEXT NOT NULL PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  outputs TEXT NOT NULL,
  expectations TEXT NOT NULL,
  tags TEXT NOT NULL,
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  UNIQUE (dataset_id, input_hash)
);
CREATE INDEX evaluation_records_by_creation ON evaluation_records (dataset_id, created_time, record_id);
)";
  return {{.module = "evaluation", .version = 1, .statements = first}};
}

}  // namespace ciclo::evaluation
