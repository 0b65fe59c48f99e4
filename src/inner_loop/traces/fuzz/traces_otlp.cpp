// OTLP comes from anybody who may write; in both encodings. What is read is stored and shown, so that is done too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inner_loop/traces/conventions.hpp"
#include "inner_loop/traces/otlp.hpp"
#include "inner_loop/traces/span_forms.hpp"
#include "inner_loop/traces/summary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::traces;
  if (size == 0) return 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto request = read_otlp(body, data[0] % 2 == 0 ? OtlpEncoding::protobuf : OtlpEncoding::json);
  if (!request) return 0;
  for (Span& span : request->spans) {
    add_mlflow_attributes(span);
    Span again;
    if (!read_content(stored_content(span), again)) __builtin_trap();  // what is stored must be readable
    std::ignore = otlp_form(again);
    std::ignore = file_form(again);
  }
  std::ignore = summarize(request->spans);
  return 0;
}
