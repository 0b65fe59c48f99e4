// The bodies of the import's requests: MLflow's JSON of each noun, with what its API cannot say beside it
// (docs/moving-from-mlflow.md). Failures are ErrorCode::invalid and name the field.
//
// Thread safety: pure functions.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/import_types.hpp"

namespace ciclo::tracking {

// {"experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time", "tags"}
Result<Experiment> imported_experiment(const Json& item);
// MLflow's Run; info also has "deleted_time".
Result<ImportedRun> imported_run(const Json& item);
// MLflow's LoggedModel; info also has "lifecycle_stage". The run of each metric is its "run_id".
Result<ImportedModel> imported_model(const Json& item);
// {"run_id", "metrics": [{"key", "steps": […], "timestamps": […], "values": […]}]}, the three lists of one length.
Result<std::vector<ImportedHistory>> imported_histories(const Json& item);

Json to_json(const ImportOutcome& outcome);

}  // namespace ciclo::tracking
