// The statements that only an import needs, beside the stores: ids, times and lifecycles that were given elsewhere. The
// only file of the import that holds SQL.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include "base/error.hpp"
#include "inner_loop/tracking/import_types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

class ImportStore {
 public:
  // Inserts it with the id it has, which must be free; later experiments count on from there, unless it is one of the
  // huge ids of file stores.
  Result<void> insert_experiment_in(sql::Session& session, const Experiment& experiment) const;
  // Stage and times of an experiment, and nothing of its runs.
  Result<void> set_experiment_in(sql::Session& session, const Experiment& experiment) const;
  Result<void> set_run_stage_in(sql::Session& session, const Run& run, std::optional<std::int64_t> deleted_time) const;
  Result<std::optional<std::int64_t>> deleted_time(sql::Session& session, const Run& run) const;
  // Lifecycle and status message of a logged model.
  Result<void> set_model_in(sql::Session& session, const ImportedModel& model) const;
  // Also a deleted one. Nothing but its experiment, name, run and time.
  Result<std::optional<LoggedModel>> find_model(sql::Session& session, const std::string& workspace,
                                                const std::string& model_id) const;
  // The latest of each run, key and data set are kept.
  Result<void> put_model_metrics_in(sql::Session& session, const LoggedModel& model) const;
};

}  // namespace ciclo::tracking
