#include "inner_loop/tracking/experiment_store.hpp"

#include <fmt/format.h>

#include <map>

#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view insert_experiment =
    "INSERT INTO experiments (workspace, experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
    "last_update_time) VALUES (?, ?, ?, ?, 'active', ?, ?) ON CONFLICT DO NOTHING";

constexpr std::int64_t max_dataset_summaries = 1000;

std::string artifact_location_of(std::int64_t id) {
  return fmt::format("mlflow-artifacts:/{}", id);
}

Result<std::int64_t> next_id(sql::Session& session, const std::string& workspace) {
  CICLO_TRY(
      const auto row,
      session.query_one("INSERT INTO experiment_counters (workspace, last_id) VALUES (?, 1) ON CONFLICT (workspace) "
                        "DO UPDATE SET last_id = experiment_counters.last_id + 1 RETURNING last_id",
                        {workspace}));
  if (!row) return fail(ErrorCode::internal, "the database gave no experiment id");
  return row->integer(0);
}

Result<std::optional<Experiment>> find_where(sql::Session& session, std::string_view condition, sql::Value workspace,
                                             sql::Value value) {
  Statement statement;
  statement.add("SELECT ")
      .add(experiment_columns)
      .add(" FROM experiments e WHERE e.workspace = ")
      .bind(std::move(workspace));
  statement.add(" AND ").add(condition).add(" = ").bind(std::move(value));
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty()) return std::nullopt;
  std::vector<Experiment> found{experiment_from(rows.front())};
  CICLO_CHECK(ExperimentStore().load_tags(session, found));
  return std::move(found.front());
}

}  // namespace

Experiment experiment_from(const sql::Row& row) {
  Experiment experiment;
  experiment.workspace = row.text(0);
  experiment.id = row.integer(1);
  experiment.name = row.text(2);
  experiment.artifact_location = row.text(3);
  experiment.stage = row.text(4) == "active" ? Lifecycle::active : Lifecycle::deleted;
  experiment.creation_time = row.integer(5);
  experiment.last_update_time = row.integer(6);
  return experiment;
}

Result<void> ExperimentStore::ensure_default_in(sql::Session& session, const std::string& workspace,
                                                std::int64_t now) const {
  CICLO_TRY(std::ignore,
            session.execute(insert_experiment, {workspace, 0, "Default", artifact_location_of(0), now, now}));
  return {};
}

Result<Experiment> ExperimentStore::create_in(sql::Session& session, Experiment experiment) const {
  CICLO_TRY(const auto taken, find_by_name(session, experiment.workspace, experiment.name));
  if (taken) {
    const bool deleted = taken->stage == Lifecycle::deleted;
    return fail(ErrorCode::already_exists,
                fmt::format("Experiment '{}' already exists{}", experiment.name, deleted ? " in deleted state" : ""),
                "experiments/" + experiment.name,
                deleted ? "restore it, delete it for good (ciclo experiment delete --permanent), or choose another name"
                        : "get it by its name, or choose another name");
  }
  CICLO_TRY(experiment.id, next_id(session, experiment.workspace));
  if (experiment.artifact_location.empty()) experiment.artifact_location = artifact_location_of(experiment.id);
  CICLO_TRY(const auto inserted,
            session.execute(insert_experiment,
                            {experiment.workspace, experiment.id, experiment.name, experiment.artifact_location,
                             experiment.creation_time, experiment.last_update_time}));
  if (inserted == 0) {
    return fail(ErrorCode::already_exists, fmt::format("Experiment '{}' already exists", experiment.name),
                "experiments/" + experiment.name);
  }
  for (const Tag& tag : experiment.tags) CICLO_CHECK(set_tag_in(session, experiment, tag));
  return experiment;
}

Result<Experiment> ExperimentStore::find_or_create_in(sql::Session& session, const std::string& workspace,
                                                      const std::string& name, std::int64_t now) const {
  CICLO_CHECK(ensure_default_in(session, workspace, now));
  CICLO_TRY(auto found, find_by_name(session, workspace, name.empty() ? "Default" : name));
  if (!found) {
    return create_in(session, {.workspace = workspace, .name = name, .creation_time = now, .last_update_time = now});
  }
  if (found->stage == Lifecycle::deleted) {
    return fail(ErrorCode::conflict, fmt::format("the experiment '{}' is deleted", name), "experiments/" + name,
                "restore it, or choose another name");
  }
  return std::move(*found);
}

Result<std::optional<Experiment>> ExperimentStore::find(sql::Session& session, const std::string& workspace,
                                                        std::int64_t id) const {
  return find_where(session, "e.experiment_id", workspace, id);
}

Result<Experiment> ExperimentStore::get(sql::Session& session, const std::string& workspace, std::int64_t id) const {
  CICLO_TRY(auto found, find(session, workspace, id));
  if (!found) return fail(ErrorCode::not_found, fmt::format("No Experiment with id={} exists", id), "experiments");
  return std::move(*found);
}

Result<std::optional<Experiment>> ExperimentStore::find_by_name(sql::Session& session, const std::string& workspace,
                                                                const std::string& name) const {
  return find_where(session, "e.name", workspace, name);
}

Result<void> ExperimentStore::load_tags(sql::Session& session, std::vector<Experiment>& experiments) const {
  for (std::size_t begin = 0; begin < experiments.size(); begin += max_bound_list) {
    const std::size_t end = std::min<std::size_t>(begin + max_bound_list, experiments.size());
    std::map<std::int64_t, Experiment*> by_id;
    std::vector<std::int64_t> ids;
    for (std::size_t i = begin; i < end; ++i) {
      by_id[experiments[i].id] = &experiments[i];
      ids.push_back(experiments[i].id);
    }
    Statement statement;
    statement.add("SELECT experiment_id, key, value FROM experiment_tags WHERE workspace = ")
        .bind(experiments[begin].workspace);
    statement.add(" AND experiment_id IN ").bind_list(ids).add(" ORDER BY experiment_id, key");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) by_id[row.integer(0)]->tags.push_back({row.text(1), row.text(2)});
  }
  return {};
}

Result<std::vector<DatasetSummary>> ExperimentStore::search_datasets(
    sql::Session& session, const std::string& workspace, const std::vector<std::int64_t>& experiments) const {
  Statement statement;
  statement
      .add(
          "SELECT DISTINCT d.experiment_id, d.name, d.digest, u.context FROM datasets d JOIN run_datasets u ON "
          "u.dataset_number = d.dataset_number WHERE d.workspace = ")
      .bind(workspace);
  statement.add(" AND d.experiment_id IN ").bind_list(experiments);
  statement.add(" ORDER BY d.experiment_id, d.name, d.digest, u.context LIMIT ").bind(max_dataset_summaries);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<DatasetSummary> summaries;
  for (const sql::Row& row : rows) summaries.push_back({row.integer(0), row.text(1), row.text(2), row.text(3)});
  return summaries;
}

Result<void> ExperimentStore::rename_in(sql::Session& session, const Experiment& experiment, const std::string& name,
                                        std::int64_t now) const {
  CICLO_TRY(const auto taken, find_by_name(session, experiment.workspace, name));
  if (taken && taken->id != experiment.id) {
    return fail(ErrorCode::already_exists, fmt::format("Experiment '{}' already exists", name), "experiments/" + name);
  }
  CICLO_TRY(std::ignore,
            session.execute("UPDATE experiments SET name = ?, last_update_time = ? WHERE workspace = ? AND "
                            "experiment_id = ?",
                            {name, now, experiment.workspace, experiment.id}));
  return {};
}

Result<void> ExperimentStore::delete_in(sql::Session& session, const Experiment& experiment, std::int64_t now) const {
  CICLO_TRY(std::ignore,
            session.execute("UPDATE experiments SET lifecycle_stage = 'deleted', last_update_time = ? WHERE "
                            "workspace = ? AND experiment_id = ?",
                            {now, experiment.workspace, experiment.id}));
  CICLO_TRY(
      std::ignore,
      session.execute("UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE experiment_number = (SELECT "
                      "experiment_number FROM experiment_numbers WHERE workspace = ? AND experiment_id = ?) AND "
                      "lifecycle_stage = 'active'",
                      {now, experiment.workspace, experiment.id}));
  return {};
}

Result<void> ExperimentStore::restore_in(sql::Session& session, const Experiment& experiment, std::int64_t now) const {
  CICLO_TRY(std::ignore,
            session.execute("UPDATE runs SET lifecycle_stage = 'active', deleted_time = NULL WHERE experiment_number = "
                            "(SELECT experiment_number FROM experiment_numbers WHERE workspace = ? AND experiment_id = "
                            "?) AND lifecycle_stage = 'deleted' AND deleted_time = ?",
                            {experiment.workspace, experiment.id, experiment.last_update_time}));
  CICLO_TRY(std::ignore,
            session.execute("UPDATE experiments SET lifecycle_stage = 'active', last_update_time = ? WHERE "
                            "workspace = ? AND experiment_id = ?",
                            {now, experiment.workspace, experiment.id}));
  return {};
}

Result<void> ExperimentStore::set_tag_in(sql::Session& session, const Experiment& experiment, const Tag& tag) const {
  CICLO_TRY(std::ignore,
            session.execute("INSERT INTO experiment_tags (workspace, experiment_id, key, value) VALUES (?, ?, ?, ?) ON "
                            "CONFLICT (workspace, experiment_id, key) DO UPDATE SET value = excluded.value",
                            {experiment.workspace, experiment.id, tag.key, tag.value}));
  return {};
}

Result<void> ExperimentStore::delete_tag_in(sql::Session& session, const Experiment& experiment,
                                            const std::string& key) const {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM experiment_tags WHERE workspace = ? AND experiment_id = ? AND key = ?",
                            {experiment.workspace, experiment.id, key}));
  if (removed == 0) {
    return fail(ErrorCode::not_found, fmt::format("No tag '{}' on experiment {}", key, experiment.id), "experiments");
  }
  return {};
}

}  // namespace ciclo::tracking
