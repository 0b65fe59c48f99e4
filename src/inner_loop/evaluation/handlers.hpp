// MLflow 3's endpoints of scorers (…/api/3.0/mlflow/scorers/…) and evaluation data sets (…/api/3.0/mlflow/datasets/…).
#pragma once

#include "inner_loop/evaluation/service.hpp"
#include "platform/http/router.hpp"

namespace ciclo::evaluation {

// The services must outlive the router.
Result<void> add_scorer_routes(http::Router& router, ScorerService& scorers);
Result<void> add_dataset_routes(http::Router& router, DatasetService& datasets);

}  // namespace ciclo::evaluation
