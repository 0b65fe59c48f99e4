#include "inner_loop/traces/service_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t max_trace_id = 250;

bool is_id_character(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u < 0x7F;
}

}  // namespace

std::string cut_to(std::string_view text, std::size_t length) {
  std::size_t bytes = 0;
  for (std::size_t count = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U;
    if (begins && count++ == length) break;
  }
  return std::string(text.substr(0, bytes));
}

std::string cut_value(std::string_view text) {
  return cut_to(clean_text(text), max_value_length);
}

bool is_protected_tag(std::string_view key) {
  return key == key::spans_location || key == key::artifact_location || key == "mlflow.trace.archiveLocation" ||
         key == "mlflow.trace.archivalFailure";
}

Result<Tag> checked_tag(std::string_view key, std::string_view value) {
  CICLO_CHECK(tracking::check_key(key, "tag name"));
  if (is_protected_tag(key))
    return fail(ErrorCode::invalid, fmt::format("Tag '{}' is immutable and cannot be set on a trace", key), "key");
  if (key == key::name && tracking::length_of(value) > max_name_length)
    return fail(ErrorCode::invalid, "Trace name exceeds the length limit of 4096", "value");
  return Tag{std::string(key), cut_value(value)};
}

Result<void> check_writable(const Trace& trace, const resources::Reach& writable) {
  if (writable.covers(std::to_string(trace.experiment_id))) return {};
  return fail(ErrorCode::denied, fmt::format("the trace {} belongs to another experiment", trace.trace_id),
              "traces/" + trace.trace_id, "write to traces of experiments that you may write to");
}

Result<void> check_trace_id(std::string_view trace_id) {
  if (!trace_id.empty() && trace_id.size() <= max_trace_id && std::ranges::all_of(trace_id, is_id_character)) return {};
  return fail(ErrorCode::invalid, fmt::format("Invalid trace_id: '{}'", trace_id.substr(0, max_trace_id)), "trace_id",
              "expected 1 to 250 printable characters without spaces, such as tr-0af7651916cd43dd8448eb211c80319c");
}

void keep_from(const Trace& before, Trace& trace) {
  trace.number = before.number;
  if (!trace.name) trace.name = before.name;
  if (!trace.request_preview) trace.request_preview = before.request_preview;
  if (!trace.response_preview) trace.response_preview = before.response_preview;
  if (!trace.session_id) trace.session_id = before.session_id;
  if (!trace.usage.has_tokens()) trace.usage.tokens = before.usage.tokens;
  if (!trace.usage.has_costs()) trace.usage.costs = before.usage.costs;
}

Tag artifact_location_tag(const tracking::Experiment& experiment, const std::string& trace_id) {
  return {std::string(key::artifact_location),
          fmt::format("{}/traces/{}/artifacts", experiment.artifact_location, trace_id)};
}

Tag stored_spans_tag() {
  return {std::string(key::spans_location), std::string(key::tracking_store)};
}

}  // namespace ciclo::traces
