// The forms in which MLflow stores and servers have traces, turned into the one that is moved: {"trace_info": that of
// the API 3.0, "spans": [that of traces.json], "run_ids": […], "prompts": ["name/version"]}, and "note": why something
// of it did not come.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::portability {

namespace trace_key {
inline constexpr std::string_view name = "mlflow.traceName";
inline constexpr std::string_view session = "mlflow.trace.session";
inline constexpr std::string_view token_usage = "mlflow.trace.tokenUsage";
inline constexpr std::string_view cost = "mlflow.trace.cost";
inline constexpr std::string_view finalized = "mlflow.trace.infoFinalized";
inline constexpr std::string_view artifact_location = "mlflow.artifactLocation";
inline constexpr std::string_view spans_location = "mlflow.trace.spansLocation";
inline constexpr std::string_view linked_prompts = "mlflow.linkedPrompts";
}  // namespace trace_key

std::string time_text(std::int64_t unix_ms);
std::string duration_text(std::int64_t milliseconds);  // "1.500s"
// 0 for what is none.
std::int64_t time_of(const Json& text);
std::int64_t duration_of(const Json& text);

Json location_of_experiment(const std::string& experiment_id);
std::string experiment_of(const Json& trace_info);

// Of the API 2.0, or of a trace_info.yaml of either release, to that of the API 3.0. Tags and metadata may be lists of
// pairs or objects.
Json trace_info_from(const Json& other);
// [{"key","value"}] → {"key": "value"}; an object stays.
Json object_of_pairs(const Json& pairs);

// Whether the spans lie in the store, not in a file beside the trace's artifacts.
bool has_stored_spans(const Json& trace_info);
// "name/version" of what the trace's own tag says.
Json linked_prompts_of(const Json& trace_info);

// A span as the API 3.0 answers it (OTLP's message, ids in base64) to that of traces.json.
Json file_span_from_api(const Json& span);
// A span of traces.json as OTLP's JSON, to be sent. Null when its ids are none.
Json otlp_span_of(const Json& file_span, const std::string& trace_id);
// An attribute of a span of traces.json as the value it is; null when there is none.
Json attribute_of(const Json& file_span, std::string_view key);

}  // namespace ciclo::portability
