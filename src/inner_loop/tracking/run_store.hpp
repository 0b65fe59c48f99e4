// The rows of runs with their parameters, tags, inputs and outputs. The job controller uses it inside its own
// transaction: a job and its run appear together, and the run's id is the job's name.
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

struct RunRef {
  std::string workspace;
  std::string run_id;
};

struct NewRun {
  std::string workspace;
  std::string run_id;  // a job's name; empty: 32 hexadecimal digits are made up
  // The experiment by its id, or when that is not given by its name, found or created ("" means Default).
  std::optional<std::int64_t> experiment_id;
  std::string experiment_name;
  std::string name;  // display name; a friendly one is made up when it is empty
  std::string user;
  std::string parent_run_id;  // becomes the tag mlflow.parentRunId
  RunStatus status = RunStatus::running;
  std::int64_t start_time = 0;  // Unix ms
  std::vector<Param> params;
  std::vector<Tag> tags;
  // The run of a job: clients cannot change its status, so a script's end_run() does not end the job.
  bool is_managed = false;
};

// Which details to load; without a list: all of that kind.
inline constexpr std::size_t max_search_keys = 1000;
struct DetailKeys {
  std::optional<std::vector<std::string>> metrics;
  std::optional<std::vector<std::string>> params;
  std::optional<std::vector<std::string>> tags;
};

class RunStore {
 public:
  // Fails with already_exists when the workspace has a run of that id, not_found for an unknown experiment id, invalid
  // when the experiment is deleted.
  Result<Run> create_run_in(sql::Session& session, NewRun request) const;
  // Sets the status of a run; `end_time` only for one that is over. Also of a managed one.
  Result<void> set_status_in(sql::Session& session, const RunRef& ref, RunStatus status,
                             std::optional<std::int64_t> end_time) const;
  // The run is over. Succeeds when it is over already.
  Result<void> end_run_in(sql::Session& session, const RunRef& ref, RunStatus status, std::int64_t end_time) const {
    return set_status_in(session, ref, status, end_time);
  }
  Result<void> set_tags_in(sql::Session& session, const RunRef& ref, const std::vector<Tag>& tags) const;
  // The same value again is fine; another value for a parameter that is there fails with invalid.
  Result<void> log_params_in(sql::Session& session, const RunRef& ref, const std::vector<Param>& params) const;
  // Tolerates observations that are there already; see MetricStore.
  Result<void> log_metrics_in(sql::Session& session, const RunRef& ref, const std::vector<Metric>& metrics) const;

  // The run without its details. get() fails with not_found, get_active() also with invalid when it is deleted.
  Result<std::optional<Run>> find(sql::Session& session, const RunRef& ref) const;
  Result<Run> get(sql::Session& session, const RunRef& ref) const;
  Result<Run> get_active(sql::Session& session, const RunRef& ref) const;
  // Fills in latest metrics, params, tags, inputs and outputs of all of them, by a few statements for all.
  Result<void> load_details(sql::Session& session, std::vector<Run>& runs, const DetailKeys& keys = {}) const;

  // Writes status and end_time. A name is changed by its tag.
  Result<void> update_in(sql::Session& session, const Run& run) const;
  Result<void> set_lifecycle_in(sql::Session& session, const Run& run, Lifecycle stage, std::int64_t now) const;
  // Fails with not_found when the run has no such tag.
  Result<void> delete_tag_in(sql::Session& session, const Run& run, const std::string& key) const;
  Result<void> log_inputs_in(sql::Session& session, const Run& run, const std::vector<DatasetInput>& datasets,
                             const std::vector<ModelUse>& models) const;
  Result<void> log_outputs_in(sql::Session& session, const Run& run, const std::vector<ModelUse>& models) const;
};

// The columns that run_from() reads, of the table `runs` named `r`.
inline constexpr std::string_view run_columns =
    "r.workspace, r.run_number, r.run_id, r.experiment_id, r.name, r.user_id, r.status, r.start_time, r.end_time, "
    "r.lifecycle_stage, r.artifact_uri, r.is_managed, r.experiment_number";
inline constexpr std::size_t run_column_count = 13;
Run run_from(const sql::Row& row);

inline constexpr std::string_view run_name_tag = "mlflow.runName";
inline constexpr std::string_view parent_run_tag = "mlflow.parentRunId";

}  // namespace ciclo::tracking
