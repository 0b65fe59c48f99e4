// The forms of a span: as it is stored, as MLflow's API answers it (the JSON of OTLP's message), and as MLflow keeps it
// in a file (traces.json).
//
// The stored form is {"name","attributes","events","links","message"} without what is empty. Attributes are stored as
// values, not as texts of JSON within JSON: it is shorter, and filters compare what a person wrote.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"
#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {

std::string stored_content(const Span& span);
// Fills in what the content holds.
Result<void> read_content(std::string_view content, Span& span);

// {"trace_id": base64, …, "attributes": [{"key","value":{"int_value":5}}], …}
Json otlp_form(const Span& span);
// {"trace_id": base64, …, "attributes": {"key": "<JSON>"}, …}
Json file_form(const Span& span);

}  // namespace ciclo::traces
