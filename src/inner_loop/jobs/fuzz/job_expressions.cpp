#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "inner_loop/jobs/expressions.hpp"

// What parses must render, and what an expression writes must read back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::inner_loop;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pieces = parse_template(text);
  if (!pieces) return 0;
  const auto same =
      render(*pieces, [](const Expression& e) -> ciclo::Result<std::optional<std::string>> { return e.text(); });
  if (!same) std::abort();
  for (const Expression& expression : expressions_of(*pieces)) {
    const auto again = parse_whole_expression(expression.text());
    if (!again || !*again || (*again)->text() != expression.text()) std::abort();
  }
  return 0;
}
