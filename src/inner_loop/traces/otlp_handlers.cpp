// OTLP over HTTP: POST /v1/traces. The experiment is named by the header x-mlflow-experiment-id, a run to link to by
// x-mlflow-run-id. Answers are in the encoding of the request; failures carry google.rpc.Status, as OTLP says.
#include "base/text.hpp"
#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/handlers.hpp"
#include "inner_loop/traces/otlp.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::traces {
namespace {

std::string_view media_type_of(OtlpEncoding encoding) {
  return encoding == OtlpEncoding::json ? "application/json" : "application/x-protobuf";
}

std::optional<OtlpEncoding> encoding_of(const http::Request& request) {
  const std::string_view written = request.headers.find("content-type").value_or("");
  const std::string_view type = trim(written.substr(0, written.find(';')));
  if (iequals(type, "application/x-protobuf")) return OtlpEncoding::protobuf;
  if (iequals(type, "application/json")) return OtlpEncoding::json;
  return std::nullopt;
}

http::Response answer_of(OtlpEncoding encoding, std::string body, int status) {
  return http::Response::text(std::move(body), media_type_of(encoding), status);
}

Result<std::string> store(TraceService& traces, const http::Request& request, OtlpEncoding encoding) {
  SpanBatch batch;
  batch.workspace = tracking::workspace_of(request);
  CICLO_TRY(SpanTarget target, span_target_of(request));
  batch.experiment_id = target.experiment_id;
  batch.run_id = std::move(target.run_id);
  batch.writable = resources::reach_of(request, "experiment");
  CICLO_TRY(auto read, read_otlp(request.body, encoding));
  if (read.spans.empty() && read.rejected > 0) return fail(ErrorCode::invalid, read.why);
  batch.spans = std::move(read.spans);
  if (!batch.spans.empty()) CICLO_CHECK(traces.log_spans(std::move(batch)));
  return otlp_answer(encoding, read.rejected, read.why);
}

Result<http::Response> export_spans(TraceService& traces, const http::Request& request) {
  const auto encoding = encoding_of(request);
  if (!encoding)
    return answer_of(OtlpEncoding::json,
                     otlp_failure(OtlpEncoding::json, {.code = ErrorCode::invalid,
                                                       .message = "the content-type must be application/x-protobuf or "
                                                                  "application/json"}),
                     400);
  auto body = store(traces, request, *encoding);
  if (body) return answer_of(*encoding, *std::move(body), 200);
  const http::Response failure = tracking::render_mlflow_error(body.error());
  return answer_of(*encoding, otlp_failure(*encoding, body.error()), failure.status);
}

}  // namespace

Result<SpanTarget> span_target_of(const http::Request& request) {
  const auto experiment = request.headers.find("x-mlflow-experiment-id");
  if (!experiment)
    return fail(ErrorCode::invalid, "the header x-mlflow-experiment-id is missing", "x-mlflow-experiment-id",
                "set it to the id of the experiment that the traces belong to, for example by "
                "OTEL_EXPORTER_OTLP_HEADERS=x-mlflow-experiment-id=0");
  SpanTarget target;
  CICLO_TRY(target.experiment_id, tracking::parse_experiment_id(trim(*experiment)));
  if (const auto run = request.headers.find("x-mlflow-run-id"); run && !run->empty()) {
    CICLO_CHECK(tracking::check_id(*run, "x-mlflow-run-id"));
    target.run_id = *run;
  }
  return target;
}

Result<void> add_otlp_routes(http::Router& router, TraceService& traces) {
  return tracking::MlflowRoutes(router).add_raw(
      {.method = http::Method::post,
       .path = "/v1/traces",
       .action = "workspace/write",
       .summary = "OpenTelemetry: take spans in, as protobuf or JSON",
       .body_limit = limits::max_otlp_bytes,
       .handler = [&traces](http::Request& request) { return export_spans(traces, request); },
       .concerns = {concerns::exported_spans()}});
}

}  // namespace ciclo::traces
