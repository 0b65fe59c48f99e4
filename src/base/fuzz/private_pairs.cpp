#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/private_pairs.hpp"

// What parses is written back byte for byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto pairs = ciclo::parse_private_pairs(bytes);
  if (!pairs) return 0;
  std::string again;
  for (const auto& [name, value] : *pairs) ciclo::append_private_pair(again, name, value);
  if (again != bytes) std::abort();
  return 0;
}
