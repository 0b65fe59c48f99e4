#include "inner_loop/traces/span_reader.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "inner_loop/traces/otlp_values.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t span_id_bytes = 8;

Failure wrong(std::string_view name, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("'{}' of a span must be {}", name, expected), std::string(name));
}

// Texts without NUL, wherever they are; PostgreSQL stores none.
void clean(Json& value) {
  if (value.is_string()) value = clean_text(value.get_ref<const std::string&>());
  else if (value.is_structured())
    for (Json& item : value) clean(item);
}

Json attribute_value(const Json& value) {
  Json read = value;
  if (value.is_string()) {
    const JsonLimits limits{.max_bytes = limits::max_otlp_bytes, .max_depth = limits::max_value_depth};
    if (auto parsed = parse_json(value.get_ref<const std::string&>(), limits)) read = *std::move(parsed);
  }
  clean(read);
  return read;
}

Json plain_value(const Json& value) {
  Json read = value;
  clean(read);
  return read;
}

Result<Json> attributes_from(const Json& object, Json (*value_of)(const Json&)) {
  if (object.is_null()) return Json::object();
  if (!object.is_object()) return wrong("attributes", "an object");
  CICLO_CHECK(check_count(object.size(), limits::max_attributes, "attributes"));
  AttributeBuilder attributes;
  for (const auto& [key, value] : object.items()) CICLO_CHECK(attributes.add(key, value_of(value)));
  return attributes.take();
}

Result<std::int64_t> time_of(const Json& form, std::string_view name) {
  const Json& value = member(form, name);
  if (value.is_null()) return 0;
  const auto number = value.is_number_integer() ? std::optional(value.get<std::int64_t>())
                      : value.is_string()       ? parse_int(value.get_ref<const std::string&>())
                                                : std::nullopt;
  if (!number || *number < 0) return wrong(name, "nanoseconds since 1970");
  return *number;
}

// Empty for null, which a root has as its parent.
Result<std::string> id_of(const Json& form, std::string_view name) {
  const Json& value = member(form, name);
  if (value.is_null()) return std::string();
  const auto bytes = value.is_string() ? decode_base64(value.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes || bytes->size() != span_id_bytes) return wrong(name, "the base64 of 8 bytes");
  return hex_of(*bytes);
}

Result<Json> event_from(const Json& event) {
  CICLO_TRY(const auto time, time_of(event, "time_unix_nano"));
  CICLO_TRY(auto attributes, attributes_from(member(event, "attributes"), plain_value));
  return Json{
      {"name", clean_text(text_or(event, "name"))}, {"time_unix_nano", time}, {"attributes", std::move(attributes)}};
}

Result<Json> link_from(const Json& link) {
  CICLO_TRY(auto attributes, attributes_from(member(link, "attributes"), plain_value));
  return Json{{"trace_id", clean_text(text_or(link, "trace_id"))},
              {"span_id", clean_text(text_or(link, "span_id"))},
              {"attributes", attributes.empty() ? Json(nullptr) : std::move(attributes)}};
}

SpanStatus status_from(const std::string& code) {
  if (code.ends_with("OK")) return SpanStatus::ok;
  return code.ends_with("ERROR") ? SpanStatus::error : SpanStatus::unset;
}

}  // namespace

Result<Span> span_from_file_form(const Json& form, const std::string& trace_id) {
  if (!form.is_object()) return wrong("spans", "an object each");
  Span span;
  span.trace_id = trace_id;
  CICLO_TRY(span.span_id, id_of(form, "span_id"));
  if (span.span_id.empty()) return wrong("span_id", "the base64 of 8 bytes");
  CICLO_TRY(span.parent_id, id_of(form, "parent_span_id"));
  span.name = clean_text(text_or(form, "name"));
  CICLO_CHECK(check_count(span.name.size(), limits::max_name, "bytes in its name"));
  CICLO_TRY(span.start_ns, time_of(form, "start_time_unix_nano"));
  CICLO_TRY(span.end_ns, time_of(form, "end_time_unix_nano"));
  span.status = status_from(text_or(member(form, "status"), "code"));
  span.status_message = clean_text(text_or(member(form, "status"), "message"));
  CICLO_TRY(span.attributes, attributes_from(member(form, "attributes"), attribute_value));
  CICLO_TRY(span.events, list_of(member(form, "events"), "events", event_from));
  CICLO_TRY(span.links, list_of(member(form, "links"), "links", link_from));
  // The id of the trace is the server's to say, whatever a span claims.
  span.attributes["mlflow.traceRequestId"] = trace_id;
  return span;
}

}  // namespace ciclo::traces
