// MLflow's endpoints for traces: API 3.0, the 2.0 endpoints that 2.x clients use, and OTLP's POST /v1/traces.
#pragma once

#include "base/error.hpp"
#include "inner_loop/traces/service.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"

namespace ciclo::traces {

// All of them. The arguments must outlive the router. To be called before tracking's routes, whose fallback answers
// what MLflow has and Ciclo does not.
Result<void> add_trace_routes(http::Router& router, TraceService& traces, blobs::BlobStore& blobs);

// By area; called by add_trace_routes.
Result<void> add_v3_routes(http::Router& router, TraceService& traces);
Result<void> add_legacy_routes(http::Router& router, TraceService& traces);
Result<void> add_assessment_routes(http::Router& router, TraceService& traces);
Result<void> add_analysis_routes(http::Router& router, TraceService& traces);
Result<void> add_otlp_routes(http::Router& router, TraceService& traces);
// What the web pages of MLflow read: the spans of a trace as one file, and what is attached to it.
Result<void> add_file_routes(http::Router& router, TraceService& traces, blobs::BlobStore& blobs);

}  // namespace ciclo::traces
