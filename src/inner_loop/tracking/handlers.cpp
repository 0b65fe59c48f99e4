#include "inner_loop/tracking/handlers.hpp"

#include <fmt/format.h>

#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

http::Response endpoint_not_found(const http::Request& request) {
  return http::Response::json(
      {{"error_code", "ENDPOINT_NOT_FOUND"},
       {"message", fmt::format("there is no endpoint {} {}", http::name_of(request.method), request.path)}},
      404);
}

// What newer clients ask before they choose how to upload and whether there are MLflow's own workspaces.
Json server_info() {
  return {{"store_type", "SqlStore"},
          {"workspaces_enabled", false},
          {"trace_archival_enabled", false},
          {"multipart_uploads_enabled", false},
          {"multipart_downloads_enabled", false},
          {"presigned_upload_run_id_supported", false},
          {"presigned_upload_model_id_supported", false},
          {"features_enabled", {{"gateway", false}}}};
}

}  // namespace

Result<void> add_fallback_routes(http::Router& router) {
  MlflowRoutes routes(router);
  for (const std::string_view api : {"/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"})
    for (const http::Method method :
         {http::Method::get, http::Method::post, http::Method::put, http::Method::patch, http::Method::del}) {
      CICLO_CHECK(routes.add_raw(
          {.method = method,
           .path = fmt::format("{}/mlflow/{{rest*}}", api),
           .action = "workspace/read",
           .summary = "MLflow: endpoints that are not offered",
           .handler = [](http::Request& request) -> Result<http::Response> { return endpoint_not_found(request); },
           .concerns = {concerns::nothing()}}));
    }
  http::Route version;
  version.pattern = "/workspaces/{workspace}/version";
  version.access = http::Access::open;
  version.execution = http::Execution::io;
  version.summary = "MLflow: the version of its API that is served";
  version.tag = "mlflow";
  version.handler = [](http::Request&) -> Result<http::Response> {
    return http::Response::text(std::string(mlflow_version));
  };
  return router.add(std::move(version));
}

Result<void> add_tracking_routes(http::Router& router, Tracking& tracking, ArtifactParts artifacts) {
  CICLO_CHECK(add_experiment_routes(router, tracking.experiments));
  CICLO_CHECK(add_run_routes(router, tracking.runs));
  CICLO_CHECK(add_metric_routes(router, tracking.runs));
  CICLO_CHECK(add_comparison_routes(router, tracking.runs));
  CICLO_CHECK(add_logged_model_routes(router, tracking.models, artifacts.blobs));
  CICLO_CHECK(add_artifact_routes(router, tracking.runs, artifacts));
  CICLO_CHECK(MlflowRoutes(router).add({.method = http::Method::get,
                                        .path = "server-info",
                                        .action = "workspace/read",
                                        .summary = "MLflow: what the server can do",
                                        .handler = [](Call&) -> Result<Json> { return server_info(); },
                                        .version = "3.0"}));
  CICLO_CHECK(add_multipart_routes(router, artifacts));
  CICLO_CHECK(add_presigned_routes(router, tracking, artifacts));
  CICLO_CHECK(add_run_artifact_routes(router, tracking.runs, artifacts.blobs));
  return add_fallback_routes(router);
}

}  // namespace ciclo::tracking
