#include "inner_loop/evaluation/import_store.hpp"

#include "base/ids.hpp"

namespace ciclo::evaluation {

Result<std::optional<ImportStore::Scorer>> ImportStore::find_scorer(sql::Session& session, const ScorerRef& ref) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT s.scorer_number, s.scorer_id, (SELECT COUNT(*) FROM scorer_versions v WHERE "
                              "v.scorer_number = s.scorer_number) FROM scorers s WHERE s.workspace = ? AND "
                              "s.experiment_id = ? AND s.name = ?",
                              {ref.workspace, ref.experiment_id, ref.name}));
  if (!row) return std::optional<Scorer>();
  return std::optional<Scorer>({.number = row->integer(0), .id = row->text(1), .versions = row->integer(2)});
}

Result<ImportStore::Scorer> ImportStore::insert_scorer(sql::Session& session, const ScorerRef& ref,
                                                       const std::string& id) const {
  CICLO_TRY(const auto taken,
            session.query_one("SELECT 1 FROM scorers WHERE workspace = ? AND scorer_id = ?", {ref.workspace, id}));
  Scorer made{.number = 0, .id = taken ? new_uid() : id, .versions = 0};
  CICLO_TRY(const auto rows,
            session.query("INSERT INTO scorers (scorer_id, workspace, experiment_id, name) VALUES (?,?,?,?) RETURNING "
                          "scorer_number",
                          {made.id, ref.workspace, ref.experiment_id, ref.name}));
  if (rows.empty()) return fail(ErrorCode::internal, "the scorer was not stored", ref.name);
  made.number = rows.front().integer(0);
  return made;
}

Result<bool> ImportStore::add_version(sql::Session& session, const ScorerVersion& version) const {
  CICLO_TRY(const auto added,
            session.execute("INSERT INTO scorer_versions (scorer_number, version, serialized, creation_time) VALUES "
                            "(?,?,?,?) ON CONFLICT DO NOTHING",
                            {version.number, version.version, version.serialized, version.creation_time}));
  return added > 0;
}

Result<std::string> ImportStore::text_of(sql::Session& session, const ScorerVersion& version) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT serialized FROM scorer_versions WHERE scorer_number = ? AND version = ?",
                              {version.number, version.version}));
  return row ? row->text(0) : std::string();
}

Result<bool> ImportStore::add_online(sql::Session& session, const Scorer& scorer, const OnlineScoring& online) const {
  CICLO_TRY(
      const auto added,
      session.execute("INSERT INTO scorer_online (scorer_number, config_id, filter) VALUES (?,?,?) ON CONFLICT DO "
                      "NOTHING",
                      {scorer.number, online.id, online.filter}));
  return added > 0;
}

}  // namespace ciclo::evaluation
