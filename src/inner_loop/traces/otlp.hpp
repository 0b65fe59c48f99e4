// OTLP trace requests, as protobuf and as JSON, read into spans
// (https://opentelemetry.io/docs/specs/otlp/, 1.x). A span that breaks a rule is left out and counted; a body that is
// no such message at all is refused.
//
// Attribute values keep their types. A text that is itself JSON of an object, a list or a text is taken as that: MLflow
// clients and others send structured inputs so. Bytes become base64, NaN and infinities become texts, NUL characters
// and broken UTF-8 become U+FFFD.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {

namespace limits {
inline constexpr std::size_t max_otlp_bytes = std::size_t{32} << 20U;  // also once inflated
inline constexpr std::size_t max_spans = 10'000;                       // of a request
inline constexpr std::size_t max_attributes = 2'000;                   // of a span, an event, a link, a resource
inline constexpr std::size_t max_events = 2'000;                       // of a span; also links
inline constexpr std::size_t max_name = 4'096;                         // bytes; also of an attribute's key
inline constexpr int max_value_depth = 24;                             // of lists and maps within a value
}  // namespace limits

struct OtlpRequest {
  std::vector<Span> spans;
  std::int64_t rejected = 0;
  std::string why;  // of the first that was rejected
};

enum class OtlpEncoding : std::uint8_t { protobuf, json };

Result<OtlpRequest> read_otlp(std::string_view body, OtlpEncoding encoding);

// The answer to a request of which `rejected` spans were left out: ExportTraceServiceResponse.
std::string otlp_answer(OtlpEncoding encoding, std::int64_t rejected, const std::string& why);
// The body of a failed request: google.rpc.Status.
std::string otlp_failure(OtlpEncoding encoding, const Error& error);

}  // namespace ciclo::traces
