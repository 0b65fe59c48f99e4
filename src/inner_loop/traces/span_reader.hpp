// Reads MLflow's own form of a span: that of its files (traces.json) and of its database; the inverse of file_form().
// Attributes are texts of JSON there; one that is no JSON is kept as the text it is. Limits are those of OTLP.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {

// A span of the trace with that id, whatever the span says. Fails with invalid, too_large.
Result<Span> span_from_file_form(const Json& form, const std::string& trace_id);

}  // namespace ciclo::traces
