#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_artifact_bytes = std::size_t{1} << 40U;
constexpr std::size_t shortest_removable = 4;  // segments: <workspace>/mlflow/<experiment>/<run>

// runs' artifacts/list: paths are relative to the run's root.
Result<Json> list_of_run(RunService& runs, blobs::BlobStore& blobs, const Call& call) {
  RunRef ref{.workspace = call.workspace, .run_id = {}};
  CICLO_TRY(ref.run_id, call.arguments.run_id());
  CICLO_TRY(const auto path, call.arguments.text("path"));
  CICLO_TRY(const auto run, runs.get(ref));
  CICLO_TRY(const auto key, artifact_key(call.workspace, run.artifact_uri, path));
  CICLO_TRY(auto answer, list_files(blobs, key, path));
  answer["root_uri"] = run.artifact_uri;
  return answer;
}

// The blob or folder of a path of the proxy.
Result<std::string> readable_key(const ArtifactParts& parts, const std::string& workspace, const std::string& path) {
  if (parts.shared != nullptr && path.starts_with('@')) return parts.shared->key_of(workspace, path);
  return artifact_key(workspace, artifact_root, path);
}

Result<http::Response> store(blobs::BlobStore& blobs, const std::string& key, const http::Request& request) {
  CICLO_TRY(const auto stored, receive_blob(blobs, key, request));
  auto response = http::Response::json(Json::object());
  describe_blob(response, stored.sha256);
  return response;
}

// mlflow-artifacts/artifacts?path=: names are relative to the path.
Result<http::Response> list_proxied(const ArtifactParts& parts, const http::Request& request) {
  const std::string path(request.query.find("path").value_or(""));
  CICLO_TRY(const auto key, readable_key(parts, workspace_of(request), path));
  CICLO_TRY(const auto answer, list_files(parts.blobs, key, ""));
  return http::Response::json(answer);
}

Result<http::Response> get_proxied(const ArtifactParts& parts, const http::Request& request) {
  CICLO_TRY(const auto key, readable_key(parts, workspace_of(request), request.parameter("path")));
  return data_estate::send_path(parts.blobs, key, request);
}

Result<http::Response> put_proxied(const ArtifactParts& parts, const http::Request& request) {
  CICLO_TRY(const auto key, writable_artifact_key(workspace_of(request), request.parameter("path")));
  return store(parts.blobs, key, request);
}

Result<http::Response> delete_proxied(const ArtifactParts& parts, const http::Request& request) {
  const std::string& path = request.parameter("path");
  CICLO_TRY(const auto key, writable_artifact_key(workspace_of(request), path));
  // One segment is an experiment: no client means all of its runs' files.
  if (split(key, '/').size() < shortest_removable)
    return fail(ErrorCode::invalid, fmt::format("'{}' is a whole experiment", path), "path",
                "name a run's artifacts, or a file or folder among them");
  CICLO_CHECK(data_estate::remove_path(parts.blobs, key));
  return http::Response::json(Json::object());
}

// The run and the path within it that a request names by query.
Result<std::string> key_by_query(RunService& runs, const http::Request& request) {
  const auto run_id = request.query.find("run_id") ? request.query.find("run_id") : request.query.find("run_uuid");
  const auto path = request.query.find("path");
  if (!run_id || !path || path->empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter: run_id and path are needed");
  const std::string workspace = workspace_of(request);
  CICLO_TRY(const auto run, runs.get({.workspace = workspace, .run_id = std::string(*run_id)}));
  return artifact_key(workspace, run.artifact_uri, *path);
}

Result<http::Response> get_artifact(RunService& runs, blobs::BlobStore& blobs, const http::Request& request) {
  CICLO_TRY(const auto key, key_by_query(runs, request));
  return send_blob(blobs, key, request);
}

Result<http::Response> upload_artifact(RunService& runs, blobs::BlobStore& blobs, const http::Request& request) {
  CICLO_TRY(const auto key, key_by_query(runs, request));
  return store(blobs, key, request);
}

Result<void> add_proxy_routes(MlflowRoutes& routes, ArtifactParts parts) {
  using Act = Result<http::Response> (*)(const ArtifactParts&, const http::Request&);
  struct Verb {
    http::Method method;
    std::string_view action;
    http::BodyMode body;
    Act act;
  };
  for (const std::string_view api : {"/api/2.0", "/ajax-api/2.0"}) {
    const std::string base = fmt::format("{}/mlflow-artifacts", api);
    CICLO_CHECK(routes.add_raw({.method = http::Method::get,
                                .path = base + "/artifacts",
                                .action = "storage/read",
                                .summary = "MLflow: list artifacts",
                                .handler = [parts](http::Request& request) { return list_proxied(parts, request); },
                                .concerns = {concerns::artifact_by_query()}}));
    for (const Verb& verb : {Verb{http::Method::get, "storage/read", http::BodyMode::buffered, get_proxied},
                             Verb{http::Method::put, "storage/write", http::BodyMode::streamed, put_proxied},
                             Verb{http::Method::del, "storage/write", http::BodyMode::buffered, delete_proxied}}) {
      const bool is_streamed = verb.body == http::BodyMode::streamed;
      CICLO_CHECK(
          routes.add_raw({.method = verb.method,
                          .path = base + "/artifacts/{path*}",
                          .action = std::string(verb.action),
                          .summary = fmt::format("MLflow: {} an artifact", http::name_of(verb.method)),
                          .body = verb.body,
                          .body_limit = is_streamed ? max_artifact_bytes : std::size_t{1} << 20U,
                          .handler = [parts, act = verb.act](http::Request& request) { return act(parts, request); },
                          .concerns = {concerns::artifact()}}));
    }
  }
  return {};
}

}  // namespace

Result<void> add_artifact_routes(http::Router& router, RunService& runs, ArtifactParts artifacts) {
  blobs::BlobStore& blobs = artifacts.blobs;
  MlflowRoutes routes(router);
  CICLO_CHECK(routes.add({.method = http::Method::get,
                          .path = "artifacts/list",
                          .action = "storage/read",
                          .summary = "MLflow: list the artifacts of a run",
                          .handler = [&runs, &blobs](Call& call) { return list_of_run(runs, blobs, call); },
                          .concerns = {concerns::run()}}));
  CICLO_CHECK(
      routes.add_raw({.method = http::Method::get,
                      .path = "/get-artifact",
                      .action = "storage/read",
                      .summary = "MLflow: download an artifact of a run",
                      .handler = [&runs, &blobs](http::Request& request) { return get_artifact(runs, blobs, request); },
                      .concerns = {concerns::run_by_query()}}));
  CICLO_CHECK(routes.add_raw(
      {.method = http::Method::post,
       .path = "/ajax-api/2.0/mlflow/upload-artifact",
       .action = "storage/write",
       .summary = "MLflow: upload an artifact of a run",
       .body = http::BodyMode::streamed,
       .body_limit = max_artifact_bytes,
       .handler = [&runs, &blobs](http::Request& request) { return upload_artifact(runs, blobs, request); },
       .concerns = {concerns::run_by_query()}}));
  return add_proxy_routes(routes, artifacts);
}

}  // namespace ciclo::tracking
