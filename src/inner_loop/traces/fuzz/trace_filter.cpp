// Filters of traces come from any client and become SQL: whatever they say, it has as many places as values.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inner_loop/traces/trace_filter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = tracking::parse_filter(text, traces::trace_language);
  if (!parsed) return 0;
  for (const auto dialect : {sql::Dialect::sqlite, sql::Dialect::postgresql}) {
    const auto condition = traces::trace_condition(*parsed, {.dialect = dialect, .workspace = "default"});
    if (!condition) continue;
    const auto places = std::ranges::count(condition->text, '?');
    if (static_cast<std::size_t>(places) != condition->parameters.size()) __builtin_trap();
  }
  return 0;
}
