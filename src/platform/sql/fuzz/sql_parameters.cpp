// number_parameters() on any bytes: it must end, keep every other byte, and number from 1 without a gap.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/sql/parameters.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  const auto numbered = ciclo::sql::number_parameters(sql);
  // Undone by hand: each $n in its turn stands for one question mark.
  std::size_t at = 0;
  std::size_t next = 1;
  for (const char c : sql) {
    if (at < numbered.text.size() && numbered.text[at] == c) {
      ++at;
      continue;
    }
    const std::string number = "$" + std::to_string(next++);
    if (c != '?' || numbered.text.compare(at, number.size(), number) != 0) std::abort();
    at += number.size();
  }
  if (at != numbered.text.size() || next != numbered.parameters + 1) std::abort();
  return 0;
}
