#include <fmt/format.h>

#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t default_models = 50;
constexpr std::size_t max_models = 1000;

// The path parameter of that name; with Json bodies the fields come from the body.
ModelRef ref_of(const Call& call) {
  return {.workspace = call.workspace, .model_id = call.request.parameter("model_id")};
}

Result<Json> create(LoggedModelService& models, const Call& call) {
  LoggedModel request;
  request.workspace = call.workspace;
  CICLO_TRY(request.experiment_id, call.arguments.experiment_id());
  CICLO_TRY(request.name, call.arguments.text("name"));
  CICLO_TRY(request.model_type, call.arguments.text("model_type"));
  CICLO_TRY(request.source_run_id, call.arguments.text("source_run_id"));
  CICLO_TRY(request.params, call.arguments.tags("params"));
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(const auto model, models.create(std::move(request)));
  return Json{{"model", to_json(model)}};
}

Result<Json> get(LoggedModelService& models, const Call& call) {
  CICLO_TRY(const auto model, models.get(ref_of(call)));
  return Json{{"model", to_json(model)}};
}

Result<Json> finalize(LoggedModelService& models, const Call& call) {
  CICLO_TRY(const auto status, call.arguments.required_text("status"));
  const auto parsed = parse_model_status(status);
  if (!parsed || (*parsed != ModelStatus::ready && *parsed != ModelStatus::failed)) {
    return fail(ErrorCode::invalid, fmt::format("Invalid model status '{}'", status), "status",
                "expected LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED");
  }
  CICLO_TRY(const auto model, models.finalize(ref_of(call), *parsed));
  return Json{{"model", to_json(model)}};
}

Result<Json> remove(LoggedModelService& models, const Call& call) {
  CICLO_CHECK(models.remove(ref_of(call)));
  return Json::object();
}

Result<Json> set_tags(LoggedModelService& models, const Call& call) {
  CICLO_TRY(const auto tags, call.arguments.tags("tags"));
  CICLO_CHECK(models.set_tags(ref_of(call), tags));
  return Json::object();
}

Result<Json> delete_tag(LoggedModelService& models, const Call& call) {
  CICLO_CHECK(models.delete_tag(ref_of(call), call.request.parameter("tag_key")));
  return Json::object();
}

Result<Json> log_params(LoggedModelService& models, const Call& call) {
  CICLO_TRY(const auto params, call.arguments.tags("params"));
  CICLO_CHECK(models.log_params(ref_of(call), params));
  return Json::object();
}

Result<Dataset> dataset_of(const Json& item) {
  const Arguments fields(item);
  Dataset dataset;
  CICLO_TRY(dataset.name, fields.text("dataset_name"));
  CICLO_TRY(dataset.digest, fields.text("dataset_digest"));
  return dataset;
}

Result<ModelOrder> order_of(const Json& item) {
  const Arguments fields(item);
  ModelOrder order;
  CICLO_TRY(order.field, fields.required_text("field_name"));
  CICLO_TRY(order.ascending, fields.flag("ascending", true));
  CICLO_TRY(order.dataset, dataset_of(item));
  if (order.dataset.name.empty() && !order.dataset.digest.empty()) {
    return fail(ErrorCode::invalid, "an order by the metric of a data set needs its 'dataset_name'", "order_by");
  }
  return order;
}

Result<Json> search(LoggedModelService& models, const Call& call) {
  ModelSearch request;
  request.workspace = call.workspace;
  if (!call.arguments.has("experiment_ids")) {
    return fail(ErrorCode::invalid, "Missing value for required parameter 'experiment_ids'", "experiment_ids");
  }
  CICLO_TRY(const auto ids, call.arguments.texts("experiment_ids"));
  for (const std::string& id : ids) {
    CICLO_TRY(const auto number, parse_experiment_id(id));
    request.experiment_ids.push_back(number);
  }
  request.experiment_ids = reachable(call, std::move(request.experiment_ids));
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  for (const Json& item : call.arguments.field("datasets")) {
    CICLO_TRY(auto dataset, dataset_of(item));
    if (dataset.name.empty()) return fail(ErrorCode::invalid, "'dataset_name' in the datasets is missing", "datasets");
    request.datasets.push_back(std::move(dataset));
  }
  for (const Json& item : call.arguments.field("order_by")) {
    CICLO_TRY(auto order, order_of(item));
    request.order_by.push_back(std::move(order));
  }
  CICLO_TRY(request.max_results, call.arguments.max_results(default_models, max_models));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, models.search(request));
  return page_json("models", page);
}

Result<Json> list_files_of(LoggedModelService& models, blobs::BlobStore& blobs, const Call& call) {
  CICLO_TRY(const auto model, models.get(ref_of(call)));
  CICLO_TRY(const auto path, call.arguments.text("artifact_directory_path"));
  CICLO_TRY(const auto key, artifact_key(call.workspace, model.artifact_uri, path));
  CICLO_TRY(auto answer, list_files(blobs, key, path));
  answer["root_uri"] = model.artifact_uri;
  return answer;
}

Result<http::Response> send_file_of(LoggedModelService& models, blobs::BlobStore& blobs, const http::Request& request) {
  const auto path = request.query.find("artifact_file_path");
  if (!path || path->empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'artifact_file_path'", "artifact_file_path");
  const std::string workspace = workspace_of(request);
  CICLO_TRY(const auto model, models.get({.workspace = workspace, .model_id = request.parameter("model_id")}));
  CICLO_TRY(const auto key, artifact_key(workspace, model.artifact_uri, *path));
  return send_blob(blobs, key, request);
}

}  // namespace

Result<void> add_logged_model_routes(http::Router& router, LoggedModelService& models, blobs::BlobStore& blobs) {
  MlflowRoutes routes(router);
  using Act = Result<Json> (*)(LoggedModelService&, const Call&);
  const auto add = [&](http::Method method, std::string_view path, std::string_view action, Act act,
                       std::vector<http::Concern> concerned = {concerns::logged_model()}) {
    return routes.add({.method = method,
                       .path = "logged-models" + std::string(path),
                       .action = std::string(action),
                       .summary = fmt::format("MLflow: logged models, {} {}", http::name_of(method), path),
                       .handler = [&models, act](Call& call) { return act(models, call); },
                       .concerns = std::move(concerned)});
  };
  // runs:/<run>/<name> finds a model by the run it names, so that run must be the caller's to write, too.
  const std::vector<http::Concern> made = {concerns::experiment_or_default(), concerns::run_if_any("source_run_id")};
  CICLO_CHECK(add(http::Method::post, "", "workspace/write", create, made));
  CICLO_CHECK(add(http::Method::post, "/search", "workspace/read", search, {concerns::search_experiments()}));
  CICLO_CHECK(add(http::Method::get, "/{model_id}", "workspace/read", get));
  CICLO_CHECK(add(http::Method::patch, "/{model_id}", "workspace/write", finalize));
  CICLO_CHECK(add(http::Method::del, "/{model_id}", "workspace/write", remove));
  CICLO_CHECK(add(http::Method::patch, "/{model_id}/tags", "workspace/write", set_tags));
  CICLO_CHECK(add(http::Method::del, "/{model_id}/tags/{tag_key}", "workspace/write", delete_tag));
  CICLO_CHECK(add(http::Method::post, "/{model_id}/params", "workspace/write", log_params));
  for (const std::string_view api : {"/api", "/ajax-api"})
    CICLO_CHECK(routes.add_raw(
        {.method = http::Method::get,
         .path = fmt::format("{}/2.0/mlflow/logged-models/{{model_id}}/artifacts/files", api),
         .action = "storage/read",
         .summary = "MLflow: download a file of a logged model",
         .handler = [&models, &blobs](http::Request& request) { return send_file_of(models, blobs, request); }}));
  return routes.add({.method = http::Method::get,
                     .path = "logged-models/{model_id}/artifacts/directories",
                     .action = "storage/read",
                     .summary = "MLflow: list the files of a logged model",
                     .handler = [&models, &blobs](Call& call) { return list_files_of(models, blobs, call); },
                     .concerns = {concerns::logged_model()}});
}

}  // namespace ciclo::tracking
