#include <fmt/format.h>

#include "base/ids.hpp"
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/import.hpp"
#include "inner_loop/traces/otlp.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/span_reader.hpp"
#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/import_routes.hpp"

namespace ciclo::traces {
namespace {

// A span may be as large as OTLP takes it, with what escapes it.
constexpr std::size_t max_body = std::size_t{64} << 20U;
constexpr int max_body_depth = 96;
constexpr std::size_t max_links_of_a_trace = 1000;

Result<std::vector<std::string>> links_of(const Json& item, std::string_view name) {
  CICLO_TRY(const auto texts, tracking::Arguments(item).texts(name));
  if (texts.size() > max_links_of_a_trace)
    return fail(ErrorCode::too_large, fmt::format("'{}' of a trace holds more than 1000", name), std::string(name));
  std::vector<std::string> links;
  for (const std::string& text : texts) links.push_back(cut_value(text));
  return links;
}

Result<http::Response> take_traces(TraceImport& imports, const http::Request& request) {
  CICLO_TRY(const Json body, parse_json(request.body, {.max_bytes = max_body, .max_depth = max_body_depth}));
  CICLO_TRY(const Json* items, tracking::import_items(body, "traces"));
  CICLO_TRY(const auto outcomes, imports.take(request.parameter("workspace"), *items));
  return tracking::import_answer("traces", outcomes);
}

}  // namespace

Result<ImportedTrace> imported_trace(const Json& item) {
  const Json& info = member(item, "trace_info");
  ImportedTrace imported;
  CICLO_TRY(imported.trace, trace_from_json(info));
  imported.trace.is_finalized = text_or(member(info, "trace_metadata"), key::finalized) == "true";
  auto given = member(info, "assessments").begin();
  for (Assessment& assessment : imported.trace.assessments) {
    assessment.is_valid = member(*given++, "valid") != false;
    assessment.trace_id = imported.trace.trace_id;
    if (assessment.assessment_id.empty()) assessment.assessment_id = "a-" + new_uid();
    if (assessment.create_time == 0) assessment.create_time = imported.trace.timestamp_ms;
    if (assessment.last_update_time == 0) assessment.last_update_time = assessment.create_time;
  }
  const Json& spans = member(item, "spans");
  if (!spans.is_null() && !spans.is_array()) return fail(ErrorCode::invalid, "'spans' must be a list", "spans");
  if (spans.size() > limits::max_spans)
    return fail(ErrorCode::too_large, "a trace comes with at most 10000 spans at once", "spans");
  for (const Json& form : spans) {
    CICLO_TRY(auto span, span_from_file_form(form, imported.trace.trace_id));
    imported.spans.push_back(std::move(span));
  }
  imported.has_stored_spans =
      !imported.spans.empty() || text_or(member(info, "tags"), key::spans_location) == key::tracking_store;
  CICLO_TRY(imported.run_ids, links_of(item, "run_ids"));
  CICLO_TRY(imported.prompts, links_of(item, "prompts"));
  return imported;
}

Result<void> add_import_routes(http::Router& router, TraceImport& imports) {
  return tracking::add_import_route(
      router, {.name = "traces",
               .summary = "Take in traces of an MLflow store as they are, with spans and assessments",
               .handler = [&imports](http::Request& request) { return take_traces(imports, request); },
               .body_limit = max_body});
}

}  // namespace ciclo::traces
