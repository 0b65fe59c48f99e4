// MLflow's presigned addresses: the same proxy, by links that need no credential and end by themselves.
#include <fmt/format.h>

#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::int64_t default_upload_seconds = 900;
constexpr std::int64_t default_download_seconds = 300;
constexpr std::int64_t longest_seconds = std::int64_t{7} * 24 * 3600;

Failure no_links() {
  return fail(ErrorCode::unsupported, "Presigned addresses are not offered");
}

Result<std::chrono::seconds> life_of(const Arguments& arguments, std::int64_t otherwise) {
  CICLO_TRY(const auto given, arguments.integer("expiration"));
  const std::int64_t seconds = given.value_or(otherwise);
  if (seconds >= 1 && seconds <= longest_seconds) return std::chrono::seconds(seconds);
  return fail(ErrorCode::invalid,
              fmt::format("expiration must be between 1 and {} seconds (got {})", longest_seconds, seconds),
              "expiration");
}

// The link to a path of the proxy.
Result<std::string> link_to(const ArtifactParts& parts, const LinkWish& wish) {
  const std::string& workspace = wish.asked_by.parameter("workspace");
  return parts.make_link({.asked_by = wish.asked_by,
                          .method = wish.method,
                          .path = fmt::format("{}{}/api/2.0/mlflow-artifacts/artifacts/{}",
                                              workspace.empty() ? "" : "/workspaces/", workspace, wish.path),
                          .life = wish.life});
}

Result<std::string> artifact_uri_of(Tracking& tracking, const Call& call) {
  CICLO_TRY(const auto run_id, call.arguments.text("run_id"));
  CICLO_TRY(const auto model_id, call.arguments.text("model_id"));
  if (run_id.empty() == model_id.empty())
    return fail(ErrorCode::invalid, "Exactly one of run_id and model_id must be provided", "run_id");
  if (!run_id.empty()) {
    CICLO_TRY(auto run, tracking.runs.get({.workspace = call.workspace, .run_id = run_id}));
    return std::move(run.artifact_uri);
  }
  CICLO_TRY(auto model, tracking.models.get({.workspace = call.workspace, .model_id = model_id}));
  return std::move(model.artifact_uri);
}

Result<Json> upload_url(Tracking& tracking, const ArtifactParts& parts, const Call& call) {
  if (!parts.make_link) return no_links();
  CICLO_TRY(const auto path, call.arguments.required_text("path"));
  CICLO_TRY(const auto life, life_of(call.arguments, default_upload_seconds));
  CICLO_TRY(const auto artifact_uri, artifact_uri_of(tracking, call));
  CICLO_TRY(const auto proxied, proxied_path(artifact_uri, path));
  CICLO_TRY(auto url, link_to(parts, {call.request, http::Method::put, proxied, life}));
  return Json{{"presigned_url", std::move(url)}, {"headers", Json::object()}};
}

Result<Json> download_url(Tracking& tracking, const ArtifactParts& parts, const Call& call) {
  if (!parts.make_link) return no_links();
  CICLO_TRY(const auto path, call.arguments.required_text("path"));
  CICLO_TRY(const auto life, life_of(call.arguments, default_download_seconds));
  CICLO_TRY(const auto artifact_uri, artifact_uri_of(tracking, call));
  CICLO_TRY(const auto key, artifact_key(call.workspace, artifact_uri, path));
  CICLO_TRY(const auto file, parts.blobs.stat(key));
  CICLO_TRY(const auto proxied, proxied_path(artifact_uri, path));
  CICLO_TRY(auto url, link_to(parts, {call.request, http::Method::get, proxied, life}));
  return Json{{"presigned_url", std::move(url)}, {"headers", Json::object()}, {"file_size", file.size}};
}

// What MLflow's newest clients ask for before they download a large file in parts.
Result<http::Response> presigned_download(const ArtifactParts& parts, const http::Request& request) {
  if (!parts.make_link) return no_links();
  std::string path = request.parameter("path");
  while (path.ends_with('/')) path.pop_back();
  const bool is_shared = parts.shared != nullptr && path.starts_with('@');
  const std::string workspace = workspace_of(request);
  CICLO_TRY(const auto key,
            is_shared ? parts.shared->key_of(workspace, path) : artifact_key(workspace, artifact_root, path));
  CICLO_TRY(const auto file, parts.blobs.stat(key));
  CICLO_TRY(auto url,
            link_to(parts, {request, http::Method::get, path, std::chrono::seconds(default_download_seconds)}));
  return http::Response::json({{"url", std::move(url)}, {"headers", Json::object()}, {"file_size", file.size}});
}

}  // namespace

Result<void> add_presigned_routes(http::Router& router, Tracking& tracking, const ArtifactParts& artifacts) {
  MlflowRoutes routes(router);
  const std::vector<http::Concern> of_run_or_model{concerns::run_if_any("run_id"),
                                                   concerns::logged_models_if_any("model_id")};
  CICLO_CHECK(
      routes.add({.path = "artifacts/presigned-upload-url",
                  .action = "storage/write",
                  .summary = "MLflow: an address to upload one artifact to, without a credential",
                  .handler = [&tracking, artifacts](Call& call) { return upload_url(tracking, artifacts, call); },
                  .concerns = of_run_or_model}));
  CICLO_CHECK(
      routes.add({.path = "artifacts/presigned-download-url",
                  .action = "storage/read",
                  .summary = "MLflow: an address to download one artifact from, without a credential",
                  .handler = [&tracking, artifacts](Call& call) { return download_url(tracking, artifacts, call); },
                  .concerns = of_run_or_model}));
  for (const std::string_view api : {"/api/2.0", "/ajax-api/2.0"})
    CICLO_CHECK(routes.add_raw(
        {.method = http::Method::get,
         .path = fmt::format("{}/mlflow-artifacts/presigned/{{path*}}", api),
         .action = "storage/read",
         .summary = "MLflow: an address to download a file of the proxy from, without a credential",
         .handler = [artifacts](http::Request& request) { return presigned_download(artifacts, request); },
         .concerns = {concerns::artifact()}}));
  return {};
}

}  // namespace ciclo::tracking
