// Traces that an import brings come from anybody's store: what is read is stored, shown and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/import.hpp"
#include "inner_loop/traces/span_forms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const auto body = parse_json({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  const auto read = traces::imported_trace(*body);
  if (!read) return 0;
  std::ignore = traces::trace_info(read->trace);
  for (const traces::Span& span : read->spans) {
    traces::Span again;
    if (!traces::read_content(traces::stored_content(span), again))
      __builtin_trap();  // what is stored must be readable
    again.span_id = span.span_id;
    std::ignore = traces::otlp_form(again);
    if (!traces::imported_trace(
            {{"trace_info", member(*body, "trace_info")}, {"spans", Json::array({traces::file_form(span)})}}))
      __builtin_trap();  // what is written is read again
  }
  return 0;
}
