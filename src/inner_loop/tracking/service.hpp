// The rules of tracking, one call a transaction. Callers were admitted by the Guard; these check what MLflow checks:
// lifecycles, limits, uniqueness.
//
// Experiment ids count per workspace, and "0" is the workspace's Default, made when it is first needed. See
// docs/mlflow.md for the choice.
//
// Errors: invalid for what is wrong with the request (also writing to a deleted run), not_found, already_exists.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/limits.hpp"
#include "inner_loop/tracking/metric_store.hpp"
#include "inner_loop/tracking/run_search.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

struct NewExperiment {
  std::string workspace;
  std::string name;
  std::string artifact_location;
  std::vector<Tag> tags;
};

// Fails with not_found when there is no such workspace. Empty: every name is one.
using WorkspaceCheck = std::function<Result<void>(sql::Session&, const std::string& workspace)>;

class ExperimentService {
 public:
  ExperimentService(sql::Database& database, const Clock& clock, WorkspaceCheck check_workspace)
      : database_(database), clock_(clock), check_workspace_(std::move(check_workspace)) {}

  Result<Experiment> create(const NewExperiment& request);
  Result<Experiment> get(const std::string& workspace, std::int64_t id);
  // Also a deleted one.
  Result<Experiment> get_by_name(const std::string& workspace, const std::string& name);
  Result<void> rename(const std::string& workspace, std::int64_t id, const std::string& name);
  Result<void> remove(const std::string& workspace, std::int64_t id);
  Result<void> restore(const std::string& workspace, std::int64_t id);
  Result<void> set_tag(const std::string& workspace, std::int64_t id, const Tag& tag);
  Result<void> delete_tag(const std::string& workspace, std::int64_t id, const std::string& key);
  Result<Page<Experiment>> search(const SearchRequest& request);
  // The data sets that runs of these experiments used, each once for every context; at most 1000.
  Result<std::vector<DatasetSummary>> search_datasets(const std::string& workspace,
                                                      const std::vector<std::int64_t>& experiments);
  // Checks the workspace and makes its Default, once; cheap afterwards.
  Result<void> ensure_default(const std::string& workspace);

 private:
  struct ExperimentRef {
    const std::string& workspace;
    std::int64_t id = 0;
  };
  template <class Change>
  Result<void> change(const ExperimentRef& ref, Lifecycle needed, ErrorCode otherwise, Change change);

  sql::Database& database_;
  const Clock& clock_;
  const WorkspaceCheck check_workspace_;
  ExperimentStore store_;
  std::mutex mutex_;
  std::set<std::string> has_default_;
};

struct RunUpdate {
  RunRef ref;
  std::optional<RunStatus> status;
  std::optional<std::int64_t> end_time;
  std::string name;  // empty: as it is
};

struct RunInputs {
  std::vector<DatasetInput> datasets;
  std::vector<ModelUse> models;
};

// Told of a run's new data sets, within the transaction that logs them.
using InputsLogged = std::function<Result<void>(sql::Session&, const Run& run)>;

class RunService {
 public:
  RunService(sql::Database& database, const Clock& clock, ExperimentService& experiments)
      : database_(database), clock_(clock), experiments_(experiments) {}

  Result<Run> create(NewRun request);
  // With details.
  Result<Run> get(const RunRef& ref);
  // With the asked-for details, in the order of the ids. Fails with not_found naming the first that is not there.
  Result<std::vector<Run>> get_many(const std::string& workspace, const std::vector<std::string>& run_ids,
                                    const DetailKeys& keys);
  // A managed run (a job's) keeps its status.
  Result<Run> update(const RunUpdate& request);
  // Deletes or restores; a run that is in the stage already stays as it is.
  Result<void> set_lifecycle(const RunRef& ref, Lifecycle stage);
  Result<void> log_metric(const RunRef& ref, const Metric& metric);
  Result<void> log_param(const RunRef& ref, const Param& param);
  Result<void> log_batch(const RunRef& ref, const Batch& batch);
  Result<void> set_tag(const RunRef& ref, const Tag& tag);
  Result<void> delete_tag(const RunRef& ref, const std::string& key);
  Result<void> log_inputs(const RunRef& ref, const RunInputs& inputs);
  // Before anything is served.
  void when_inputs_are_logged(InputsLogged told) { inputs_logged_ = std::move(told); }
  Result<void> log_outputs(const RunRef& ref, const std::vector<ModelUse>& models);
  // MLflow 2's record of a logged model: its MLmodel as JSON, appended to the tag mlflow.log-model.history.
  Result<void> log_model(const RunRef& ref, const std::string& model_json);
  Result<Page<Run>> search(const SearchRequest& request);

  // One page of a metric's history, by an opaque token.
  Result<Page<Metric>> history(HistoryRequest request, const std::string& page_token);
  Result<std::vector<Metric>> sample(const SampleRequest& request);

 private:
  sql::Database& database_;
  const Clock& clock_;
  ExperimentService& experiments_;
  InputsLogged inputs_logged_;
  RunStore store_;
  MetricStore metrics_;
};

}  // namespace ciclo::tracking
