#include "inner_loop/traces/otlp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "otlp_trace.pb.h"

namespace ciclo::traces {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t trace_id_bytes = 16;
constexpr std::size_t span_id_bytes = 8;

bool is_id(std::string_view bytes, std::size_t size) {
  return bytes.size() == size && std::ranges::any_of(bytes, [](char c) { return c != 0; });
}

// Codes of google.rpc.Code.
int rpc_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found: return 5;
    case ErrorCode::denied: return 7;
    case ErrorCode::too_large:
    case ErrorCode::quota: return 8;
    case ErrorCode::unsupported: return 12;
    case ErrorCode::internal: return 13;
    case ErrorCode::timeout:
    case ErrorCode::unavailable: return 14;
    case ErrorCode::unauthenticated: return 16;
    default: return 3;
  }
}

std::string serialized(const google::protobuf::MessageLite& message) {
  return message.SerializeAsString();
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean = is_utf8(text) ? std::string(text) : to_utf8(text);
  if (clean.find('\0') == std::string::npos) return clean;
  return replace_all(std::move(clean), std::string_view("\0", 1), replacement);
}

Json text_value(std::string_view text) {
  const std::string_view begin = trim(text);
  if (begin.starts_with('{') || begin.starts_with('[') || begin.starts_with('"')) {
    const JsonLimits limits{.max_bytes = limits::max_otlp_bytes, .max_depth = limits::max_value_depth};
    // An escaped NUL would come back as one.
    if (text.find("\\u0000") == std::string_view::npos)
      if (auto parsed = parse_json(text, limits)) return *std::move(parsed);
  }
  return clean_text(text);
}

Json number_value(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

Result<void> AttributeBuilder::add(std::string_view key, Json value) {
  if (key.size() > limits::max_name) return fail(ErrorCode::invalid, "an attribute's key is longer than 4096 bytes");
  std::string name = clean_text(key);
  if (const auto place = members_.find(name)) {
    members_.at(*place) = std::move(value);
  } else {
    members_.add(std::move(name), std::move(value));
  }
  return {};
}

Result<void> set_ids(Span& span, const RawIds& ids) {
  if (!is_id(ids.trace_id, trace_id_bytes))
    return fail(ErrorCode::invalid, "a span's trace_id must be 16 bytes that are not all zero");
  if (!is_id(ids.span_id, span_id_bytes))
    return fail(ErrorCode::invalid, "a span's span_id must be 8 bytes that are not all zero");
  if (!ids.parent_id.empty() && ids.parent_id.size() != span_id_bytes)
    return fail(ErrorCode::invalid, "a span's parent_span_id must be empty or 8 bytes");
  span.trace_id = "tr-" + hex_of(ids.trace_id);
  span.span_id = hex_of(ids.span_id);
  if (is_id(ids.parent_id, span_id_bytes)) span.parent_id = hex_of(ids.parent_id);
  return {};
}

Result<std::int64_t> time_from(std::uint64_t nanoseconds) {
  if (nanoseconds <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return static_cast<std::int64_t>(nanoseconds);
  return fail(ErrorCode::invalid, "a span's time is later than the year 2262");
}

Result<void> check_count(std::size_t count, std::size_t most, std::string_view what) {
  if (count <= most) return {};
  return fail(ErrorCode::too_large, fmt::format("a span has {} {}, at most {} are taken", count, what, most));
}

Result<Json> list_of(const Json& items, std::string_view what, Result<Json> (*read)(const Json&)) {
  Json list = Json::array();
  if (items.is_null()) return list;
  if (!items.is_array()) return fail(ErrorCode::invalid, fmt::format("'{}' must be a list", what), std::string(what));
  CICLO_CHECK(check_count(items.size(), limits::max_events, what));
  for (const Json& item : items) {
    CICLO_TRY(auto made, read(item));
    list.push_back(std::move(made));
  }
  return list;
}

Result<OtlpRequest> read_otlp(std::string_view body, OtlpEncoding encoding) {
  return encoding == OtlpEncoding::protobuf ? read_otlp_protobuf(body) : read_otlp_json(body);
}

std::string otlp_answer(OtlpEncoding encoding, std::int64_t rejected, const std::string& why) {
  if (encoding == OtlpEncoding::json) {
    Json answer = Json::object();
    // OTLP writes 64-bit numbers as texts.
    if (rejected > 0) answer["partialSuccess"] = {{"rejectedSpans", std::to_string(rejected)}, {"errorMessage", why}};
    return to_text(answer);
  }
  otlp::ExportTraceServiceResponse answer;
  if (rejected > 0) {
    answer.mutable_partial_success()->set_rejected_spans(rejected);
    answer.mutable_partial_success()->set_error_message(why);
  }
  return serialized(answer);
}

std::string otlp_failure(OtlpEncoding encoding, const Error& error) {
  const std::string message = error.hint.empty() ? error.message : error.message + ". " + error.hint;
  if (encoding == OtlpEncoding::json) return to_text(Json{{"code", rpc_code(error.code)}, {"message", message}});
  otlp::RpcStatus status;
  status.set_code(rpc_code(error.code));
  status.set_message(message);
  return serialized(status);
}

}  // namespace ciclo::traces
