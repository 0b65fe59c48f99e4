// Any bytes as YAML: every value has a place, and what write_yaml makes of it reads back as the same.
#include "base/yaml.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void check_places(const ciclo::Json& value, const ciclo::SourceNode& node) {
  if (node.value.line < 1 || node.value.column < 1) std::abort();
  if (!value.is_structured()) return;
  if (value.size() != node.children.size()) std::abort();
  std::size_t i = 0;
  for (const ciclo::Json& child : value) check_places(child, node.children[i++]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ciclo::YamlLimits limits;
  limits.max_nodes = 10'000;
  limits.max_text_bytes = 1U << 20U;
  const auto document = ciclo::parse_yaml(text, "f.yml", limits);
  if (!document) return document.error().target.starts_with("f.yml") ? 0 : (std::abort(), 0);
  check_places(document->value, document->source);
  const auto again = ciclo::parse_yaml(ciclo::write_yaml(document->value), "g.yml");
  if (!again || again->value != document->value) std::abort();
  return 0;
}
