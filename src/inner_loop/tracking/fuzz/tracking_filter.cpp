// Filters and order_by clauses come from any client.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inner_loop/tracking/filter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto parsed = ciclo::tracking::parse_filter(text)) {
    std::ignore = ciclo::tracking::evaluate(*parsed, [&](const ciclo::tracking::Comparison& comparison) {
      return ciclo::tracking::text_matches(comparison, text) || ciclo::tracking::number_matches(comparison, 1.5);
    });
  }
  std::ignore = ciclo::tracking::parse_order(text);
  return 0;
}
