#include "inner_loop/tracking/purge_store.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

// One shape for the three, so that one function reads them: name, title, experiment, owner, URI, active, managed, time.
constexpr std::string_view select_runs =
    "SELECT r.run_id, r.name, r.experiment_id, r.run_number, r.artifact_uri, r.lifecycle_stage, r.is_managed, "
    "COALESCE(r.deleted_time, 0) FROM runs r WHERE r.workspace = ";
constexpr std::string_view select_models =
    "SELECT l.model_id, l.name, l.experiment_id, l.model_number, l.artifact_uri, l.lifecycle_stage, 0, "
    "l.last_update_time FROM logged_models l WHERE l.workspace = ";
constexpr std::string_view select_experiments =
    "SELECT CAST(e.experiment_id AS TEXT), e.name, e.experiment_id, e.experiment_id, e.artifact_location, "
    "e.lifecycle_stage, 0, e.last_update_time FROM experiments e WHERE e.workspace = ";

constexpr std::string_view claim_columns =
    "purge_number, kind, name, title, experiment_id, owner, blob_key FROM purges WHERE workspace = ";

std::string default_location(std::int64_t experiment_id) {
  return fmt::format("mlflow-artifacts:/{}", experiment_id);
}

Purge purge_from(PurgeKind kind, const std::string& workspace, const sql::Row& row) {
  Purge purge;
  purge.kind = kind;
  purge.workspace = workspace;
  purge.name = row.text(0);
  purge.title = row.text(1);
  purge.experiment_id = row.integer(2);
  purge.owner = row.integer(3);
  purge.artifact_uri = row.text(4);
  purge.is_active = row.text(5) == "active";
  purge.is_managed = row.integer(6) != 0;
  purge.deleted_time = row.integer(7);
  purge.blob_key = folder_of(purge);
  return purge;
}

Result<bool> has_row(sql::Session& session, const Statement& statement) {
  CICLO_TRY(const auto rows, statement.query(session));
  return !rows.empty();
}

// Whether another experiment was given this one's place for its artifacts.
Result<bool> is_lived_in(sql::Session& session, const Purge& experiment) {
  const std::string place = default_location(experiment.owner);
  Statement statement;
  statement.add("SELECT 1 FROM experiments WHERE workspace = ").bind(experiment.workspace);
  statement.add(" AND experiment_id <> ").bind(experiment.owner);
  statement.add(" AND (artifact_location = ").bind(place);
  statement.add(" OR artifact_location LIKE ").bind(place + "/%").add(") LIMIT 1");
  return has_row(session, statement);
}

Result<std::vector<Purge>> read_all(sql::Session& session, PurgeKind kind, const std::string& workspace,
                                    const Statement& statement) {
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<Purge> found;
  for (const sql::Row& row : rows) {
    found.push_back(purge_from(kind, workspace, row));
    if (kind != PurgeKind::experiment) continue;
    CICLO_TRY(const bool is_shared, is_lived_in(session, found.back()));
    if (is_shared) found.back().blob_key.clear();
  }
  return found;
}

PurgeKind kind_named(std::string_view name) {
  for (const PurgeKind kind : {PurgeKind::run, PurgeKind::logged_model, PurgeKind::experiment})
    if (name_of(kind) == name) return kind;
  return PurgeKind::files;
}

// Removes the thing's own row when it is still in the stage that the claim says.
Result<bool> remove_own_row(sql::Session& session, const Purge& purge) {
  const std::string_view stage = purge.is_active ? "active" : "deleted";
  Statement statement;
  switch (purge.kind) {
    case PurgeKind::run: statement.add("DELETE FROM runs WHERE run_number = ").bind(purge.owner); break;
    case PurgeKind::logged_model:
      statement.add("DELETE FROM logged_models WHERE model_number = ").bind(purge.owner);
      break;
    case PurgeKind::experiment:
      statement.add("DELETE FROM experiments WHERE workspace = ").bind(purge.workspace);
      statement.add(" AND experiment_id = ").bind(purge.owner);
      statement.add(" AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.workspace = experiments.workspace AND ")
          .add("r.experiment_id = experiments.experiment_id)");
      statement.add(" AND NOT EXISTS (SELECT 1 FROM logged_models l WHERE l.workspace = experiments.workspace AND ")
          .add("l.experiment_id = experiments.experiment_id)");
      break;
    case PurgeKind::files: return true;
  }
  statement.add(" AND lifecycle_stage = ").bind(stage);
  CICLO_TRY(const auto removed, statement.execute(session));
  return removed > 0;
}

}  // namespace

const std::string_view purge_schema = R"(
CREATE TABLE purges (
  purge_number {{auto_id}},
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  owner BIGINT NOT NULL,
  blob_key TEXT NOT NULL,
  claimed_time BIGINT NOT NULL
);
CREATE INDEX purges_by_name ON purges (workspace, name);
CREATE INDEX runs_deleted ON runs (workspace, deleted_time, run_number) WHERE lifecycle_stage = 'deleted';
CREATE INDEX logged_models_deleted ON logged_models (workspace, last_update_time, model_number) WHERE lifecycle_stage = 'deleted';
)";

std::string_view name_of(PurgeKind kind) {
  switch (kind) {
    case PurgeKind::run: return "run";
    case PurgeKind::logged_model: return "logged_model";
    case PurgeKind::experiment: return "experiment";
    case PurgeKind::files: return "files";
  }
  return "files";
}

std::string folder_of(const Purge& purge) {
  const auto key = artifact_key(purge.workspace, purge.artifact_uri);
  if (!key) return {};
  // An experiment's place may be one that somebody chose and shares.
  if (purge.kind == PurgeKind::experiment)
    return purge.artifact_uri == default_location(purge.owner) ? *key : std::string();
  const std::string own = fmt::format("/{}/artifacts", purge.name);
  return key->ends_with(own) ? *key : std::string();
}

Result<std::vector<Purge>> PurgeStore::deleted_runs(sql::Session& session, const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add(select_runs).bind(wanted.workspace).add(" AND r.lifecycle_stage = 'deleted' AND r.deleted_time <= ");
  statement.bind(wanted.before).add(" AND (r.deleted_time, r.run_number) > (").bind(wanted.after.time);
  statement.add(", ").bind(wanted.after.number).add(")");
  if (wanted.experiment_id) statement.add(" AND r.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" ORDER BY r.deleted_time, r.run_number LIMIT ").bind(wanted.limit);
  return read_all(session, PurgeKind::run, wanted.workspace, statement);
}

Result<std::vector<Purge>> PurgeStore::deleted_models(sql::Session& session, const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add(select_models).bind(wanted.workspace);
  statement.add(" AND l.lifecycle_stage = 'deleted' AND l.last_update_time <= ").bind(wanted.before);
  statement.add(" AND (l.last_update_time, l.model_number) > (").bind(wanted.after.time);
  statement.add(", ").bind(wanted.after.number).add(")");
  if (wanted.experiment_id) statement.add(" AND l.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" ORDER BY l.last_update_time, l.model_number LIMIT ").bind(wanted.limit);
  return read_all(session, PurgeKind::logged_model, wanted.workspace, statement);
}

Result<std::vector<Purge>> PurgeStore::deleted_experiments(sql::Session& session, const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add(select_experiments).bind(wanted.workspace);
  statement.add(" AND e.lifecycle_stage = 'deleted' AND e.last_update_time <= ").bind(wanted.before);
  statement.add(" AND e.experiment_id > ").bind(wanted.after.number);
  if (wanted.experiment_id) statement.add(" AND e.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" ORDER BY e.experiment_id LIMIT ").bind(wanted.limit);
  return read_all(session, PurgeKind::experiment, wanted.workspace, statement);
}

Result<std::vector<Purge>> PurgeStore::runs_of(sql::Session& session, const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add(select_runs).bind(wanted.workspace).add(" AND r.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" AND r.run_number > ").bind(wanted.after.number);
  statement.add(" ORDER BY r.run_number LIMIT ").bind(wanted.limit);
  return read_all(session, PurgeKind::run, wanted.workspace, statement);
}

Result<std::vector<Purge>> PurgeStore::models_of(sql::Session& session, const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add(select_models).bind(wanted.workspace).add(" AND l.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" AND l.model_number > ").bind(wanted.after.number);
  statement.add(" ORDER BY l.model_number LIMIT ").bind(wanted.limit);
  return read_all(session, PurgeKind::logged_model, wanted.workspace, statement);
}

Result<std::optional<Purge>> PurgeStore::find(sql::Session& session, PurgeKind kind, const std::string& workspace,
                                              const std::string& name) const {
  Statement statement;
  switch (kind) {
    case PurgeKind::run: statement.add(select_runs).bind(workspace).add(" AND r.run_id = ").bind(name); break;
    case PurgeKind::logged_model:
      statement.add(select_models).bind(workspace).add(" AND l.model_id = ").bind(name);
      break;
    case PurgeKind::experiment: {
      const auto id = parse_int(name);
      if (!id) return std::nullopt;
      statement.add(select_experiments).bind(workspace).add(" AND e.experiment_id = ").bind(*id);
      break;
    }
    case PurgeKind::files: return std::nullopt;
  }
  CICLO_TRY(auto found, read_all(session, kind, workspace, statement));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<bool> PurgeStore::claim_in(sql::Session& session, Purge& purge, std::int64_t now) const {
  CICLO_TRY(const bool was_there, remove_own_row(session, purge));
  if (!was_there) return false;
  CICLO_TRY(const auto row,
            session.query_one("INSERT INTO purges (workspace, kind, name, title, experiment_id, owner, blob_key, "
                              "claimed_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING purge_number",
                              {purge.workspace, name_of(purge.kind), purge.name, purge.title, purge.experiment_id,
                               purge.owner, purge.blob_key, now}));
  if (!row) return fail(ErrorCode::internal, "the database gave no number");
  purge.number = row->integer(0);
  return true;
}

Result<void> PurgeStore::finish_in(sql::Session& session, const Purge& purge) const {
  CICLO_TRY(std::ignore, session.execute("DELETE FROM purges WHERE purge_number = ?", {purge.number}));
  return {};
}

Result<std::vector<Purge>> PurgeStore::find_pending(sql::Session& session, const std::string& workspace,
                                                    std::size_t most) const {
  Statement statement;
  statement.add("SELECT ").add(claim_columns).bind(workspace).add(" ORDER BY purge_number LIMIT ").bind(most);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<Purge> pending;
  for (const sql::Row& row : rows) {
    Purge purge;
    purge.number = row.integer(0);
    purge.kind = kind_named(row.text(1));
    purge.workspace = workspace;
    purge.name = row.text(2);
    purge.title = row.text(3);
    purge.experiment_id = row.integer(4);
    purge.owner = row.integer(5);
    purge.blob_key = row.text(6);
    pending.push_back(std::move(purge));
  }
  return pending;
}

Result<bool> PurgeStore::is_orphan(sql::Session& session, const ArtifactFolder& folder) const {
  // Ids are given once: a number above the last was never an experiment's, so its folder is somebody's own.
  CICLO_TRY(const auto counter,
            session.query_one("SELECT last_id FROM experiment_counters WHERE workspace = ?", {folder.workspace}));
  if (folder.experiment_id < 0 || folder.experiment_id > (counter ? counter->integer(0) : 0)) return false;
  Statement statement;
  if (folder.kind == PurgeKind::run) {
    statement.add(select_runs).bind(folder.workspace).add(" AND r.run_id = ").bind(folder.name);
  } else if (folder.kind == PurgeKind::logged_model) {
    statement.add(select_models).bind(folder.workspace).add(" AND l.model_id = ").bind(folder.name);
  } else {
    Purge former;
    former.workspace = folder.workspace;
    former.owner = folder.experiment_id;
    CICLO_TRY(const bool is_shared, is_lived_in(session, former));
    if (is_shared) return false;
    CICLO_TRY(const auto experiment,
              find(session, PurgeKind::experiment, folder.workspace, std::to_string(folder.experiment_id)));
    if (experiment) return false;
    statement.add("SELECT 1 FROM runs WHERE workspace = ").bind(folder.workspace);
    statement.add(" AND artifact_uri LIKE ").bind(default_location(folder.experiment_id) + "/%").add(" LIMIT 1");
  }
  CICLO_TRY(const bool is_there, has_row(session, statement));
  return !is_there;
}

Result<void> PurgeStore::check_stays(sql::Session& session, const std::string& workspace,
                                     const std::string& blob_key) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT blob_key FROM purges WHERE workspace = ? AND blob_key <> ''", {workspace}));
  for (const sql::Row& row : rows) {
    if (blob_key != row.text(0) && !blob_key.starts_with(row.text(0) + "/")) continue;
    return fail(ErrorCode::conflict, "these files are being deleted for good", blob_key);
  }
  return {};
}

Result<void> PurgeStore::check_run_id(sql::Session& session, const std::string& workspace,
                                      const std::string& run_id) const {
  CICLO_TRY(const auto row, session.query_one("SELECT 1 FROM purges WHERE workspace = ? AND name = ? AND kind IN "
                                              "('run', 'files') LIMIT 1",
                                              {workspace, run_id}));
  if (!row) return {};
  return fail(ErrorCode::conflict, fmt::format("the former run '{}' is being deleted for good", run_id),
              "runs/" + run_id, "try again in a moment, or finish it with ciclo gc");
}

}  // namespace ciclo::tracking
