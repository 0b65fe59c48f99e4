// MLTable documents: whatever they say, nothing outside their folder is named.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/yaml.hpp"
#include "platform/duckdb/table_source.hpp"

namespace {

std::filesystem::path make_folder() {
  const auto folder = std::filesystem::temp_directory_path() / "ciclo-fuzz-mltable";
  std::filesystem::create_directories(folder / "sub");
  std::ofstream(folder / "a.csv") << "x\n1\n";
  std::ofstream(folder / "sub/b.csv") << "x\n2\n";
  return folder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = make_folder();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = ciclo::parse_yaml(text, "MLTable");
  if (!document) return 0;
  const auto source = ciclo::duckdb::mltable_source(folder, document->value);
  if (!source) return 0;
  for (const auto& file : source->files) {
    if (!file.lexically_normal().string().starts_with(folder.string())) std::abort();
  }
  return 0;
}
