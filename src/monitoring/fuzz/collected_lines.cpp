// Lines of collected data, as a scorer or anyone who can write to its folder leaves them.
#include <cstdint>
#include <string_view>

#include "monitoring/collected_data.hpp"
#include "monitoring/column_data.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo;
  using namespace ciclo::monitoring;
  CollectedLimits limits;
  limits.max_rows = 1000;
  limits.max_columns = 16;
  CollectedTable table;
  const TimeWindow window{from_unix_ms(0), from_unix_ms(4'000'000'000'000)};
  add_collected_lines(table, std::string_view(reinterpret_cast<const char*>(data), size), window, limits);
  for (const auto& [name, column] : table.columns) {
    if (static_cast<std::int64_t>(column.rows()) != table.rows) __builtin_trap();
    if (const auto reference = as_reference(column, std::nullopt)) quality_of(*reference, column);
  }
  return 0;
}
