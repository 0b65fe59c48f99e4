// check_key() on any bytes: what it accepts must stay below the folder it is put under.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "platform/blobs/blob_store.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view key(reinterpret_cast<const char*>(data), size);
  if (!ciclo::blobs::check_key(key)) return 0;
  const std::filesystem::path path = std::filesystem::path("/root/objects") / key;
  const std::string normal = path.lexically_normal().native();
  if (normal != "/root/objects/" + std::string(key)) std::abort();
  if (key.empty() || key.size() > 1024 || key.find('\0') != std::string_view::npos) std::abort();
  return 0;
}
