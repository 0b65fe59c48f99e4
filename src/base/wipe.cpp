#include "base/wipe.hpp"

#include <cstring>

namespace ciclo {

void wipe(void* bytes, std::size_t size) {
  if (size > 0) ::explicit_bzero(bytes, size);
}

void wipe(std::string& text) {
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

}  // namespace ciclo
