#include "inner_loop/traces/forms.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/summary.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::traces {
namespace {

Failure wrong(std::string_view name, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("Invalid value for parameter '{}': expected {}", name, expected),
              std::string(name));
}

Json object_of(const std::vector<Tag>& pairs) {
  Json object = Json::object();
  for (const Tag& pair : pairs) object[pair.key] = pair.value;
  return object;
}

// As protobuf's JSON form of a Timestamp has it: no fraction where there is none.
std::string time_text(std::int64_t unix_ms) {
  return replace_all(format_rfc3339(from_unix_ms(unix_ms)), ".000Z", "Z");
}

std::string duration_text(std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds / 1000;
  const std::int64_t rest = std::abs(milliseconds % 1000);
  const std::string_view sign = milliseconds < 0 && seconds == 0 ? "-" : "";
  return rest == 0 ? fmt::format("{}{}s", sign, seconds) : fmt::format("{}{}.{:03}s", sign, seconds, rest);
}

Result<std::int64_t> time_from_json(const Json& value, std::string_view name) {
  if (value.is_string())
    if (const auto time = parse_rfc3339(value.get_ref<const std::string&>())) return to_unix_ms(*time);
  return wrong(name, "a time such as 2026-01-31T08:15:30.123Z");
}

Result<std::int64_t> duration_from_json(const Json& value) {
  if (value.is_string()) {
    const std::string_view text = value.get_ref<const std::string&>();
    const auto seconds = text.ends_with('s') ? parse_double(text.substr(0, text.size() - 1)) : std::nullopt;
    if (seconds && std::abs(*seconds) < 1e12) return static_cast<std::int64_t>(std::llround(*seconds * 1000));
  }
  return wrong("execution_duration", "a duration such as 1.500s");
}

void set_optional(std::optional<std::string>& target, const Json& info, std::string_view name) {
  if (const Json& value = member(info, name); value.is_string())
    target = cut_value(value.get_ref<const std::string&>());
}

Result<std::int64_t> experiment_of(const Json& info) {
  const Json& location = member(info, "trace_location");
  const Json& experiment = member(location, "mlflow_experiment");
  if (!experiment.is_object())
    return wrong("trace_location", "{\"type\": \"MLFLOW_EXPERIMENT\", \"mlflow_experiment\": {\"experiment_id\": …}}");
  CICLO_TRY(const auto id, tracking::Arguments(experiment).required_text("experiment_id"));
  return tracking::parse_experiment_id(id);
}

Json value_form(const Assessment& assessment) {
  // Lists and objects of an expectation travel as a text of JSON.
  if (assessment.type == AssessmentType::expectation && assessment.value.is_structured())
    return {{"serialized_value", {{"serialization_format", "JSON_FORMAT"}, {"value", to_text(assessment.value)}}}};
  if (assessment.type == AssessmentType::issue) return assessment.value;
  Json form{{"value", assessment.value}};
  if (!assessment.error.is_null()) form["error"] = assessment.error;
  return form;
}

// A whole trace is not lost for what MLflow does not check either: any text that is not too long.
Result<void> check_pair_key(std::string_view key) {
  if (!key.empty() && key.find('\0') == std::string_view::npos && tracking::length_of(key) <= tracking::max_key_length)
    return {};
  return fail(ErrorCode::invalid, "Invalid key of a tag or of metadata: expected 1 to 250 characters", "key");
}

}  // namespace

std::vector<Tag> all_tags(const Trace& trace) {
  std::vector<Tag> tags = trace.tags;
  if (trace.name) tags.push_back({std::string(key::name), *trace.name});
  return tags;
}

std::vector<Tag> all_metadata(const Trace& trace) {
  std::vector<Tag> metadata = trace.metadata;
  const auto add = [&](std::string_view key, std::string value) {
    metadata.push_back({std::string(key), std::move(value)});
  };
  if (trace.is_finalized) add(key::finalized, "true");
  if (trace.session_id) add(key::session, *trace.session_id);
  if (trace.usage.has_tokens()) add(key::token_usage, to_text(tokens_json(trace.usage)));
  if (trace.usage.has_costs()) add(key::cost, to_text(costs_json(trace.usage)));
  return metadata;
}

Json trace_info(const Trace& trace) {
  Json info{{"trace_id", trace.trace_id}};
  if (trace.client_request_id) info["client_request_id"] = *trace.client_request_id;
  info["trace_location"] = {{"type", "MLFLOW_EXPERIMENT"},
                            {"mlflow_experiment", {{"experiment_id", std::to_string(trace.experiment_id)}}}};
  if (trace.request_preview) info["request_preview"] = *trace.request_preview;
  if (trace.response_preview) info["response_preview"] = *trace.response_preview;
  info["request_time"] = time_text(trace.timestamp_ms);
  if (trace.execution_time_ms) info["execution_duration"] = duration_text(*trace.execution_time_ms);
  info["state"] = name_of(trace.state);
  info["trace_metadata"] = object_of(all_metadata(trace));
  info["tags"] = object_of(all_tags(trace));
  for (const Assessment& assessment : trace.assessments) info["assessments"].push_back(to_json(assessment));
  return info;
}

Json to_json(const Assessment& assessment) {
  Json source{{"source_type", assessment.source_type}};
  if (!assessment.source_id.empty()) source["source_id"] = assessment.source_id;
  Json form{{"assessment_id", assessment.assessment_id},
            {"assessment_name", assessment.name},
            {"trace_id", assessment.trace_id}};
  if (!assessment.span_id.empty()) form["span_id"] = assessment.span_id;
  form["source"] = std::move(source);
  form["create_time"] = format_rfc3339(from_unix_ms(assessment.create_time));
  form["last_update_time"] = format_rfc3339(from_unix_ms(assessment.last_update_time));
  form[std::string(name_of(assessment.type))] = value_form(assessment);
  if (!assessment.rationale.empty()) form["rationale"] = assessment.rationale;
  if (!assessment.metadata.empty()) form["metadata"] = object_of(assessment.metadata);
  if (!assessment.overrides.empty()) form["overrides"] = assessment.overrides;
  form["valid"] = assessment.is_valid;
  return form;
}

Json legacy_trace_info(const Trace& trace) {
  const auto list = [](const std::vector<Tag>& pairs) {
    Json items = Json::array();
    for (const Tag& pair : pairs) items.push_back({{"key", pair.key}, {"value", pair.value}});
    return items;
  };
  return {{"request_id", trace.trace_id},
          {"experiment_id", std::to_string(trace.experiment_id)},
          {"timestamp_ms", trace.timestamp_ms},
          {"execution_time_ms", trace.execution_time_ms.value_or(0)},
          {"status", trace.state == TraceState::unspecified ? "TRACE_STATUS_UNSPECIFIED" : name_of(trace.state)},
          {"request_metadata", list(all_metadata(trace))},
          {"tags", list(all_tags(trace))}};
}

Result<std::vector<Tag>> pairs_from_json(const Json& json, std::string_view name) {
  if (!json.is_null() && !json.is_object()) return wrong(name, "an object of texts");
  return tracking::Arguments(Json{{std::string(name), json}}).tags(name);
}

Result<void> promote(Trace& trace, std::vector<Tag> tags, std::vector<Tag> metadata) {
  for (Tag& tag : tags) {
    // Where the files are is the server's to say, and where the spans are the store's.
    if (is_protected_tag(tag.key)) continue;
    CICLO_CHECK(check_pair_key(tag.key));
    if (tag.key == key::name) trace.name = cut_to(clean_text(tag.value), max_name_length);
    else trace.tags.push_back({std::move(tag.key), cut_value(tag.value)});
  }
  for (Tag& pair : metadata) {
    CICLO_CHECK(check_pair_key(pair.key));
    std::string value = cut_value(pair.value);
    const auto json = parse_json(value);
    if (pair.key == key::session) {
      if (tracking::length_of(value) > max_session_length)
        return fail(ErrorCode::invalid, "Session ID exceeds the length limit of 250", "trace_metadata");
      trace.session_id = std::move(value);
    } else if (pair.key == key::token_usage) {
      if (json) trace.usage.tokens = tokens_from(*json).tokens;
    } else if (pair.key == key::cost) {
      if (json) trace.usage.costs = costs_from(*json).costs;
    } else if (pair.key != key::finalized) {
      trace.metadata.push_back({std::move(pair.key), std::move(value)});
    }
  }
  return {};
}

Result<Trace> trace_from_json(const Json& info) {
  if (!info.is_object()) return wrong("trace", "{\"trace_info\": {…}}");
  const tracking::Arguments arguments(info);
  Trace trace;
  CICLO_TRY(trace.trace_id, arguments.required_text("trace_id"));
  CICLO_CHECK(check_trace_id(trace.trace_id));
  CICLO_TRY(trace.experiment_id, experiment_of(info));
  CICLO_TRY(trace.timestamp_ms, time_from_json(member(info, "request_time"), "request_time"));
  if (const Json& duration = member(info, "execution_duration"); !duration.is_null()) {
    CICLO_TRY(trace.execution_time_ms, duration_from_json(duration));
  }
  CICLO_TRY(const auto state, arguments.text("state"));
  const auto parsed = parse_trace_state(state.empty() ? "STATE_UNSPECIFIED" : state);
  if (!parsed) return wrong("state", "OK, ERROR, IN_PROGRESS or STATE_UNSPECIFIED");
  trace.state = *parsed;
  set_optional(trace.client_request_id, info, "client_request_id");
  set_optional(trace.request_preview, info, "request_preview");
  set_optional(trace.response_preview, info, "response_preview");
  CICLO_TRY(auto tags, pairs_from_json(member(info, "tags"), "tags"));
  CICLO_TRY(auto metadata, pairs_from_json(member(info, "trace_metadata"), "trace_metadata"));
  CICLO_CHECK(promote(trace, std::move(tags), std::move(metadata)));
  for (const Json& item : member(info, "assessments")) {
    CICLO_TRY(auto assessment, assessment_from_json(item));
    trace.assessments.push_back(std::move(assessment));
  }
  return trace;
}

}  // namespace ciclo::traces
