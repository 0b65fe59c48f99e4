// LinkKey::verify() on any bytes: none of them is a link that was not signed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "platform/tokens/signed_link.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ciclo::tokens::LinkKey key("0123456789abcdef0123456789abcdef");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (key.verify({"GET", "/a"}, text, ciclo::from_unix_ms(0))) std::abort();
  return 0;
}
