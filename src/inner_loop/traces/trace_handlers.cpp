#include <fmt/format.h>

#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/handlers.hpp"
#include "inner_loop/traces/span_forms.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t default_traces = 100;
constexpr std::size_t max_traces = 500;
constexpr std::size_t max_whole_traces = 500;  // of one batch, with their spans

Json whole_form(const WholeTrace& whole) {
  Json form{{"trace_info", trace_info(whole.trace)}};
  for (const Span& span : whole.spans) form["spans"].push_back(otlp_form(span));
  return form;
}

Result<Json> start(TraceService& traces, const Call& call) {
  CICLO_TRY(auto trace, trace_from_json(member(call.arguments.field("trace"), "trace_info")));
  CICLO_TRY(const auto stored,
            traces.start(call.workspace, std::move(trace), resources::reach_of(call.request, "experiment")));
  return Json{{"trace", {{"trace_info", trace_info(stored)}}}};
}

Result<Json> get_info(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto trace, traces.get(ref_of(call)));
  return Json{{"trace", {{"trace_info", trace_info(trace)}}}};
}

Result<Json> get_whole(TraceService& traces, const Call& call) {
  TraceRef ref{.workspace = call.workspace, .trace_id = {}};
  CICLO_TRY(ref.trace_id, call.arguments.required_text("trace_id"));
  CICLO_TRY(const bool allow_partial, call.arguments.flag("allow_partial"));
  CICLO_TRY(const auto whole, traces.get_whole(ref, allow_partial));
  return Json{{"trace", whole_form(whole)}};
}

Result<std::vector<std::string>> ids_of_batch(const Call& call) {
  CICLO_TRY(auto ids, call.arguments.texts("trace_ids"));
  if (ids.empty()) return fail(ErrorCode::invalid, "Missing value for required parameter 'trace_ids'", "trace_ids");
  if (ids.size() > max_whole_traces)
    return fail(ErrorCode::invalid,
                fmt::format("'trace_ids' names {} traces, at most 500 are given at once", ids.size()), "trace_ids",
                "ask for them in several requests");
  return ids;
}

Result<Json> batch_get(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto ids, ids_of_batch(call));
  CICLO_TRY(auto named, tracking::experiment_ids_of(call, "experiment_ids"));
  const auto experiments = tracking::reachable_or_all(call, std::move(named));
  Json answer = Json::object();
  if (experiments && experiments->empty()) return answer;
  CICLO_TRY(const auto found,
            traces.get_all_whole(call.workspace, ids, experiments.value_or(std::vector<std::int64_t>())));
  for (const WholeTrace& whole : found) answer["traces"].push_back(whole_form(whole));
  return answer;
}

Result<Json> batch_get_infos(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto ids, ids_of_batch(call));
  CICLO_TRY(auto named, tracking::experiment_ids_of(call, "experiment_ids"));
  const auto experiments = tracking::reachable_or_all(call, std::move(named));
  Json answer = Json::object();
  if (experiments && experiments->empty()) return answer;
  CICLO_TRY(const auto found, traces.get_all(call.workspace, ids, experiments.value_or(std::vector<std::int64_t>())));
  for (const Trace& trace : found) answer["trace_infos"].push_back(trace_info(trace));
  return answer;
}

Result<Json> search(TraceService& traces, const Call& call) {
  TraceSearch request;
  request.workspace = call.workspace;
  const Json& locations = call.arguments.field("locations");
  if (!locations.is_array())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'locations'", "locations",
                "expected [{\"type\": \"MLFLOW_EXPERIMENT\", \"mlflow_experiment\": {\"experiment_id\": \"1\"}}]");
  CICLO_CHECK(tracking::check_named_experiments(locations.size()));
  for (const Json& location : locations) {
    const Json& experiment = member(location, "mlflow_experiment");
    if (!experiment.is_object()) continue;
    CICLO_TRY(const auto id, tracking::Arguments(experiment).experiment_id());
    request.experiment_ids.push_back(id);
  }
  request.experiment_ids = tracking::reachable(call, std::move(request.experiment_ids));
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_traces, max_traces));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, traces.search(request));
  Json answer = Json::object();
  for (const Trace& trace : page.items) answer["traces"].push_back(trace_info(trace));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

}  // namespace

Result<std::vector<std::int64_t>> reachable_ids_from(const Call& call, std::string_view name) {
  CICLO_TRY(auto ids, tracking::experiment_ids_of(call, name));
  return tracking::reachable(call, std::move(ids));
}

Result<void> TraceRoutes::add(http::Method method, std::string_view path, std::string_view action, Act act,
                              std::vector<http::Concern> concerns) {
  return routes_.add({.method = method,
                      .path = std::string(path),
                      .action = std::string(action),
                      .summary = fmt::format("MLflow {}: {} {}", version_, http::name_of(method), path),
                      .body_limit = max_trace_body,
                      .handler = [&traces = traces_, act](Call& call) { return act(traces, call); },
                      .version = version_,
                      .concerns = std::move(concerns)});
}

Result<Json> set_tag(TraceService& traces, const Call& call) {
  Tag tag;
  CICLO_TRY(tag.key, call.arguments.required_text("key"));
  CICLO_TRY(tag.value, call.arguments.text("value"));
  CICLO_CHECK(traces.set_tag(ref_of(call), tag));
  return Json::object();
}

Result<Json> delete_tag(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto key, call.arguments.required_text("key"));
  CICLO_CHECK(traces.delete_tag(ref_of(call), key));
  return Json::object();
}

Result<Json> delete_traces(TraceService& traces, const Call& call) {
  TraceDeletion request;
  request.workspace = call.workspace;
  CICLO_TRY(request.experiment_id, call.arguments.experiment_id());
  CICLO_TRY(request.max_timestamp_ms, call.arguments.integer("max_timestamp_millis"));
  CICLO_TRY(request.max_traces, call.arguments.integer("max_traces"));
  CICLO_TRY(request.trace_ids, call.arguments.texts("request_ids"));
  if (request.trace_ids.empty()) {
    CICLO_TRY(request.trace_ids, call.arguments.texts("trace_ids"));
  }
  CICLO_TRY(const auto deleted, traces.remove(request));
  return Json{{"traces_deleted", deleted}};
}

Result<void> add_v3_routes(http::Router& router, TraceService& traces) {
  using http::Method;
  TraceRoutes routes(router, traces, "3.0");
  const http::Concern one = concerns::trace();
  const http::Concern some = tracking::concerns::search_experiments();
  CICLO_CHECK(routes.add(Method::post, "traces", "workspace/write", start, {concerns::started_trace()}));
  CICLO_CHECK(routes.add(Method::post, "traces/search", "workspace/read", search, {some}));
  CICLO_CHECK(routes.add(Method::post, "traces/delete-traces", "workspace/write", delete_traces,
                         {tracking::concerns::experiment()}));
  CICLO_CHECK(routes.add(Method::get, "traces/get", "workspace/read", get_whole, {concerns::trace_by("trace_id")}));
  CICLO_CHECK(routes.add(Method::get, "traces/batchGet", "workspace/read", batch_get, {some}));
  CICLO_CHECK(routes.add(Method::post, "traces/batchGetInfos", "workspace/read", batch_get_infos, {some}));
  CICLO_CHECK(routes.add(Method::get, "traces/{trace_id}", "workspace/read", get_info, {one}));
  CICLO_CHECK(routes.add(Method::patch, "traces/{trace_id}/tags", "workspace/write", set_tag, {one}));
  return routes.add(Method::del, "traces/{trace_id}/tags", "workspace/write", delete_tag, {one});
}

Result<void> add_trace_routes(http::Router& router, TraceService& traces, blobs::BlobStore& blobs) {
  CICLO_CHECK(add_v3_routes(router, traces));
  CICLO_CHECK(add_legacy_routes(router, traces));
  CICLO_CHECK(add_assessment_routes(router, traces));
  CICLO_CHECK(add_analysis_routes(router, traces));
  CICLO_CHECK(add_otlp_routes(router, traces));
  return add_file_routes(router, traces, blobs);
}

}  // namespace ciclo::traces
