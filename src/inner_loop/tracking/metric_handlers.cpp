#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/json_text.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_history = 25'000;
constexpr std::size_t max_interval_points = 2500;
constexpr std::size_t default_interval_points = 320;
// MLflow takes 100; comparisons of more are what Ciclo is for.
constexpr std::size_t max_bulk_runs = 500;
// About how much of a long answer is in memory at once.
constexpr std::size_t piece_size = 256U << 10U;

Result<Json> log_metric(RunService& runs, const Call& call) {
  RunRef ref{.workspace = call.workspace, .run_id = {}};
  CICLO_TRY(ref.run_id, call.arguments.run_id());
  CICLO_TRY(const auto metric, metric_from_json(call.arguments.fields()));
  CICLO_CHECK(runs.log_metric(ref, metric));
  return Json::object();
}

void append_points(std::string& out, bool& is_first, const std::vector<Metric>& metrics) {
  for (const Metric& metric : metrics) {
    if (!std::exchange(is_first, false)) out += ',';
    append_json(out, metric);
  }
}

// {"metrics": […]}, or {} without any, sent as it is read. `next` appends further points and tells whether there may be
// more.
http::Response stream_points(std::function<Result<bool>(std::string& out, bool& is_first)> next) {
  http::Response response = json_response("");
  struct State {
    bool has_begun = false;
    bool is_first = true;
    bool has_more = true;
  };
  response.stream = [state = State{}, next = std::move(next)]() mutable -> Result<std::string> {
    std::string piece;
    if (!state.has_more) return piece;
    while (state.has_more && piece.size() < piece_size) {
      CICLO_TRY(state.has_more, next(piece, state.is_first));
    }
    if (!state.is_first && !std::exchange(state.has_begun, true)) piece.insert(0, "{\"metrics\":[");
    if (!state.has_more) piece += state.has_begun ? "]}" : "{}";
    return piece;
  };
  return response;
}

// A page when the client asks for pages; the whole history when it does not, as in MLflow.
Result<http::Response> history(RunService& runs, const Call& call) {
  HistoryRequest request;
  request.run.workspace = call.workspace;
  CICLO_TRY(request.run.run_id, call.arguments.run_id());
  CICLO_TRY(request.key, call.arguments.required_text("metric_key"));
  CICLO_TRY(request.limit, call.arguments.max_results(max_history, max_history));
  CICLO_TRY(const auto token, call.arguments.text("page_token"));
  CICLO_TRY(auto page, runs.history(request, token));
  const bool is_paged = call.arguments.has("max_results") || !token.empty();
  if (is_paged || page.next_page_token.empty()) return json_response(metrics_text(page));
  return stream_points(
      [&runs, request, page = std::move(page)](std::string& out, bool& is_first) mutable -> Result<bool> {
        append_points(out, is_first, page.items);
        if (page.next_page_token.empty()) return false;
        CICLO_TRY(page, runs.history(request, page.next_page_token));
        return true;
      });
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

void add_run_id(std::vector<Metric>& metrics, const std::string& run_id) {
  for (Metric& metric : metrics) metric.run_id = run_id;
}

// In the order of run ids, and within a run of time.
Result<http::Response> bulk(RunService& runs, const Call& call) {
  CICLO_TRY(auto ids, run_ids_of(call, "run_id"));
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  CICLO_TRY(const auto key, call.arguments.required_text("metric_key"));
  CICLO_TRY(const auto asked, call.arguments.integer("max_results"));
  if (asked && *asked < 1) return fail(ErrorCode::invalid, "max_results must be at least 1", "max_results");
  std::size_t left = std::min(static_cast<std::size_t>(asked.value_or(max_history)), max_history);
  std::string out = "{\"metrics\":[";
  bool is_first = true;
  for (const std::string& id : ids) {
    CICLO_TRY(auto page, runs.history({.run = {call.workspace, id}, .key = key, .limit = left, .after = {}}, ""));
    left -= page.items.size();
    std::ranges::sort(page.items, [](const Metric& a, const Metric& b) {
      return std::tuple(a.timestamp, a.step, stored_value(a.value).value) <
             std::tuple(b.timestamp, b.step, stored_value(b.value).value);
    });
    add_run_id(page.items, id);
    append_points(out, is_first, page.items);
    if (left == 0) break;
  }
  return json_response(out += "]}");
}

Result<http::Response> bulk_interval(RunService& runs, const Call& call) {
  CICLO_TRY(auto ids, run_ids_of(call, "run_ids"));
  SampleRequest request;
  request.run.workspace = call.workspace;
  CICLO_TRY(request.key, call.arguments.required_text("metric_key"));
  CICLO_TRY(request.start_step, call.arguments.integer("start_step"));
  CICLO_TRY(request.end_step, call.arguments.integer("end_step"));
  if (request.start_step.has_value() != request.end_step.has_value()) {
    return fail(ErrorCode::invalid, "If either start_step or end_step are specified, both must be specified");
  }
  if (request.start_step && *request.start_step > *request.end_step) {
    return fail(ErrorCode::invalid, fmt::format("end_step must be greater than start_step. Found start_step={} and "
                                                "end_step={}",
                                                *request.start_step, *request.end_step));
  }
  CICLO_TRY(request.max_points, call.arguments.max_results(default_interval_points, max_interval_points));
  return stream_points([&runs, request, ids = std::move(ids), at = std::size_t{0}](
                           std::string& out, bool& is_first) mutable -> Result<bool> {
    request.run.run_id = ids[at++];
    CICLO_TRY(auto points, runs.sample(request));
    add_run_id(points, request.run.run_id);
    append_points(out, is_first, points);
    return at < ids.size();
  });
}

}  // namespace

Result<void> add_metric_routes(http::Router& router, RunService& runs) {
  MlflowRoutes routes(router);
  CICLO_CHECK(routes.add({.method = http::Method::post,
                          .path = "runs/log-metric",
                          .action = "workspace/write",
                          .summary = "MLflow: runs/log-metric",
                          .handler = [&runs](Call& call) { return log_metric(runs, call); },
                          .concerns = {concerns::run(), concerns::logged_models_if_any("model_id")}}));
  using Respond = Result<http::Response> (*)(RunService&, const Call&);
  const auto add = [&](std::string_view path, Respond respond, http::Concern concerned) {
    return routes.add({.method = http::Method::get,
                       .path = std::string(path),
                       .action = "workspace/read",
                       .summary = "MLflow: " + std::string(path),
                       .handler = {},
                       .respond = [&runs, respond](Call& call) { return respond(runs, call); },
                       .concerns = {std::move(concerned)}});
  };
  CICLO_CHECK(add("metrics/get-history", history, concerns::run()));
  CICLO_CHECK(add("metrics/get-history-bulk", bulk, concerns::runs("run_id")));
  return add("metrics/get-history-bulk-interval", bulk_interval, concerns::runs("run_ids"));
}

}  // namespace ciclo::tracking
