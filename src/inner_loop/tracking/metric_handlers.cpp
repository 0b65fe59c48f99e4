#include <fmt/format.h>

#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_history = 25'000;
constexpr std::size_t max_interval_points = 2500;
constexpr std::size_t default_interval_points = 320;
constexpr std::size_t max_bulk_runs = 100;

Result<Json> log_metric(RunService& runs, const Call& call) {
  RunRef ref{.workspace = call.workspace, .run_id = {}};
  CICLO_TRY(ref.run_id, call.arguments.run_id());
  CICLO_TRY(const auto metric, metric_from_json(call.arguments.fields()));
  CICLO_CHECK(runs.log_metric(ref, metric));
  return Json::object();
}

Result<Json> history(RunService& runs, const Call& call) {
  HistoryRequest request;
  request.run.workspace = call.workspace;
  CICLO_TRY(request.run.run_id, call.arguments.run_id());
  CICLO_TRY(request.key, call.arguments.required_text("metric_key"));
  CICLO_TRY(request.limit, call.arguments.max_results(max_history, max_history));
  CICLO_TRY(const auto token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, runs.history(request, token));
  return page_json("metrics", page);
}

Result<std::vector<std::string>> run_ids_of(const Call& call, std::string_view name) {
  CICLO_TRY(auto ids, call.arguments.texts(name));
  if (ids.empty()) {
    return fail(ErrorCode::invalid, fmt::format("Missing value for required parameter '{}': at least one run", name));
  }
  if (ids.size() > max_bulk_runs) {
    return fail(ErrorCode::invalid,
                fmt::format("{} can hold at most {} runs. Got {}", name, max_bulk_runs, ids.size()));
  }
  return ids;
}

void add_points(Json& answer, const std::string& run_id, std::vector<Metric> metrics) {
  for (Metric& metric : metrics) {
    metric.run_id = run_id;
    answer["metrics"].push_back(to_json(metric));
  }
}

Result<Json> bulk(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ids, run_ids_of(call, "run_id"));
  CICLO_TRY(const auto key, call.arguments.required_text("metric_key"));
  CICLO_TRY(std::size_t left, call.arguments.max_results(max_history, max_history));
  Json answer{{"metrics", Json::array()}};
  for (const std::string& id : ids) {
    CICLO_TRY(auto page, runs.history({.run = {call.workspace, id}, .key = key, .limit = left, .after = {}}, ""));
    left -= page.items.size();
    add_points(answer, id, std::move(page.items));
    if (left == 0) break;
  }
  return answer;
}

Result<Json> bulk_interval(RunService& runs, const Call& call) {
  CICLO_TRY(const auto ids, run_ids_of(call, "run_ids"));
  SampleRequest request;
  request.run.workspace = call.workspace;
  CICLO_TRY(request.key, call.arguments.required_text("metric_key"));
  CICLO_TRY(request.start_step, call.arguments.integer("start_step"));
  CICLO_TRY(request.end_step, call.arguments.integer("end_step"));
  if (request.start_step.has_value() != request.end_step.has_value()) {
    return fail(ErrorCode::invalid, "If either start_step or end_step are specified, both must be specified");
  }
  if (request.start_step && *request.start_step > *request.end_step) {
    return fail(ErrorCode::invalid, "end_step must be greater than start_step");
  }
  CICLO_TRY(request.max_points, call.arguments.max_results(default_interval_points, max_interval_points));
  Json answer{{"metrics", Json::array()}};
  for (const std::string& id : ids) {
    request.run.run_id = id;
    CICLO_TRY(auto points, runs.sample(request));
    add_points(answer, id, std::move(points));
  }
  return answer;
}

}  // namespace

Result<void> add_metric_routes(http::Router& router, RunService& runs) {
  MlflowRoutes routes(router);
  using Act = Result<Json> (*)(RunService&, const Call&);
  const auto add = [&](http::Method method, std::string_view path, std::string_view action, Act act,
                       std::vector<http::Concern> concerned) {
    return routes.add({.method = method,
                       .path = std::string(path),
                       .action = std::string(action),
                       .summary = "MLflow: " + std::string(path),
                       .handler = [&runs, act](Call& call) { return act(runs, call); },
                       .concerns = std::move(concerned)});
  };
  CICLO_CHECK(add(http::Method::post, "runs/log-metric", "workspace/write", log_metric,
                  {concerns::run(), concerns::logged_models_if_any("model_id")}));
  CICLO_CHECK(add(http::Method::get, "metrics/get-history", "workspace/read", history, {concerns::run()}));
  CICLO_CHECK(add(http::Method::get, "metrics/get-history-bulk", "workspace/read", bulk, {concerns::runs("run_id")}));
  return add(http::Method::get, "metrics/get-history-bulk-interval", "workspace/read", bulk_interval,
             {concerns::runs("run_ids")});
}

}  // namespace ciclo::tracking
