// YAML as users write it for `az ml`, read into Json together with where every value stands.
//
// One document of YAML 1.2 with the core schema's types: null/~/empty, true/false (also True, TRUE …), decimal, 0x and
// 0o integers, floats; everything else, and everything quoted, is a string (`yes`, `on` and '1.10' are strings). An
// integer that does not fit 64 bits becomes a float. Anchors, aliases and merge keys (`<<`) work. Keys are taken as
// they are written and must be scalars; a key given twice is an error. Tags other than !!str, !!int, !!float, !!bool,
// !!null, !!map and !!seq, and the values .inf and .nan, which JSON does not have, are refused.
//
// Errors have ErrorCode::invalid (or too_large over a limit) and the target "file:line:column", counted from 1; columns
// count characters.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ciclo {

struct SourcePosition {
  int line = 0;    // from 1
  int column = 0;  // from 1, in characters

  bool operator==(const SourcePosition&) const = default;
};

// Where one value and its key stand; `children` are in the order of the Json value's own members or items. What came
// in by an alias or a merge key stands where it was written; the aliased value itself stands at the alias.
struct SourceNode {
  std::optional<SourcePosition> key;  // of a member of an object
  SourcePosition value;
  std::vector<SourceNode> children;
};

struct YamlDocument {
  Json value;
  SourceNode source;

  // The node at a JSON pointer ("/jobs/train/compute"), or null when there is none.
  const SourceNode* find(std::string_view pointer) const;
  // The same, or for a pointer to what is missing the nearest node above it.
  const SourceNode& find_nearest(std::string_view pointer) const;
};

struct YamlLimits {
  std::size_t max_bytes = 4U << 20U;
  int max_depth = 64;
  // Values after expanding aliases, and the bytes of their strings.
  std::size_t max_nodes = 1'000'000;
  std::size_t max_text_bytes = 16U << 20U;
};

// `file` is only for the errors' target. An empty document is null; a second document is refused.
Result<YamlDocument> parse_yaml(std::string_view text, std::string_view file, const YamlLimits& limits = {});

// Block-style YAML that parse_yaml reads back as the same value: strings that would be read as another type, here or
// by a YAML 1.1 reader (yes, 2026-01-31, 1_000), are quoted; text of several lines becomes a block.
std::string write_yaml(const Json& value);

// Turns a target that is a JSON pointer into "file:line:column", in the details too. An unknown key is shown at the
// key, a missing one at the object that lacks it. Other targets stay.
Error locate(Error error, const YamlDocument& document, std::string_view file);

}  // namespace ciclo
