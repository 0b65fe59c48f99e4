// Answers of many runs or points, written as JSON text at once: a tree of 25,000 points would cost ten times as much.
// The same forms as forms.hpp.
//
// Thread safety: pure functions over the text they append to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inner_loop/tracking/types.hpp"
#include "platform/http/message.hpp"

namespace ciclo::tracking {

// "…" with what JSON escapes; invalid UTF-8 becomes U+FFFD.
void append_text(std::string& out, std::string_view value);
// The shortest text that reads back as the same number; NaN is a text.
void append_number(std::string& out, double value);
void append_json(std::string& out, const Metric& metric);
void append_json(std::string& out, const Run& run);

// {"runs": [...], "next_page_token": …} and {"metrics": [...], …}, without what is empty.
std::string runs_text(const Page<Run>& page);
std::string metrics_text(const Page<Metric>& page);

http::Response json_response(std::string text);

}  // namespace ciclo::tracking
