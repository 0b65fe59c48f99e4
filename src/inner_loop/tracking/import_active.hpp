// Makes what is deleted active while something is put into it, and deleted again as it was: within one transaction, so
// that nobody sees it. The stores refuse to write to what is deleted.
//
// Thread safety: in the session it is handed.
#pragma once

#include <optional>
#include <utility>

#include "inner_loop/tracking/import_store.hpp"

namespace ciclo::tracking {

class ActiveExperiment {
 public:
  ActiveExperiment(sql::Session& session, Experiment experiment)
      : session_(session), experiment_(std::move(experiment)), stage_(experiment_.stage) {}
  Result<void> begin() { return set(Lifecycle::active); }
  Result<void> end() { return set(stage_); }

 private:
  Result<void> set(Lifecycle stage) {
    if (stage_ == Lifecycle::active) return {};
    experiment_.stage = stage;
    return ImportStore().set_experiment_in(session_, experiment_);
  }

  sql::Session& session_;
  Experiment experiment_;
  Lifecycle stage_;
};

class ActiveRun {
 public:
  // `run` without details is enough.
  ActiveRun(sql::Session& session, Run run) : session_(session), run_(std::move(run)), stage_(run_.stage) {}
  Result<void> begin() {
    if (stage_ == Lifecycle::active) return {};
    CICLO_TRY(deleted_time_, ImportStore().deleted_time(session_, run_));
    run_.stage = Lifecycle::active;
    return ImportStore().set_run_stage_in(session_, run_, std::nullopt);
  }
  Result<void> end() {
    if (stage_ == Lifecycle::active) return {};
    run_.stage = stage_;
    return ImportStore().set_run_stage_in(session_, run_, deleted_time_);
  }

 private:
  sql::Session& session_;
  Run run_;
  Lifecycle stage_;
  std::optional<std::int64_t> deleted_time_;
};

}  // namespace ciclo::tracking
