// The API 2.0 of traces: what MLflow 2.x calls, and what 3.x clients still do (tags, links).
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/handlers.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t default_traces = 100;
constexpr std::size_t max_traces = 500;
constexpr std::int64_t last_millisecond = 253'402'300'799'999;  // of the year 9999

Result<std::int64_t> timestamp_of(const Call& call) {
  CICLO_TRY(const auto timestamp, call.arguments.integer("timestamp_ms"));
  if (!timestamp)
    return fail(ErrorCode::invalid, "Missing value for required parameter 'timestamp_ms'", "timestamp_ms");
  if (*timestamp < 0 || *timestamp > last_millisecond)
    return fail(ErrorCode::invalid, "Invalid value for parameter 'timestamp_ms': expected milliseconds since 1970",
                "timestamp_ms");
  return *timestamp;
}

Result<Json> begin(TraceService& traces, const Call& call) {
  Trace trace;
  trace.workspace = call.workspace;
  CICLO_TRY(trace.experiment_id, call.arguments.experiment_id());
  CICLO_TRY(trace.timestamp_ms, timestamp_of(call));
  CICLO_TRY(auto tags, call.arguments.tags("tags"));
  CICLO_TRY(auto metadata, call.arguments.tags("request_metadata"));
  CICLO_CHECK(promote(trace, std::move(tags), std::move(metadata)));
  CICLO_TRY(const auto begun, traces.begin(std::move(trace)));
  return Json{{"trace_info", legacy_trace_info(begun)}};
}

Result<Json> end(TraceService& traces, const Call& call) {
  TraceEnd request;
  request.ref = ref_of(call);
  CICLO_TRY(request.timestamp_ms, timestamp_of(call));
  CICLO_TRY(const auto status, call.arguments.required_text("status"));
  const auto state = parse_trace_state(status);
  if (!state)
    return fail(ErrorCode::invalid, "Invalid value for parameter 'status': expected OK, ERROR or IN_PROGRESS",
                "status");
  request.state = *state;
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(request.metadata, call.arguments.tags("request_metadata"));
  CICLO_TRY(const auto ended, traces.end(request));
  return Json{{"trace_info", legacy_trace_info(ended)}};
}

Result<Json> get_info(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto trace, traces.get(ref_of(call)));
  return Json{{"trace_info", legacy_trace_info(trace)}};
}

Result<Json> search(TraceService& traces, const Call& call) {
  TraceSearch request;
  request.workspace = call.workspace;
  CICLO_TRY(request.experiment_ids, reachable_ids_from(call, "experiment_ids"));
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_traces, max_traces));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, traces.search(request));
  Json answer = Json::object();
  for (const Trace& trace : page.items) answer["traces"].push_back(legacy_trace_info(trace));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> link_run(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto ids, call.arguments.texts("trace_ids"));
  if (ids.empty()) return fail(ErrorCode::invalid, "Missing value for required parameter 'trace_ids'", "trace_ids");
  CICLO_TRY(const auto run_id, call.arguments.required_text("run_id"));
  CICLO_CHECK(traces.link_run(call.workspace, ids, run_id));
  return Json::object();
}

Result<Json> link_prompts(TraceService& traces, const Call& call) {
  TraceRef ref{.workspace = call.workspace, .trace_id = {}};
  CICLO_TRY(ref.trace_id, call.arguments.required_text("trace_id"));
  std::vector<std::string> prompts;
  for (const Json& item : call.arguments.field("prompt_versions")) {
    const tracking::Arguments version(item);
    CICLO_TRY(const auto name, version.required_text("name"));
    CICLO_TRY(const auto number, version.required_text("version"));
    prompts.push_back(clean_text(name + "/" + number));
  }
  if (prompts.empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'prompt_versions'", "prompt_versions");
  CICLO_CHECK(traces.link_prompts(ref, prompts));
  return Json::object();
}

}  // namespace

Result<void> add_legacy_routes(http::Router& router, TraceService& traces) {
  using http::Method;
  namespace on = tracking::concerns;
  TraceRoutes routes(router, traces, "2.0");
  const http::Concern one = concerns::trace();
  CICLO_CHECK(routes.add(Method::post, "traces", "workspace/write", begin, {on::experiment()}));
  CICLO_CHECK(routes.add(Method::get, "traces", "workspace/read", search, {on::search_experiments()}));
  CICLO_CHECK(routes.add(Method::patch, "traces/{trace_id}", "workspace/write", end, {one}));
  CICLO_CHECK(routes.add(Method::get, "traces/{trace_id}/info", "workspace/read", get_info, {one}));
  CICLO_CHECK(routes.add(Method::post, "traces/delete-traces", "workspace/write", delete_traces, {on::experiment()}));
  CICLO_CHECK(routes.add(Method::patch, "traces/{trace_id}/tags", "workspace/write", set_tag, {one}));
  CICLO_CHECK(routes.add(Method::del, "traces/{trace_id}/tags", "workspace/write", delete_tag, {one}));
  CICLO_CHECK(routes.add(Method::post, "traces/link-to-run", "workspace/write", link_run,
                         {on::run(), concerns::traces("trace_ids")}));
  return routes.add(Method::post, "traces/link-prompts", "workspace/write", link_prompts,
                    {concerns::trace_by("trace_id")});
}

}  // namespace ciclo::traces
