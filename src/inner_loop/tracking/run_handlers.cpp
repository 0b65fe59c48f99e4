#include <fmt/format.h>

#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/json_text.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t default_runs = 1000;
constexpr std::size_t max_runs = 50'000;
constexpr std::size_t max_inputs_body = 16U << 20U;  // data sets carry schemas and profiles

Result<RunRef> ref_of(const Call& call) {
  RunRef ref{.workspace = call.workspace, .run_id = {}};
  CICLO_TRY(ref.run_id, call.arguments.run_id());
  return ref;
}

Result<Json> create(RunService& runs, const Call& call) {
  NewRun request;
  request.workspace = call.workspace;
  CICLO_TRY(auto experiment, call.arguments.text("experiment_id"));
  CICLO_TRY(request.experiment_id, parse_experiment_id(experiment.empty() ? "0" : experiment));
  CICLO_TRY(request.name, call.arguments.text("run_name"));
  CICLO_TRY(request.user, call.arguments.text("user_id"));
  if (request.user.empty()) request.user = call.caller.principal;
  CICLO_TRY(const auto start_time, call.arguments.integer("start_time"));
  request.start_time = start_time.value_or(0);
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(const auto run, runs.create(std::move(request)));
  Json answer = to_json(run);
  answer.erase("outputs");  // a run that is read has them, as with MLflow
  return Json{{"run", std::move(answer)}};
}

Result<Json> get(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto run, runs.get(ref));
  return Json{{"run", to_json(run)}};
}

Result<Json> update(RunService& runs, const Call& call) {
  RunUpdate request;
  CICLO_TRY(request.ref, ref_of(call));
  CICLO_TRY(const auto status, call.arguments.text("status"));
  if (!status.empty()) {
    request.status = parse_run_status(status);
    if (!request.status) return fail(ErrorCode::invalid, "Invalid value for parameter 'status': '" + status + "'");
  }
  CICLO_TRY(request.end_time, call.arguments.integer("end_time"));
  CICLO_TRY(request.name, call.arguments.text("run_name"));
  CICLO_TRY(const auto run, runs.update(request));
  return Json{{"run_info", run_info(run)}};
}

Result<Json> set_lifecycle(RunService& runs, const Call& call, Lifecycle stage) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_CHECK(runs.set_lifecycle(ref, stage));
  return Json::object();
}
Result<Json> remove(RunService& runs, const Call& call) {
  return set_lifecycle(runs, call, Lifecycle::deleted);
}
Result<Json> restore(RunService& runs, const Call& call) {
  return set_lifecycle(runs, call, Lifecycle::active);
}

Result<Json> log_param(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  Param param;
  CICLO_TRY(param.key, call.arguments.required_text("key"));
  CICLO_TRY(param.value, call.arguments.text("value"));
  CICLO_CHECK(runs.log_param(ref, param));
  return Json::object();
}

Result<Json> log_batch(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  Batch batch;
  CICLO_TRY(batch.metrics, metrics_from_json(call.arguments.field("metrics")));
  CICLO_TRY(batch.params, call.arguments.tags("params"));
  CICLO_TRY(batch.tags, call.arguments.tags("tags"));
  CICLO_CHECK(runs.log_batch(ref, batch));
  return Json::object();
}

Result<Json> set_tag(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  Tag tag;
  CICLO_TRY(tag.key, call.arguments.required_text("key"));
  CICLO_TRY(tag.value, call.arguments.text("value"));
  CICLO_CHECK(runs.set_tag(ref, tag));
  return Json::object();
}

Result<Json> delete_tag(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto key, call.arguments.required_text("key"));
  CICLO_CHECK(runs.delete_tag(ref, key));
  return Json::object();
}

Result<Json> log_model(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto model, call.arguments.required_text("model_json"));
  CICLO_CHECK(runs.log_model(ref, model));
  return Json::object();
}

Result<Json> log_inputs(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  RunInputs inputs;
  const Json& datasets = call.arguments.field("datasets");
  if (!datasets.is_null() && !datasets.is_array()) return fail(ErrorCode::invalid, "'datasets' must be a list");
  for (const Json& item : datasets) {
    CICLO_TRY(auto input, dataset_input_from_json(item));
    inputs.datasets.push_back(std::move(input));
  }
  CICLO_TRY(inputs.models, model_uses_from_json(call.arguments.field("models")));
  CICLO_CHECK(runs.log_inputs(ref, inputs));
  return Json::object();
}

Result<Json> log_outputs(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  if (!call.arguments.has("models")) return fail(ErrorCode::invalid, "Missing value for required parameter 'models'");
  CICLO_TRY(const auto models, model_uses_from_json(call.arguments.field("models")));
  CICLO_CHECK(runs.log_outputs(ref, models));
  return Json::object();
}

// A list that is there, even an empty one, limits; a missing one does not.
Result<std::optional<std::vector<std::string>>> keys_of(const Call& call, std::string_view name) {
  if (!call.arguments.has(name)) return std::nullopt;
  CICLO_TRY(auto keys, call.arguments.texts(name));
  if (keys.size() > max_search_keys) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' can hold at most {} keys. Got {}", name, max_search_keys, keys.size()),
                std::string(name));
  }
  return keys;
}

Result<http::Response> search(RunService& runs, const Call& call) {
  SearchRequest request;
  request.workspace = call.workspace;
  CICLO_TRY(const auto ids, call.arguments.texts("experiment_ids"));
  for (const std::string& id : ids) {
    CICLO_TRY(const auto number, parse_experiment_id(id));
    request.experiment_ids.push_back(number);
  }
  request.experiment_ids = reachable(call, std::move(request.experiment_ids));
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.view, call.arguments.view("run_view_type"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_runs, max_runs));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(request.keys.metrics, keys_of(call, "metric_keys"));
  CICLO_TRY(request.keys.params, keys_of(call, "param_keys"));
  CICLO_TRY(request.keys.tags, keys_of(call, "tag_keys"));
  CICLO_TRY(const auto page, runs.search(request));
  return json_response(runs_text(page));
}

}  // namespace

Result<void> add_run_routes(http::Router& router, RunService& runs) {
  MlflowRoutes routes(router);
  using Act = Result<Json> (*)(RunService&, const Call&);
  const auto add = [&](http::Method method, std::string_view name, std::string_view action, Act act,
                       std::vector<http::Concern> concerned = {concerns::run()}) {
    return routes.add({.method = method,
                       .path = "runs/" + std::string(name),
                       .action = std::string(action),
                       .summary = "MLflow: runs, " + std::string(name),
                       .body_limit = name == "log-inputs" ? max_inputs_body : std::size_t{1} << 20U,
                       .handler = [&runs, act](Call& call) { return act(runs, call); },
                       .concerns = std::move(concerned)});
  };
  const auto used_models = concerns::logged_models_if_any("models/*/model_id", "workspace/read");
  CICLO_CHECK(add(http::Method::post, "create", "workspace/write", create, {concerns::experiment_or_default()}));
  CICLO_CHECK(add(http::Method::get, "get", "workspace/read", get));
  CICLO_CHECK(add(http::Method::post, "update", "workspace/write", update));
  CICLO_CHECK(add(http::Method::post, "delete", "workspace/write", remove));
  CICLO_CHECK(add(http::Method::post, "restore", "workspace/write", restore));
  CICLO_CHECK(routes.add({.method = http::Method::post,
                          .path = "runs/search",
                          .action = "workspace/read",
                          .summary = "MLflow: runs, search",
                          .handler = {},
                          .respond = [&runs](Call& call) { return search(runs, call); },
                          .concerns = {concerns::search_experiments()}}));
  CICLO_CHECK(add(http::Method::post, "log-parameter", "workspace/write", log_param));
  CICLO_CHECK(add(http::Method::post, "log-batch", "workspace/write", log_batch,
                  {concerns::run(), concerns::logged_models_if_any("metrics/*/model_id")}));
  CICLO_CHECK(add(http::Method::post, "set-tag", "workspace/write", set_tag));
  CICLO_CHECK(add(http::Method::post, "delete-tag", "workspace/write", delete_tag));
  CICLO_CHECK(add(http::Method::post, "log-model", "workspace/write", log_model));
  CICLO_CHECK(add(http::Method::post, "log-inputs", "workspace/write", log_inputs, {concerns::run(), used_models}));
  return add(http::Method::post, "outputs", "workspace/write", log_outputs, {concerns::run(), used_models});
}

}  // namespace ciclo::tracking
