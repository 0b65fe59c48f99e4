// The routes by which `ciclo import mlflow` brings what another MLflow store holds: /api/v1/workspaces/{workspace}/
// import/… Bodies are batches of MLflow's JSON; docs/moving-from-mlflow.md describes them.
#pragma once

#include "inner_loop/tracking/import_routes.hpp"
#include "inner_loop/tracking/import_service.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"

namespace ciclo::tracking {

inline constexpr std::size_t max_import_points = 100'000;

// The arguments must outlive the router.
Result<void> add_import_routes(http::Router& router, ImportService& imports, blobs::BlobStore& blobs);

}  // namespace ciclo::tracking
