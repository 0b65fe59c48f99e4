// The files of model versions over HTTP. A plain MLflow client knows nothing of datastores and job outputs, so versions
// that lie there are also found under mlflow-artifacts:/@models/<name>/<version>/…, read-only.
#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"
#include "registry/handlers.hpp"

namespace ciclo::registry {
namespace {

constexpr std::string_view model_root = "@models";

std::string last_segment(const std::string& key) {
  return key.substr(key.rfind('/') + 1);
}

// The blob of a path within a version.
Result<std::string> key_within(const LocatedModel& model, const std::string& path) {
  if (model.is_file) {
    if (path.empty() || path == last_segment(model.blob_key)) return model.blob_key;
    return fail(ErrorCode::not_found, fmt::format("the model is the one file '{}'", last_segment(model.blob_key)),
                "path");
  }
  std::string key = path.empty() ? model.blob_key : model.blob_key + "/" + path;
  if (blobs::check_key(key)) return key;
  return fail(ErrorCode::invalid, fmt::format("Invalid path: '{}'", path), "path");
}

Result<LocatedModel> locate(ModelLocator& locator, const http::Request& request, const std::string& name,
                            const std::string& version) {
  const std::string workspace = tracking::workspace_of(request);
  return locator.locate(workspace, fmt::format("models:/{}/{}", name, version));
}

Result<http::Response> get_by_query(ModelLocator& locator, blobs::BlobStore& blobs, const http::Request& request) {
  const auto name = request.query.find("name");
  const auto version = request.query.find("version");
  const auto path = request.query.find("path");
  if (!name || !version || !path) {
    return fail(ErrorCode::invalid, "Missing value for required parameter: name, version and path are needed");
  }
  CICLO_TRY(const auto model, locate(locator, request, std::string(*name), std::string(*version)));
  CICLO_TRY(const auto key, key_within(model, std::string(*path)));
  return tracking::send_blob(blobs, key, request);
}

}  // namespace

Result<std::string> ModelArtifacts::key_of(const std::string& workspace, const std::string& path) {
  const auto parts = split(path, '/');
  if (parts.size() < 3 || parts[0] != model_root) {
    return fail(ErrorCode::not_found, fmt::format("there is nothing at '{}'", path), "path",
                "a model's files are at @models/<name>/<version>");
  }
  CICLO_TRY(const auto model, locator_.locate(workspace, fmt::format("models:/{}/{}", parts[1], parts[2])));
  return key_within(model, join({parts.begin() + 3, parts.end()}, "/"));
}

std::string download_uri(const resources::Resource& version) {
  const std::string path = text_or(version.spec, "path");
  for (const std::string_view scheme : {"runs:/", "mlflow-artifacts:"})
    if (path.starts_with(scheme)) return path;
  return shared_uri(version);
}

std::string shared_uri(const resources::Resource& version) {
  const std::string path = text_or(version.spec, "path");
  const Json& location = member(version.status, "location");
  // Where a logged model's files lie, for clients of MLflow 2 too, which know no logged models.
  const std::string logged = version.key.workspace + "/mlflow/";
  if (path.starts_with("models:/m-")) {
    const std::string key = text_or(location, "key");
    return key.starts_with(logged) ? "mlflow-artifacts:/" + key.substr(logged.size()) : path;
  }
  if (!location.is_object()) return path;
  std::string uri = fmt::format("mlflow-artifacts:/{}/{}/{}", model_root, version.key.name, version.key.version);
  if (const Json& is_file = member(location, "is_file"); is_file.is_boolean() && is_file.get<bool>())
    uri += "/" + last_segment(text_or(location, "key"));
  return uri;
}

Result<void> add_model_file_routes(http::Router& router, ModelLocator& locator, blobs::BlobStore& blobs) {
  tracking::MlflowRoutes routes(router);
  const auto handler = [&locator, &blobs](http::Request& request) { return get_by_query(locator, blobs, request); };
  for (const std::string_view root : {"", "/api/2.0/mlflow", "/ajax-api/2.0/mlflow"}) {
    CICLO_CHECK(routes.add_raw({.method = http::Method::get,
                                .path = std::string(root) + "/model-versions/get-artifact",
                                .action = "storage/read",
                                .summary = "MLflow: download a file of a model version",
                                .handler = handler,
                                .concerns = {tracking::concerns::model_by_query()}}));
  }
  return {};
}

}  // namespace ciclo::registry
