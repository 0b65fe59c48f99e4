// What a command prints: its answer in the form of `-o`, cut by `--query`. Standard output holds the answer and nothing
// else; everything for people goes to standard error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "resources/kind.hpp"

namespace ciclo::cli {

enum class Format : std::uint8_t { json, jsonc, yaml, yamlc, table, tsv, none };
Result<Format> parse_format(const std::string& name);

struct OutputSettings {
  Format format = Format::json;
  std::optional<std::string> query;  // JMESPath
};

// Without columns a table shows the top-level scalars. An empty list in tsv prints no line at all.
Result<std::string> render(const Json& answer, const OutputSettings& settings,
                           const std::vector<resources::Column>& columns);

}  // namespace ciclo::cli
