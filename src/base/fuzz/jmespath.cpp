// A JMESPath expression of any bytes, run on one document.
#include "base/jmespath.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto document = ciclo::parse_json(
      R"({"a":1,"b":[1,2.5,-3,null,"x"],"c":{"d":"text","e":[{"n":"p","v":2},{"n":"q","v":1}]},"s":["z","y"],"t":true,"n":[3,1,2]})");
  const auto expression = ciclo::JmesPath::compile({reinterpret_cast<const char*>(data), size});
  if (!expression) return expression.error().message.empty() ? (std::abort(), 0) : 0;
  const auto result = expression->search(*document);
  if (!result) return result.error().message.empty() ? (std::abort(), 0) : 0;
  (void)ciclo::to_text(*result);
  return 0;
}
