// Internal to this folder: what the handlers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/traces/service.hpp"
#include "inner_loop/traces/trace_concerns.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::traces {

using tracking::Call;

inline constexpr std::size_t max_trace_body = std::size_t{4} << 20U;  // a trace's info with its assessments

// The trace that the path names.
inline TraceRef ref_of(const Call& call) {
  return {.workspace = call.workspace, .trace_id = clean_text(call.request.parameter("trace_id"))};
}

// tracking::experiment_ids_of(), without those that the caller may not see.
Result<std::vector<std::int64_t>> reachable_ids_from(const Call& call, std::string_view name);

// Where OTLP's spans go, by the request's headers.
struct SpanTarget {
  std::int64_t experiment_id = 0;
  std::string run_id;  // may be empty
};
Result<SpanTarget> span_target_of(const http::Request& request);

// A table of routes, where act is a function of (service, call).
class TraceRoutes {
 public:
  using Act = Result<Json> (*)(TraceService&, const Call&);
  TraceRoutes(http::Router& router, TraceService& traces, std::string_view version)
      : routes_(router), traces_(traces), version_(version) {}
  Result<void> add(http::Method method, std::string_view path, std::string_view action, Act act,
                   std::vector<http::Concern> concerns);

 private:
  tracking::MlflowRoutes routes_;
  TraceService& traces_;
  std::string_view version_;
};

// Tags: the same in both versions of the API.
Result<Json> set_tag(TraceService& traces, const Call& call);
Result<Json> delete_tag(TraceService& traces, const Call& call);
Result<Json> delete_traces(TraceService& traces, const Call& call);

}  // namespace ciclo::traces
