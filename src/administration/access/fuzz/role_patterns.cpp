// Patterns of actions, as roles and tokens bring them: what is accepted matches without running away, and "*" matches
// all.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "administration/access/actions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libFuzzer's bytes are the text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = text.find('\n');
  const std::string_view pattern = text.substr(0, half);
  const std::string_view action = half == std::string_view::npos ? std::string_view() : text.substr(half + 1);
  if (!ciclo::administration::check_pattern(pattern)) return 0;
  const bool matched = ciclo::administration::matches(pattern, action);
  if (!pattern.contains('*') && matched != (pattern == action)) std::abort();
  if (!ciclo::administration::matches("*", action)) std::abort();
  return 0;
}
