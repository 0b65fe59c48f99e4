// MLflow's REST endpoints for tracking, logged models and artifacts. The registry's are in src/registry.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"
#include "inner_loop/tracking/service.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// The release of MLflow whose API is served. Clients ask for it at /version and adapt to it.
inline constexpr std::string_view mlflow_version = "3.6.0";

// The services of tracking together, as apps/ builds them. Thread safety: as its parts.
struct Tracking {
  Tracking(sql::Database& database, const Clock& clock, WorkspaceCheck check_workspace = {})
      : experiments(database, clock, std::move(check_workspace)),
        runs(database, clock, experiments),
        models(database, clock) {}
  ExperimentService experiments;
  RunService runs;
  LoggedModelService models;
};

// Where artifacts are read and written.
struct ArtifactParts {
  // NOLINTNEXTLINE(google-explicit-constructor): most callers have a store alone
  ArtifactParts(blobs::BlobStore& store, SharedArtifacts* more = nullptr, MakeLink links = {})
      : blobs(store), shared(more), make_link(std::move(links)) {}
  blobs::BlobStore& blobs;
  SharedArtifacts* shared;  // may be null
  MakeLink make_link;       // without it nothing is offered that needs links: parts, presigned addresses
};

// All of them. The arguments must outlive the router.
Result<void> add_tracking_routes(http::Router& router, Tracking& tracking, ArtifactParts artifacts);

// By area; called by add_tracking_routes.
Result<void> add_experiment_routes(http::Router& router, ExperimentService& experiments);
Result<void> add_run_routes(http::Router& router, RunService& runs);
Result<void> add_metric_routes(http::Router& router, RunService& runs);
Result<void> add_comparison_routes(http::Router& router, RunService& runs);
Result<void> add_logged_model_routes(http::Router& router, LoggedModelService& models, blobs::BlobStore& blobs);
// What MLflow has and Ciclo does not is answered in MLflow's form; and the version of the API below a workspace.
Result<void> add_fallback_routes(http::Router& router);
Result<void> add_artifact_routes(http::Router& router, RunService& runs, ArtifactParts artifacts);
// Uploads in parts, as MLflow's clients send large files.
Result<void> add_multipart_routes(http::Router& router, const ArtifactParts& artifacts);
// Addresses for clients that bring no credential of their own.
Result<void> add_presigned_routes(http::Router& router, Tracking& tracking, const ArtifactParts& artifacts);
// Ciclo's own, below /api/v1/workspaces/{workspace}/runs/{run_id}/artifacts: as those of a datastore.
Result<void> add_run_artifact_routes(http::Router& router, RunService& runs, blobs::BlobStore& blobs);

}  // namespace ciclo::tracking
