#include "portability/trace_forms.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ciclo::portability {
namespace {

constexpr int max_depth = 64;

std::int64_t integer_of(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.is_string() ? parse_int(value.get_ref<const std::string&>()).value_or(0) : 0;
}

const Json& either(const Json& object, std::string_view name, std::string_view other) {
  const Json& found = member(object, name);
  return found.is_null() ? member(object, other) : found;
}

Json value_from_api(const Json& value, int depth);

Json object_from_api(const Json& pairs, int depth) {
  Json object = Json::object();
  for (const Json& pair : pairs) object[text_or(pair, "key")] = value_from_api(member(pair, "value"), depth);
  return object;
}

// {"int_value": "5"} → 5
Json value_from_api(const Json& value, int depth) {
  if (depth > max_depth) return nullptr;
  for (const char* same : {"string_value", "bool_value", "double_value", "bytes_value"})
    if (const Json& found = member(value, same); !found.is_null()) return found;
  if (const Json& found = member(value, "int_value"); !found.is_null()) return integer_of(found);
  if (const Json& found = member(value, "array_value"); !found.is_null()) {
    Json list = Json::array();
    for (const Json& item : member(found, "values")) list.push_back(value_from_api(item, depth + 1));
    return list;
  }
  if (const Json& found = member(value, "kvlist_value"); !found.is_null())
    return object_from_api(member(found, "values"), depth + 1);
  return nullptr;
}

Json value_to_otlp(const Json& value);

Json pairs_to_otlp(const Json& object) {
  Json list = Json::array();
  if (!object.is_object()) return list;
  for (const auto& [key, value] : object.items()) {
    Json pair{{"key", key}};
    if (!value.is_null()) pair["value"] = value_to_otlp(value);
    list.push_back(std::move(pair));
  }
  return list;
}

Json value_to_otlp(const Json& value) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_null()) return Json::object();
  if (value.is_string()) return {{"stringValue", value}};
  if (value.is_boolean()) return {{"boolValue", value}};
  if (value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > most))
    return {{"intValue", std::to_string(value.get<std::int64_t>())}};
  if (value.is_number()) return {{"doubleValue", value}};
  if (value.is_object()) return {{"kvlistValue", {{"values", pairs_to_otlp(value)}}}};
  Json values = Json::array();
  for (const Json& item : value) values.push_back(value_to_otlp(item));
  return {{"arrayValue", {{"values", std::move(values)}}}};
}

std::string hex_of_base64(const Json& id) {
  if (!id.is_string()) return {};
  return hex_of(decode_base64(id.get_ref<const std::string&>()).value_or(""));
}

std::string without_prefix(const std::string& id) {
  return id.starts_with("tr-") ? id.substr(3) : id;
}

// Attributes of traces.json are texts of JSON; what is none is itself.
Json attribute_value(const Json& written) {
  if (!written.is_string()) return written;
  auto read = parse_json(written.get_ref<const std::string&>());
  return read ? *std::move(read) : written;
}

Json link_from_api(const Json& link) {
  const Json attributes = object_from_api(member(link, "attributes"), 0);
  return {{"trace_id", "tr-" + hex_of_base64(member(link, "trace_id"))},
          {"span_id", hex_of_base64(member(link, "span_id"))},
          {"attributes", attributes.empty() ? Json(nullptr) : attributes}};
}

}  // namespace

std::string time_text(std::int64_t unix_ms) {
  return format_rfc3339(from_unix_ms(unix_ms));
}

std::string duration_text(std::int64_t milliseconds) {
  const std::string_view sign = milliseconds < 0 && milliseconds > -1000 ? "-" : "";
  return fmt::format("{}{}.{:03}s", sign, milliseconds / 1000, std::abs(milliseconds % 1000));
}

std::int64_t time_of(const Json& text) {
  if (!text.is_string()) return integer_of(text);
  const auto time = parse_rfc3339(text.get_ref<const std::string&>());
  return time ? to_unix_ms(*time) : 0;
}

std::int64_t duration_of(const Json& text) {
  if (!text.is_string()) return integer_of(text);
  std::string_view seconds = text.get_ref<const std::string&>();
  if (seconds.ends_with('s')) seconds.remove_suffix(1);
  const double value = parse_double(seconds).value_or(0);
  return std::abs(value) < 1e12 ? static_cast<std::int64_t>(std::llround(value * 1000)) : 0;
}

Json location_of_experiment(const std::string& experiment_id) {
  return {{"type", "MLFLOW_EXPERIMENT"}, {"mlflow_experiment", {{"experiment_id", experiment_id}}}};
}

std::string experiment_of(const Json& trace_info) {
  return text_or(at_pointer(trace_info, "/trace_location/mlflow_experiment"), "experiment_id");
}

Json object_of_pairs(const Json& pairs) {
  if (!pairs.is_array()) return pairs.is_object() ? pairs : Json::object();
  Json object = Json::object();
  for (const Json& pair : pairs) object[text_or(pair, "key")] = text_or(pair, "value");
  return object;
}

Json trace_info_from(const Json& other) {
  Json info{{"trace_id", text_or(other, "trace_id", text_or(other, "request_id"))}};
  for (const char* same : {"client_request_id", "request_preview", "response_preview", "assessments"})
    if (const Json& value = member(other, same); !value.is_null()) info[same] = value;
  info["trace_location"] = member(other, "trace_location");
  if (const std::string experiment = text_or(other, "experiment_id"); !experiment.empty())
    info["trace_location"] = location_of_experiment(experiment);
  info["request_time"] = time_text(time_of(either(other, "request_time", "timestamp_ms")));
  if (const Json& duration = either(other, "execution_duration_ms", "execution_time_ms"); !duration.is_null())
    info["execution_duration"] = duration_text(integer_of(duration));
  else if (const Json& written = member(other, "execution_duration"); !written.is_null())
    info["execution_duration"] = written;
  info["state"] = text_or(other, "state", text_or(other, "status", "STATE_UNSPECIFIED"));
  info["trace_metadata"] = object_of_pairs(either(other, "trace_metadata", "request_metadata"));
  info["tags"] = object_of_pairs(member(other, "tags"));
  return info;
}

bool has_stored_spans(const Json& trace_info) {
  const std::string place = text_or(member(trace_info, "tags"), trace_key::spans_location);
  return place == "TRACKING_STORE" || place == "ARCHIVE_REPO";
}

Json linked_prompts_of(const Json& trace_info) {
  Json prompts = Json::array();
  const auto list = parse_json(text_or(member(trace_info, "tags"), trace_key::linked_prompts));
  if (!list || !list->is_array()) return prompts;
  for (const Json& prompt : *list) {
    const Json& version = member(prompt, "version");
    prompts.push_back(text_or(prompt, "name") + "/" +
                      (version.is_string() ? version.get<std::string>() : to_text(version)));
  }
  return prompts;
}

Json file_span_from_api(const Json& span) {
  Json attributes = Json::object();
  const Json values = object_from_api(member(span, "attributes"), 0);
  for (const auto& [key, value] : values.items()) attributes[key] = to_text(value);
  Json form{{"trace_id", member(span, "trace_id")},
            {"span_id", member(span, "span_id")},
            {"parent_span_id", member(span, "parent_span_id")},
            {"name", text_or(span, "name")},
            {"start_time_unix_nano", integer_of(member(span, "start_time_unix_nano"))},
            {"end_time_unix_nano", nullptr},
            {"events", Json::array()},
            {"status",
             {{"code", text_or(member(span, "status"), "code", "STATUS_CODE_UNSET")},
              {"message", text_or(member(span, "status"), "message")}}},
            {"attributes", std::move(attributes)},
            {"links", Json::array()}};
  if (const auto end = integer_of(member(span, "end_time_unix_nano")); end != 0) form["end_time_unix_nano"] = end;
  for (const Json& event : member(span, "events"))
    form["events"].push_back({{"name", text_or(event, "name")},
                              {"time_unix_nano", integer_of(member(event, "time_unix_nano"))},
                              {"attributes", object_from_api(member(event, "attributes"), 0)}});
  for (const Json& link : member(span, "links")) form["links"].push_back(link_from_api(link));
  return form;
}

Json otlp_span_of(const Json& file_span, const std::string& trace_id) {
  const std::string trace = without_prefix(trace_id);
  const std::string id = hex_of_base64(member(file_span, "span_id"));
  if (trace.size() != 32 || !decode_hex(trace) || id.empty()) return nullptr;
  Json attributes = Json::object();
  if (const Json& written = member(file_span, "attributes"); written.is_object())
    for (const auto& [key, value] : written.items()) attributes[key] = attribute_value(value);
  Json form{{"traceId", trace},
            {"spanId", id},
            {"name", text_or(file_span, "name")},
            {"startTimeUnixNano", std::to_string(integer_of(member(file_span, "start_time_unix_nano")))},
            {"attributes", pairs_to_otlp(attributes)},
            {"status",
             {{"code", text_or(member(file_span, "status"), "code", "STATUS_CODE_UNSET")},
              {"message", text_or(member(file_span, "status"), "message")}}}};
  if (const std::string parent = hex_of_base64(member(file_span, "parent_span_id")); !parent.empty())
    form["parentSpanId"] = parent;
  if (const auto end = integer_of(member(file_span, "end_time_unix_nano")); end != 0)
    form["endTimeUnixNano"] = std::to_string(end);
  for (const Json& event : member(file_span, "events"))
    form["events"].push_back({{"name", text_or(event, "name")},
                              {"timeUnixNano", std::to_string(integer_of(member(event, "time_unix_nano")))},
                              {"attributes", pairs_to_otlp(member(event, "attributes"))}});
  for (const Json& link : member(file_span, "links")) {
    const std::string linked = without_prefix(text_or(link, "trace_id"));
    if (linked.size() != 32 || !decode_hex(linked)) continue;
    // Protobuf's JSON takes these as bytes.
    form["links"].push_back({{"traceId", encode_base64(*decode_hex(linked))},
                             {"spanId", encode_base64(decode_hex(text_or(link, "span_id")).value_or(""))},
                             {"attributes", pairs_to_otlp(member(link, "attributes"))}});
  }
  return form;
}

Json attribute_of(const Json& file_span, std::string_view key) {
  return attribute_value(member(member(file_span, "attributes"), key));
}

}  // namespace ciclo::portability
