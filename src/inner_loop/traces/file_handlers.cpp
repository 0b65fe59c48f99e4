#include <fmt/format.h>

#include "inner_loop/traces/handlers.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/span_forms.hpp"
#include "inner_loop/traces/trace_concerns.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::traces {
namespace {

http::Response as_file(Json data) {
  http::Response response = http::Response::text(to_text(data), "application/octet-stream");
  response.headers.set("content-disposition", "attachment; filename=traces.json");
  return response;
}

// ?request_id=: the spans, wherever they are. &path=: an attachment of the trace.
Result<http::Response> get_file(TraceService& traces, blobs::BlobStore& blobs, const http::Request& request) {
  const std::string workspace = tracking::workspace_of(request);
  const TraceRef ref{workspace, std::string(request.query.find("request_id").value_or(""))};
  if (ref.trace_id.empty())
    return fail(ErrorCode::invalid, "Request must include the \"request_id\" query parameter", "request_id");
  CICLO_TRY(const auto trace, traces.get(ref));
  const auto location = tracking::find_tag(trace.tags, key::artifact_location).value_or("");
  if (const auto path = request.query.find("path"); path && !path->empty()) {
    CICLO_TRY(const auto key, tracking::artifact_key(workspace, location, "attachments/" + std::string(*path)));
    return tracking::send_blob(blobs, key, request);
  }
  if (tracking::find_tag(trace.tags, key::spans_location) != std::string(key::tracking_store)) {
    CICLO_TRY(const auto key, tracking::artifact_key(workspace, location, "traces.json"));
    return tracking::send_blob(blobs, key, request);
  }
  CICLO_TRY(const auto whole, traces.get_whole(ref, true));
  Json list = Json::array();
  for (const Span& span : whole.spans) list.push_back(file_form(span));
  return as_file(Json{{"spans", std::move(list)}});
}

}  // namespace

Result<void> add_file_routes(http::Router& router, TraceService& traces, blobs::BlobStore& blobs) {
  for (const std::string_view version : {"2.0", "3.0"})
    CICLO_CHECK(tracking::MlflowRoutes(router).add_raw(
        {.method = http::Method::get,
         .path = fmt::format("/ajax-api/{}/mlflow/get-trace-artifact", version),
         .action = "storage/read",
         .summary = "MLflow: the spans of a trace as a file",
         .handler = [&traces, &blobs](http::Request& request) { return get_file(traces, blobs, request); },
         .concerns = {concerns::trace_by_query("request_id")}}));
  return {};
}

}  // namespace ciclo::traces
