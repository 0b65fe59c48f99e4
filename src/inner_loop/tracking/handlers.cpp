#include "inner_loop/tracking/handlers.hpp"

namespace ciclo::tracking {

Result<void> add_tracking_routes(http::Router& router, Tracking& tracking, ArtifactParts artifacts) {
  CICLO_CHECK(add_experiment_routes(router, tracking.experiments));
  CICLO_CHECK(add_run_routes(router, tracking.runs));
  CICLO_CHECK(add_metric_routes(router, tracking.runs));
  CICLO_CHECK(add_logged_model_routes(router, tracking.models, artifacts.blobs));
  return add_artifact_routes(router, tracking.runs, artifacts);
}

}  // namespace ciclo::tracking
