#include <cstdint>
#include <string_view>

#include "base/yaml.hpp"
#include "inner_loop/environments/conda_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = ciclo::parse_yaml(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.yml");
  if (!parsed) return 0;
  const ciclo::Json spec{{"conda_file", parsed->value}};
  (void)ciclo::inner_loop::is_host_environment(spec);
  (void)ciclo::inner_loop::plan_conda(spec);
  return 0;
}
