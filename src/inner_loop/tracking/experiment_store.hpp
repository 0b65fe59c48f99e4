// The rows of experiments. No rules of access here.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

class ExperimentStore {
 public:
  // Makes the workspace's experiment 0, "Default", when it is missing.
  Result<void> ensure_default_in(sql::Session& session, const std::string& workspace, std::int64_t now) const;
  // Gives it the workspace's next id, and an artifact location when it has none. Fails with already_exists when the
  // name is taken, also by a deleted experiment.
  Result<Experiment> create_in(sql::Session& session, Experiment experiment) const;
  // The active experiment of that name, made when there is none ("" means Default). Fails with conflict when it is
  // deleted.
  Result<Experiment> find_or_create_in(sql::Session& session, const std::string& workspace, const std::string& name,
                                       std::int64_t now) const;

  Result<std::optional<Experiment>> find(sql::Session& session, const std::string& workspace, std::int64_t id) const;
  // Fails with not_found.
  Result<Experiment> get(sql::Session& session, const std::string& workspace, std::int64_t id) const;
  Result<std::optional<Experiment>> find_by_name(sql::Session& session, const std::string& workspace,
                                                 const std::string& name) const;
  // Fills in the tags of all of them.
  Result<void> load_tags(sql::Session& session, std::vector<Experiment>& experiments) const;

  // The data sets that runs of these experiments used, by experiment and name; at most 1000. `experiments`: not empty.
  Result<std::vector<DatasetSummary>> search_datasets(sql::Session& session, const std::string& workspace,
                                                      const std::vector<std::int64_t>& experiments) const;

  Result<void> rename_in(sql::Session& session, const Experiment& experiment, const std::string& name,
                         std::int64_t now) const;
  // Its active runs are deleted with it; restoring brings exactly those back.
  Result<void> delete_in(sql::Session& session, const Experiment& experiment, std::int64_t now) const;
  Result<void> restore_in(sql::Session& session, const Experiment& experiment, std::int64_t now) const;
  Result<void> set_tag_in(sql::Session& session, const Experiment& experiment, const Tag& tag) const;
  // Fails with not_found when it has no such tag.
  Result<void> delete_tag_in(sql::Session& session, const Experiment& experiment, const std::string& key) const;
};

// The columns that experiment_from() reads, of the table `experiments` named `e`.
inline constexpr std::string_view experiment_columns =
    "e.workspace, e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage, e.creation_time, e.last_update_time";
Experiment experiment_from(const sql::Row& row);

}  // namespace ciclo::tracking
