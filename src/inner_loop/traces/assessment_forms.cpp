// Assessments as requests bring them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t max_value_bytes = std::size_t{64} << 10U;
constexpr std::size_t max_rationale_bytes = std::size_t{64} << 10U;
constexpr std::size_t max_id = 250;

Failure wrong(std::string_view name, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("Invalid value for parameter '{}': expected {}", name, expected),
              std::string(name));
}

Result<Json> expectation_from(const Json& expectation) {
  const Json& serialized = member(expectation, "serialized_value");
  if (serialized.is_null()) return member(expectation, "value");
  if (text_or(serialized, "serialization_format") != "JSON_FORMAT")
    return wrong("assessment.expectation.serialized_value.serialization_format", "JSON_FORMAT");
  return parse_json(text_or(serialized, "value"));
}

Json error_from(const Json& error) {
  if (!error.is_object()) return nullptr;
  Json read = Json::object();
  for (const std::string_view name : {"error_code", "error_message", "stack_trace"})
    if (const Json& text = member(error, name); text.is_string())
      read[std::string(name)] = cut_value(text.get_ref<const std::string&>());
  return read;
}

Result<std::string> source_type_from(const Json& source) {
  constexpr std::array<std::string_view, 4> types{"SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE"};
  CICLO_TRY(auto text, tracking::Arguments(source).text("source_type"));
  text = to_upper(text);
  if (text.empty()) return std::string(types[0]);
  if (text == "AI_JUDGE") return std::string(types[2]);  // its old name
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] == text || std::to_string(i) == text) return std::string(types[i]);
  return wrong("assessment.source.source_type", "HUMAN, LLM_JUDGE or CODE");
}

Result<std::int64_t> time_or_zero(const Json& json, std::string_view name) {
  const Json& value = member(json, name);
  if (value.is_null()) return 0;
  if (value.is_string())
    if (const auto time = parse_rfc3339(value.get_ref<const std::string&>())) return to_unix_ms(*time);
  return wrong(name, "a time such as 2026-01-31T08:15:30.123Z");
}

Result<std::string> short_text(const tracking::Arguments& arguments, std::string_view name, std::size_t most) {
  CICLO_TRY(auto text, arguments.text(name));
  if (text.size() > most)
    return fail(ErrorCode::invalid, fmt::format("'{}' is longer than {} bytes", name, most), std::string(name));
  return clean_text(text);
}

}  // namespace

Result<AssessmentValue> assessment_value_from(const Json& json) {
  AssessmentValue read;
  const Json& feedback = member(json, "feedback");
  const Json& expectation = member(json, "expectation");
  const Json& issue = member(json, "issue");
  if (feedback.is_object()) {
    read.value = member(feedback, "value");
    read.error = error_from(member(feedback, "error"));
  } else if (expectation.is_object()) {
    read.type = AssessmentType::expectation;
    CICLO_TRY(read.value, expectation_from(expectation));
  } else if (issue.is_object()) {
    read.type = AssessmentType::issue;
    read.value = {{"issue_name", clean_text(text_or(issue, "issue_name"))}};
  } else {
    return wrong("assessment", "exactly one of feedback, expectation and issue");
  }
  if (to_text(read.value).size() > max_value_bytes)
    return fail(ErrorCode::invalid, "the assessment's value is larger than 64 KiB", "assessment");
  return read;
}

Result<Assessment> assessment_from_json(const Json& json) {
  if (!json.is_object()) return wrong("assessment", "an object");
  const tracking::Arguments arguments(json);
  Assessment read;
  CICLO_TRY(read.name, short_text(arguments, "assessment_name", max_assessment_name_length));
  CICLO_TRY(read.assessment_id, short_text(arguments, "assessment_id", max_id));
  CICLO_TRY(auto value, assessment_value_from(json));
  read.type = value.type;
  read.value = std::move(value.value);
  read.error = std::move(value.error);
  CICLO_TRY(read.source_type, source_type_from(member(json, "source")));
  CICLO_TRY(read.source_id, short_text(tracking::Arguments(member(json, "source")), "source_id", max_id));
  CICLO_TRY(read.rationale, short_text(arguments, "rationale", max_rationale_bytes));
  CICLO_TRY(read.span_id, short_text(arguments, "span_id", max_id));
  CICLO_TRY(read.overrides, short_text(arguments, "overrides", max_id));
  CICLO_TRY(read.create_time, time_or_zero(json, "create_time"));
  CICLO_TRY(read.last_update_time, time_or_zero(json, "last_update_time"));
  CICLO_TRY(auto metadata, pairs_from_json(member(json, "metadata"), "metadata"));
  for (Tag& pair : metadata) read.metadata.push_back({clean_text(pair.key), cut_value(pair.value)});
  return read;
}

}  // namespace ciclo::traces
