// The filters of metric queries: one comparison each, written "<view>.<entity>[.<key>] = 'value'":
// trace.status, trace.tag.<key>, trace.metadata.<key>; of spans also span.name, span.status, span.type; of assessments
// also assessment.name, assessment.type.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "inner_loop/traces/trace_filter.hpp"

namespace ciclo::traces {

// A condition on `traces t`, `trace_spans s` or `trace_assessments a`.
Result<tracking::Statement> metric_filter(const std::string& filter, std::string_view view, const FilterScope& scope);

}  // namespace ciclo::traces
