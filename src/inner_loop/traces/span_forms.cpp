#include "inner_loop/traces/span_forms.hpp"

#include <array>
#include <limits>

#include "base/encoding.hpp"

namespace ciclo::traces {
namespace {

constexpr std::string_view id_prefix = "tr-";
constexpr auto max_int64 = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr std::array<std::string_view, 3> status_names{"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};

std::string_view name_of(SpanStatus status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::string base64_of_id(std::string_view id) {
  if (id.starts_with(id_prefix)) id.remove_prefix(id_prefix.size());
  return encode_base64(decode_hex(id).value_or(""));
}

Json pairs(const Json& object);

Json any_value(const Json& value) {
  if (value.is_string()) return {{"string_value", value}};
  if (value.is_boolean()) return {{"bool_value", value}};
  // Protobuf's integers have a sign.
  if (value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > max_int64))
    return {{"int_value", value}};
  if (value.is_number()) return {{"double_value", value.get<double>()}};
  if (value.is_array()) {
    Json values = Json::array();
    for (const Json& item : value) values.push_back(any_value(item));
    return {{"array_value", {{"values", std::move(values)}}}};
  }
  if (value.is_object()) return {{"kvlist_value", {{"values", pairs(value)}}}};
  return Json::object();  // null: a value that says nothing; protobuf has no null in a list
}

Json pairs(const Json& object) {
  Json list = Json::array();
  if (!object.is_object()) return list;
  for (const auto& [key, value] : object.items()) {
    Json pair{{"key", key}};
    if (!value.is_null()) pair["value"] = any_value(value);
    list.push_back(std::move(pair));
  }
  return list;
}

void add_pairs(Json& form, const Json& attributes) {
  if (!attributes.empty()) form["attributes"] = pairs(attributes);
}

Json otlp_event(const Json& event) {
  Json form{{"time_unix_nano", member(event, "time_unix_nano")}, {"name", text_or(event, "name")}};
  add_pairs(form, member(event, "attributes"));
  return form;
}

Json otlp_link(const Json& link) {
  Json form{{"trace_id", base64_of_id(text_or(link, "trace_id"))}, {"span_id", base64_of_id(text_or(link, "span_id"))}};
  add_pairs(form, member(link, "attributes"));
  return form;
}

}  // namespace

std::string stored_content(const Span& span) {
  Json content{{"name", span.name}};
  if (!span.attributes.empty()) content["attributes"] = span.attributes;
  if (!span.events.empty()) content["events"] = span.events;
  if (!span.links.empty()) content["links"] = span.links;
  if (!span.status_message.empty()) content["message"] = span.status_message;
  return to_text(content);
}

Result<void> read_content(std::string_view content, Span& span) {
  constexpr JsonLimits own_data{.max_bytes = std::size_t{1} << 30U, .max_depth = 256};
  CICLO_TRY(Json read, parse_json(content, own_data));
  span.name = text_or(read, "name");
  span.status_message = text_or(read, "message");
  for (const auto& [key, target] : {std::pair<std::string_view, Json*>{"attributes", &span.attributes},
                                    {"events", &span.events},
                                    {"links", &span.links}}) {
    if (const auto found = read.find(key); found != read.end()) *target = std::move(*found);
  }
  return {};
}

Json otlp_form(const Span& span) {
  Json form{{"trace_id", base64_of_id(span.trace_id)}, {"span_id", base64_of_id(span.span_id)}};
  if (!span.parent_id.empty()) form["parent_span_id"] = base64_of_id(span.parent_id);
  form["name"] = span.name;
  form["start_time_unix_nano"] = span.start_ns;
  if (span.end_ns != 0) form["end_time_unix_nano"] = span.end_ns;
  add_pairs(form, span.attributes);
  for (const Json& event : span.events) form["events"].push_back(otlp_event(event));
  for (const Json& link : span.links) form["links"].push_back(otlp_link(link));
  Json status = Json::object();
  if (!span.status_message.empty()) status["message"] = span.status_message;
  if (span.status != SpanStatus::unset) status["code"] = name_of(span.status);
  form["status"] = std::move(status);
  return form;
}

Json file_form(const Span& span) {
  Json attributes = Json::object();
  for (const auto& [key, value] : span.attributes.items()) attributes[key] = to_text(value);
  Json form{{"trace_id", base64_of_id(span.trace_id)}, {"span_id", base64_of_id(span.span_id)}};
  form["parent_span_id"] = span.parent_id.empty() ? Json(nullptr) : Json(base64_of_id(span.parent_id));
  form["name"] = span.name;
  form["start_time_unix_nano"] = span.start_ns;
  form["end_time_unix_nano"] = span.end_ns == 0 ? Json(nullptr) : Json(span.end_ns);
  form["events"] = span.events;
  form["status"] = {{"code", name_of(span.status)}, {"message", span.status_message}};
  form["attributes"] = std::move(attributes);
  form["links"] = span.links;
  return form;
}

}  // namespace ciclo::traces
