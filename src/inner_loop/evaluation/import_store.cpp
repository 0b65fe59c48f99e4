#include "inner_loop/evaluation/import_store.hpp"

#include "base/ids.hpp"

namespace ciclo::evaluation {

Result<std::optional<ImportStore::Scorer>> ImportStore::find_scorer(sql::Session& session, const ScorerRef& ref) const {
  CICLO_TRY(
      const auto row,
      session.query_one("SELECT s.scorer_id, (SELECT COUNT(*) FROM scorer_versions v WHERE v.scorer_id = "
                        "s.scorer_id) FROM scorers s WHERE s.workspace = ? AND s.experiment_id = ? AND s.name = ?",
                        {ref.workspace, ref.experiment_id, ref.name}));
  if (!row) return std::optional<Scorer>();
  return std::optional<Scorer>({.id = row->text(0), .versions = row->integer(1)});
}

Result<std::string> ImportStore::insert_scorer(sql::Session& session, const ScorerRef& ref,
                                               const std::string& id) const {
  CICLO_TRY(const auto taken, session.query_one("SELECT 1 FROM scorers WHERE scorer_id = ?", {id}));
  std::string kept = taken ? new_uid() : id;
  CICLO_CHECK(session.execute("INSERT INTO scorers (scorer_id, workspace, experiment_id, name) VALUES (?,?,?,?)",
                              {kept, ref.workspace, ref.experiment_id, ref.name}));
  return kept;
}

Result<bool> ImportStore::add_version(sql::Session& session, const ScorerVersion& version) const {
  CICLO_TRY(const auto added,
            session.execute("INSERT INTO scorer_versions (scorer_id, version, serialized, creation_time) VALUES "
                            "(?,?,?,?) ON CONFLICT DO NOTHING",
                            {version.scorer_id, version.version, version.serialized, version.creation_time}));
  return added > 0;
}

Result<std::string> ImportStore::text_of(sql::Session& session, const ScorerVersion& version) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT serialized FROM scorer_versions WHERE scorer_id = ? AND version = ?",
                              {version.scorer_id, version.version}));
  return row ? row->text(0) : std::string();
}

Result<bool> ImportStore::add_online(sql::Session& session, const OnlineScoring& online) const {
  CICLO_TRY(const auto added,
            session.execute("INSERT INTO scorer_online (scorer_id, config_id, filter) VALUES (?,?,?) ON CONFLICT DO "
                            "NOTHING",
                            {online.scorer_id, online.id, online.filter}));
  return added > 0;
}

Result<std::optional<std::string>> ImportStore::workspace_of(sql::Session& session,
                                                             const std::string& dataset_id) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT workspace FROM evaluation_datasets WHERE dataset_id = ?", {dataset_id}));
  if (!row) return std::optional<std::string>();
  return std::optional<std::string>(row->text(0));
}

}  // namespace ciclo::evaluation
