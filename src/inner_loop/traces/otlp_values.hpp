// Internal to this folder: what both encodings of OTLP share.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/json_builder.hpp"
#include "inner_loop/traces/otlp.hpp"

namespace ciclo::traces {

// Valid UTF-8 without NUL, which PostgreSQL cannot store.
std::string clean_text(std::string_view text);
// A text attribute; JSON of a structure or a text is taken as that.
Json text_value(std::string_view text);
// NaN and infinities as texts, which JSON has no numbers for.
Json number_value(double number);

// Collects attributes; the last of a repeated key counts.
class AttributeBuilder {
 public:
  Result<void> add(std::string_view key, Json value);
  Json take() { return members_.take(); }

 private:
  JsonObjectBuilder members_;
};

// Checks and fills in ids and times. `trace_id`, `span_id`, `parent_id` in bytes.
struct RawIds {
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_id;
};
Result<void> set_ids(Span& span, const RawIds& ids);
Result<std::int64_t> time_from(std::uint64_t nanoseconds);
Result<void> check_count(std::size_t count, std::size_t most, std::string_view what);

// Events or links; none for null. `what`: what they are, for the error.
Result<Json> list_of(const Json& items, std::string_view what, Result<Json> (*read)(const Json&));

// Reads one span into the request, or counts it.
template <class Read>
void add_span(OtlpRequest& request, Read read) {
  Result<Span> span = request.spans.size() < limits::max_spans
                          ? read()
                          : Result<Span>(fail(ErrorCode::too_large, "a request holds at most 10000 spans"));
  if (span) {
    request.spans.push_back(*std::move(span));
    return;
  }
  if (request.rejected++ == 0) request.why = span.error().message;
}

Result<OtlpRequest> read_otlp_protobuf(std::string_view body);
Result<OtlpRequest> read_otlp_json(std::string_view body);

}  // namespace ciclo::traces
