// MLflow 3's endpoints of scorers (…/api/3.0/mlflow/scorers/…) and evaluation data sets (…/api/3.0/mlflow/datasets/…),
// and the routes by which an import brings them: /api/v1/workspaces/{workspace}/import/scorers, …/evaluation-datasets
// and …/evaluation-records (docs/moving-from-mlflow.md).
#pragma once

#include "inner_loop/evaluation/import_service.hpp"
#include "inner_loop/evaluation/service.hpp"
#include "platform/http/router.hpp"

namespace ciclo::evaluation {

// The services must outlive the router.
Result<void> add_scorer_routes(http::Router& router, ScorerService& scorers);
Result<void> add_dataset_routes(http::Router& router, DatasetService& datasets);
// At most 1000 items a call, and max_records_of_a_call records.
Result<void> add_import_routes(http::Router& router, EvaluationImport& imports);

}  // namespace ciclo::evaluation
