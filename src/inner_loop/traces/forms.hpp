// MLflow's JSON of traces: TraceInfo of the API 3.0 and of 2.0, Assessment; read and written. Times are RFC 3339 texts,
// durations "1.500s", as protobuf's JSON has them.
//
// Thread safety: pure functions. Failures are ErrorCode::invalid and name the field.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/traces/types.hpp"
#include "inner_loop/tracking/arguments.hpp"

namespace ciclo::traces {

// API 3.0.
Json trace_info(const Trace& trace);
Json to_json(const Assessment& assessment);
// API 2.0.
Json legacy_trace_info(const Trace& trace);

// {"trace_info": {…}} of a request. Name, session, usage and cost are taken out of tags and metadata.
Result<Trace> trace_from_json(const Json& info);
// {"assessment_name", "source", "feedback": …}. Without id and trace.
Result<Assessment> assessment_from_json(const Json& json);
// What updates of an assessment carry: the value alone.
struct AssessmentValue {
  AssessmentType type = AssessmentType::feedback;
  Json value;
  Json error;
};
Result<AssessmentValue> assessment_value_from(const Json& json);
// {"key": "value", …}, values of other kinds as they are written.
Result<std::vector<Tag>> pairs_from_json(const Json& json, std::string_view name);

// Moves name, session, usage and cost from tags and metadata to their places, cuts values. Fails with invalid for a key
// that cannot be.
Result<void> promote(Trace& trace, std::vector<Tag> tags, std::vector<Tag> metadata);
// All metadata, the promoted keys included.
std::vector<Tag> all_metadata(const Trace& trace);
std::vector<Tag> all_tags(const Trace& trace);

}  // namespace ciclo::traces
