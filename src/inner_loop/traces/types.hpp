// The nouns of tracing: a trace is one request through an application, its spans are the steps, its assessments are
// what people, judges and code said about it.
//
// Trace ids are "tr-<32 hexadecimal digits>" for traces of MLflow 3 and of OpenTelemetry, and whatever the server gave
// to a 2.x client. Times are Unix milliseconds, but those of spans, which are nanoseconds.
//
// Thread safety: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "inner_loop/tracking/types.hpp"

namespace ciclo::traces {

using tracking::Page;
using tracking::Tag;

enum class TraceState : std::uint8_t { unspecified, ok, error, in_progress };
std::string_view name_of(TraceState state);  // "OK"
// By name; also "TRACE_STATUS_UNSPECIFIED", as MLflow 2 has it.
std::optional<TraceState> parse_trace_state(std::string_view text);

// Keys of metadata and tags that mean something here. They are MLflow's.
namespace key {
inline constexpr std::string_view name = "mlflow.traceName";
inline constexpr std::string_view session = "mlflow.trace.session";
inline constexpr std::string_view user = "mlflow.trace.user";
inline constexpr std::string_view token_usage = "mlflow.trace.tokenUsage";
inline constexpr std::string_view cost = "mlflow.trace.cost";
inline constexpr std::string_view size_stats = "mlflow.trace.sizeStats";
inline constexpr std::string_view finalized = "mlflow.trace.infoFinalized";
inline constexpr std::string_view source_run = "mlflow.sourceRun";
inline constexpr std::string_view artifact_location = "mlflow.artifactLocation";
inline constexpr std::string_view spans_location = "mlflow.trace.spansLocation";
inline constexpr std::string_view tracking_store = "TRACKING_STORE";
inline constexpr std::string_view linked_prompts = "mlflow.linkedPrompts";
}  // namespace key

// Tokens and cost (US dollars) of a trace or a span, by the keys of MLflow's JSON. A missing one was not said.
struct Usage {
  static constexpr std::array<std::string_view, 6> token_keys{"input_tokens",
                                                              "output_tokens",
                                                              "total_tokens",
                                                              "cache_read_input_tokens",
                                                              "cache_creation_input_tokens",
                                                              "cache_creation_input_tokens_above_1hr"};
  static constexpr std::array<std::string_view, 3> cost_keys{"input_cost", "output_cost", "total_cost"};
  std::array<std::optional<std::int64_t>, 6> tokens;
  std::array<std::optional<double>, 3> costs;

  bool has_tokens() const;
  bool has_costs() const;
};

enum class SpanStatus : std::uint8_t { unset, ok, error };

struct Span {
  std::string trace_id;   // "tr-…"
  std::string span_id;    // 16 hexadecimal digits
  std::string parent_id;  // empty for a root
  std::string name;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;  // 0: not ended
  SpanStatus status = SpanStatus::unset;
  std::string status_message;
  Json attributes = Json::object();  // as values: numbers, texts, lists …
  Json events = Json::array();       // [{name, time_unix_nano, attributes}, …]
  Json links = Json::array();        // [{trace_id, span_id, attributes}, …]
  // Of the process that made it; shared by the spans of one ResourceSpans. May be null.
  std::shared_ptr<const Json> resource;

  // An attribute as text; empty when it is none.
  std::string text(std::string_view key) const { return text_or(attributes, key); }
};

enum class AssessmentType : std::uint8_t { feedback, expectation, issue };
std::string_view name_of(AssessmentType type);  // "feedback"

struct Assessment {
  std::string assessment_id;  // "a-<32 hexadecimal digits>"
  std::string trace_id;
  std::string name;
  AssessmentType type = AssessmentType::feedback;
  Json value;  // of an issue: {"issue_name": …}
  Json error;  // of feedback: {error_code, error_message, stack_trace}, or null
  std::string source_type = "SOURCE_TYPE_UNSPECIFIED";
  std::string source_id;
  std::string rationale;
  std::string span_id;
  std::string overrides;  // the assessment that this one replaces
  std::int64_t create_time = 0;
  std::int64_t last_update_time = 0;
  bool is_valid = true;  // false once another one overrides it
  std::vector<Tag> metadata;
};

// What is known of a trace besides its spans.
struct Trace {
  std::string workspace;
  std::int64_t number = 0;  // internal key of the rows that belong to it
  std::string trace_id;
  std::int64_t experiment_id = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::int64_t> execution_time_ms;
  TraceState state = TraceState::unspecified;
  std::optional<std::string> name;
  std::optional<std::string> client_request_id;
  std::optional<std::string> request_preview;
  std::optional<std::string> response_preview;
  std::optional<std::string> session_id;
  Usage usage;
  // A client has given the final state; what spans say later changes no time and no usage of it.
  bool is_finalized = false;
  std::vector<Tag> tags;      // without the name
  std::vector<Tag> metadata;  // without session, usage and cost
  std::vector<Assessment> assessments;
};

struct TraceRef {
  std::string workspace;
  std::string trace_id;
};

}  // namespace ciclo::traces
