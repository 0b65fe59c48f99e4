#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "administration/secrets/key_text.hpp"

// What parses is a whole key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::administration;
  const auto key = parse_key_text({reinterpret_cast<const char*>(data), size});
  if (key && key->size() != master_key_bytes) std::abort();
  return 0;
}
