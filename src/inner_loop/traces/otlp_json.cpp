// OTLP as JSON: lowerCamelCase names, ids in hexadecimal, 64-bit numbers as texts or numbers. The snake_case names that
// protobuf's JSON also allows are taken too.
#include <fmt/format.h>

#include <limits>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "inner_loop/traces/otlp_values.hpp"

namespace ciclo::traces {
namespace {

// A member under either of its names.
const Json& field(const Json& object, std::string_view camel, std::string_view snake = {}) {
  const Json& found = member(object, camel);
  return found.is_null() && !snake.empty() ? member(object, snake) : found;
}

Failure wrong(std::string_view name, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("'{}' must be {}", name, expected), std::string(name));
}

Result<std::uint64_t> unsigned_from(const Json& value, std::string_view name) {
  if (value.is_null()) return std::uint64_t{0};
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) {
    const auto number = parse_int(value.get_ref<const std::string&>());
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  return wrong(name, "a whole number of nanoseconds");
}

Result<Json> attributes_from(const Json& pairs, int depth);

Result<Json> integer_from(const Json& value) {
  if (value.is_number_integer()) return value;
  if (value.is_string())
    if (const auto number = parse_int(value.get_ref<const std::string&>())) return Json(*number);
  return wrong("intValue", "a whole number");
}

Result<Json> double_from(const Json& value) {
  if (value.is_number()) return number_value(value.get<double>());
  if (value.is_string()) return Json(clean_text(value.get_ref<const std::string&>()));
  return wrong("doubleValue", "a number");
}

Result<Json> list_from(const Json& value, int depth);

Result<Json> value_from(const Json& value, int depth) {
  if (depth > limits::max_value_depth) return fail(ErrorCode::invalid, "an attribute's value is nested too deeply");
  if (const Json& text = field(value, "stringValue", "string_value"); text.is_string()) {
    const auto& written = text.get_ref<const std::string&>();
    return depth == 0 ? text_value(written) : Json(clean_text(written));
  }
  if (const Json& flag = field(value, "boolValue", "bool_value"); flag.is_boolean()) return flag;
  if (const Json& number = field(value, "intValue", "int_value"); !number.is_null()) return integer_from(number);
  if (const Json& number = field(value, "doubleValue", "double_value"); !number.is_null()) return double_from(number);
  if (const Json& list = field(value, "arrayValue", "array_value"); !list.is_null()) return list_from(list, depth);
  if (const Json& map = field(value, "kvlistValue", "kvlist_value"); !map.is_null())
    return attributes_from(field(map, "values"), depth + 1);
  if (const Json& bytes = field(value, "bytesValue", "bytes_value"); bytes.is_string())
    return Json(clean_text(bytes.get_ref<const std::string&>()));
  return Json(nullptr);
}

Result<Json> list_from(const Json& value, int depth) {
  Json list = Json::array();
  for (const Json& item : field(value, "values")) {
    CICLO_TRY(auto read, value_from(item, depth + 1));
    list.push_back(std::move(read));
  }
  return list;
}

Result<Json> attributes_from(const Json& pairs, int depth) {
  if (pairs.is_null()) return Json::object();
  if (!pairs.is_array()) return wrong("attributes", "a list of {key, value}");
  if (depth == 0) CICLO_CHECK(check_count(pairs.size(), limits::max_attributes, "attributes"));
  AttributeBuilder attributes;
  for (const Json& pair : pairs) {
    CICLO_TRY(auto value, value_from(field(pair, "value"), depth));
    CICLO_CHECK(attributes.add(text_or(pair, "key"), std::move(value)));
  }
  return attributes.take();
}

Result<Json> event_from(const Json& event) {
  CICLO_TRY(const auto nanoseconds, unsigned_from(field(event, "timeUnixNano", "time_unix_nano"), "timeUnixNano"));
  CICLO_TRY(const auto time, time_from(nanoseconds));
  CICLO_TRY(auto attributes, attributes_from(field(event, "attributes"), 0));
  return Json{
      {"name", clean_text(text_or(event, "name"))}, {"time_unix_nano", time}, {"attributes", std::move(attributes)}};
}

std::string id_from(const Json& object, std::string_view camel, std::string_view snake) {
  const Json& id = field(object, camel, snake);
  return id.is_string() ? decode_hex(id.get_ref<const std::string&>()).value_or("") : std::string();
}

Result<Json> link_from(const Json& link) {
  CICLO_TRY(auto attributes, attributes_from(field(link, "attributes"), 0));
  Json read{{"trace_id", "tr-" + hex_of(id_from(link, "traceId", "trace_id"))},
            {"span_id", hex_of(id_from(link, "spanId", "span_id"))}};
  read["attributes"] = attributes.empty() ? Json(nullptr) : std::move(attributes);
  return read;
}

SpanStatus status_from(const Json& code) {
  if (code == 1 || code == "STATUS_CODE_OK" || code == "1") return SpanStatus::ok;
  if (code == 2 || code == "STATUS_CODE_ERROR" || code == "2") return SpanStatus::error;
  return SpanStatus::unset;
}

Result<Span> span_from(const Json& message) {
  Span span;
  const std::string trace_id = id_from(message, "traceId", "trace_id");
  const std::string span_id = id_from(message, "spanId", "span_id");
  const Json& parent = field(message, "parentSpanId", "parent_span_id");
  const std::string parent_id = id_from(message, "parentSpanId", "parent_span_id");
  if (parent.is_string() && !parent.get_ref<const std::string&>().empty() && parent_id.empty())
    return wrong("parentSpanId", "16 hexadecimal digits");
  CICLO_CHECK(set_ids(span, {trace_id, span_id, parent_id}));
  span.name = clean_text(text_or(message, "name"));
  CICLO_CHECK(check_count(span.name.size(), limits::max_name, "bytes in its name"));
  CICLO_TRY(const auto start,
            unsigned_from(field(message, "startTimeUnixNano", "start_time_unix_nano"), "startTimeUnixNano"));
  CICLO_TRY(const auto end, unsigned_from(field(message, "endTimeUnixNano", "end_time_unix_nano"), "endTimeUnixNano"));
  CICLO_TRY(span.start_ns, time_from(start));
  CICLO_TRY(span.end_ns, time_from(end));
  span.status = status_from(member(field(message, "status"), "code"));
  span.status_message = clean_text(text_or(field(message, "status"), "message"));
  CICLO_TRY(span.attributes, attributes_from(field(message, "attributes"), 0));
  CICLO_TRY(span.events, list_of(field(message, "events"), "events", event_from));
  CICLO_TRY(span.links, list_of(field(message, "links"), "links", link_from));
  return span;
}

Result<const Json*> blocks(const Json& object, std::string_view camel, std::string_view snake) {
  const Json& found = field(object, camel, snake);
  if (!found.is_null() && !found.is_array()) return wrong(camel, "a list");
  return &found;
}

}  // namespace

Result<OtlpRequest> read_otlp_json(std::string_view body) {
  const JsonLimits limits{.max_bytes = limits::max_otlp_bytes, .max_depth = 2 * limits::max_value_depth * 2 + 16};
  CICLO_TRY(const auto message, parse_json(body, limits));
  if (!message.is_object()) return wrong("body", "an ExportTraceServiceRequest in JSON");
  OtlpRequest request;
  CICLO_TRY(const Json* resources, blocks(message, "resourceSpans", "resource_spans"));
  for (const Json& block : *resources) {
    CICLO_TRY(auto attributes, attributes_from(field(field(block, "resource"), "attributes"), 0));
    const auto resource = std::make_shared<const Json>(std::move(attributes));
    CICLO_TRY(const Json* scopes, blocks(block, "scopeSpans", "scope_spans"));
    for (const Json& scope : *scopes) {
      CICLO_TRY(const Json* spans, blocks(scope, "spans", "spans"));
      for (const Json& each : *spans) {
        add_span(request, [&]() -> Result<Span> {
          CICLO_TRY(auto span, span_from(each));
          span.resource = resource;
          return span;
        });
      }
    }
  }
  return request;
}

}  // namespace ciclo::traces
