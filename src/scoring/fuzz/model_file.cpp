// MLmodel files.
#include <cstddef>
#include <cstdint>
#include <string>

#include "scoring/model_folder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model =
      ciclo::scoring::parse_model_file(std::string(reinterpret_cast<const char*>(data), size), "MLmodel");
  if (!model && model.error().message.empty()) __builtin_trap();
  return 0;
}
