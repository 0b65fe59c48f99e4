// Any bytes as JSON: what is taken must come back from its own text.
#include "base/json.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = ciclo::parse_json(text);
  if (!value) return value.error().message.empty() ? std::abort(), 0 : 0;
  const auto again = ciclo::parse_json(ciclo::to_text(*value));
  if (!again || !ciclo::equal_values(*value, *again)) std::abort();
  if (ciclo::to_canonical_text(*value) != ciclo::to_canonical_text(*again)) std::abort();
  return 0;
}
