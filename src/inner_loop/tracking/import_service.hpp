// Takes in what another MLflow store holds, as it stands there. Every call is one transaction and may be repeated: what
// is here already is found by its id (an experiment by its name), what is new comes in, and what is here with another
// content is told and left alone. So an import that was cut off is simply run again.
//
// A run that is here and still running takes its end from the source. The items of a call that are malformed are
// refused one by one; the others come in.
//
// Errors: not_found for an unknown workspace; invalid for a request as a whole.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/import_store.hpp"
#include "inner_loop/tracking/import_types.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"
#include "inner_loop/tracking/service.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

class ImportService {
 public:
  ImportService(sql::Database& database, ExperimentService& experiments)
      : database_(database), experiments_service_(experiments) {}

  // An experiment keeps its id when that is free. `artifact_location` is kept when it is given.
  Result<std::vector<ImportOutcome>> experiments(const std::string& workspace, std::vector<Experiment> items);
  Result<std::vector<ImportOutcome>> runs(const std::string& workspace, const std::vector<ImportedRun>& items);
  Result<ImportCounts> metrics(const std::string& workspace, std::vector<ImportedHistory> items);
  Result<std::vector<ImportOutcome>> models(const std::string& workspace, const std::vector<ImportedModel>& items);

  // Which of these are here: the experiments' ids by name, and the runs.
  struct Known {
    std::vector<Experiment> experiments;
    std::vector<std::string> runs;
  };
  Result<Known> known(const std::string& workspace, const std::vector<std::string>& experiment_names,
                      const std::vector<std::string>& run_ids);

 private:
  Result<ImportOutcome> experiment_in(sql::Session& session, Experiment item) const;
  Result<ImportOutcome> run_in(sql::Session& session, const ImportedRun& item) const;
  Result<void> create_run_in(sql::Session& session, const ImportedRun& item, const Experiment& experiment) const;
  Result<ImportOutcome> merge_run_in(sql::Session& session, Run run, const Run& there) const;
  Result<ImportOutcome> model_in(sql::Session& session, const ImportedModel& item) const;
  Result<ImportOutcome> merge_model_in(sql::Session& session, const LoggedModel& there) const;
  // What is new of one run's histories; counts the rest.
  Result<void> histories_in(sql::Session& session, const Run& run, const std::vector<ImportedHistory*>& histories,
                            ImportCounts& counts) const;

  sql::Database& database_;
  ExperimentService& experiments_service_;
  ExperimentStore experiment_store_;
  RunStore run_store_;
  MetricStore metric_store_;
  LoggedModelStore model_store_;
  ImportStore store_;
};

}  // namespace ciclo::tracking
