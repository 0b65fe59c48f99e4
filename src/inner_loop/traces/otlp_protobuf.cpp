// OTLP as protobuf, by libprotobuf's lite runtime.
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "otlp_trace.pb.h"

namespace ciclo::traces {
namespace {

using KeyValues = google::protobuf::RepeatedPtrField<otlp::KeyValue>;

// Two messages a level of a value, and those around it.
constexpr int recursion_limit = limits::max_value_depth * 2 + 16;

Result<Json> attributes_from(const KeyValues& pairs, int depth);

Result<Json> value_from(const otlp::AnyValue& value, int depth) {
  if (depth > limits::max_value_depth) return fail(ErrorCode::invalid, "an attribute's value is nested too deeply");
  switch (value.value_case()) {
    case otlp::AnyValue::kStringValue:
      return depth == 0 ? text_value(value.string_value()) : Json(clean_text(value.string_value()));
    case otlp::AnyValue::kBoolValue: return Json(value.bool_value());
    case otlp::AnyValue::kIntValue: return Json(std::int64_t{value.int_value()});
    case otlp::AnyValue::kDoubleValue: return number_value(value.double_value());
    case otlp::AnyValue::kBytesValue: return Json(encode_base64(value.bytes_value()));
    case otlp::AnyValue::kKvlistValue: return attributes_from(value.kvlist_value().values(), depth + 1);
    case otlp::AnyValue::kArrayValue: {
      Json list = Json::array();
      for (const otlp::AnyValue& item : value.array_value().values()) {
        CICLO_TRY(auto read, value_from(item, depth + 1));
        list.push_back(std::move(read));
      }
      return list;
    }
    case otlp::AnyValue::VALUE_NOT_SET: break;
  }
  return Json(nullptr);
}

Result<Json> attributes_from(const KeyValues& pairs, int depth) {
  // Within a value a list may be long; the body's size bounds it.
  if (depth == 0)
    CICLO_CHECK(check_count(static_cast<std::size_t>(pairs.size()), limits::max_attributes, "attributes"));
  AttributeBuilder attributes;
  for (const otlp::KeyValue& pair : pairs) {
    CICLO_TRY(auto value, value_from(pair.value(), depth));
    CICLO_CHECK(attributes.add(pair.key(), std::move(value)));
  }
  return attributes.take();
}

Result<Json> event_from(const otlp::Span::Event& event) {
  CICLO_TRY(const auto time, time_from(event.time_unix_nano()));
  CICLO_TRY(auto attributes, attributes_from(event.attributes(), 0));
  return Json{{"name", clean_text(event.name())}, {"time_unix_nano", time}, {"attributes", std::move(attributes)}};
}

Result<Json> link_from(const otlp::Span::Link& link) {
  CICLO_TRY(auto attributes, attributes_from(link.attributes(), 0));
  Json read{{"trace_id", "tr-" + hex_of(link.trace_id())}, {"span_id", hex_of(link.span_id())}};
  read["attributes"] = attributes.empty() ? Json(nullptr) : std::move(attributes);
  return read;
}

Result<Span> span_from(const otlp::Span& message) {
  Span span;
  CICLO_CHECK(set_ids(span, {message.trace_id(), message.span_id(), message.parent_span_id()}));
  CICLO_CHECK(check_count(message.name().size(), limits::max_name, "bytes in its name"));
  CICLO_CHECK(check_count(static_cast<std::size_t>(message.events_size()), limits::max_events, "events"));
  CICLO_CHECK(check_count(static_cast<std::size_t>(message.links_size()), limits::max_events, "links"));
  span.name = clean_text(message.name());
  CICLO_TRY(span.start_ns, time_from(message.start_time_unix_nano()));
  CICLO_TRY(span.end_ns, time_from(message.end_time_unix_nano()));
  const int code = message.status().code();
  span.status = code == 1 ? SpanStatus::ok : code == 2 ? SpanStatus::error : SpanStatus::unset;
  span.status_message = clean_text(message.status().message());
  CICLO_TRY(span.attributes, attributes_from(message.attributes(), 0));
  for (const auto& event : message.events()) {
    CICLO_TRY(auto read, event_from(event));
    span.events.push_back(std::move(read));
  }
  for (const auto& link : message.links()) {
    CICLO_TRY(auto read, link_from(link));
    span.links.push_back(std::move(read));
  }
  return span;
}

}  // namespace

Result<OtlpRequest> read_otlp_protobuf(std::string_view body) {
  google::protobuf::Arena arena;
  auto* message = google::protobuf::Arena::CreateMessage<otlp::ExportTraceServiceRequest>(&arena);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as protobuf takes them
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(body.data()),
                                               static_cast<int>(body.size()));
  input.SetRecursionLimit(recursion_limit);
  if (!message->ParseFromCodedStream(&input) || !input.ConsumedEntireMessage())
    return fail(ErrorCode::invalid, "the body is no ExportTraceServiceRequest in protobuf, or is nested too deeply");
  OtlpRequest request;
  for (const otlp::ResourceSpans& block : message->resource_spans()) {
    CICLO_TRY(auto attributes, attributes_from(block.resource().attributes(), 0));
    const auto resource = std::make_shared<const Json>(std::move(attributes));
    for (const otlp::ScopeSpans& scope : block.scope_spans()) {
      for (const otlp::Span& each : scope.spans()) {
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
