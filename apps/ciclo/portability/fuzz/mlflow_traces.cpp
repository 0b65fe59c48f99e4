// Traces of any store and server, in all of MLflow's forms: nothing crashes, and what one form gives the next takes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "portability/python_json.hpp"
#include "portability/trace_forms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo;
  using namespace ciclo::portability;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const Json info = trace_info_from(*value);
  std::ignore = experiment_of(info);
  std::ignore = linked_prompts_of(info);
  std::ignore = has_stored_spans(info);
  std::ignore = duration_of(member(info, "execution_duration"));
  const Json span = file_span_from_api(*value);
  std::ignore = attribute_of(span, "mlflow.spanType");
  for (const Json* form : {&span, &*value}) std::ignore = otlp_span_of(*form, "tr-0af7651916cd43dd8448eb211c80319c");
  if (!parse_json(python_text(*value))) std::abort();
  return 0;
}
