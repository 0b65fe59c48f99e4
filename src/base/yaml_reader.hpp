// Receives yaml-cpp's events and builds a YamlDocument. Private to yaml.cpp.
//
// Thread safety: none.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <unordered_map>

#include "base/json_builder.hpp"
#include "base/yaml.hpp"

namespace ciclo {

// Turns yaml-cpp's marks (lines from 0, columns in bytes) into positions. Marks mostly move forward, which keeps the
// counting of characters linear.
class SourceText {
 public:
  explicit SourceText(std::string_view text);
  SourcePosition position_of(const YAML::Mark& mark);
  // The rest of the text from a mark on.
  std::string_view from(const YAML::Mark& mark) const;
  bool is_indented_by_tab(const YAML::Mark& mark) const;

 private:
  std::size_t line_start(std::size_t line) const;

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::size_t last_line_ = 0;
  std::size_t last_bytes_ = 0;
  int last_characters_ = 0;
};

// Throws YamlReader::Stop, which carries the Error, out of an event; it ends at parse_yaml.
class YamlReader final : public YAML::EventHandler {
 public:
  struct Stop {
    Error error;
  };

  YamlReader(std::string_view text, std::string_view file, const YamlLimits& limits);

  YamlDocument take() { return YamlDocument{std::move(root_.value), std::move(root_.source)}; }
  std::string target_of(const YAML::Mark& mark);
  bool is_indented_by_tab(const YAML::Mark& mark) const { return source_text_.is_indented_by_tab(mark); }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

 private:
  // A finished value with its place; `nodes` and `text_bytes` count it for the limits.
  struct Part {
    Json value;
    SourceNode source;
    std::size_t nodes = 1;
    std::size_t text_bytes = 0;
  };
  struct Open {
    bool is_map = false;
    YAML::anchor_t anchor = 0;
    Part part;
    JsonObjectBuilder members;
    Json::array_t items;
    bool has_key = false;
    bool key_is_merge = false;
    std::string key;
    SourcePosition key_position;
    std::vector<Part> merged;
  };

  [[noreturn]] void stop(const SourcePosition& position, std::string message, std::string hint = {},
                         ErrorCode code = ErrorCode::invalid) const;
  std::string target_of(const SourcePosition& position) const;
  bool wants_key() const { return !open_.empty() && open_.back().is_map && !open_.back().has_key; }
  void take_key(const SourcePosition& position, std::string key, bool is_merge);
  Json typed(const SourcePosition& position, const std::string& tag, const std::string& text) const;
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map);
  void count(const Part& part, const SourcePosition& position);
  void finish(Part part, YAML::anchor_t anchor);
  void add_to_map(Open& map, Part part);
  void collect_merge(Open& map, Part part);
  static void apply_merges(Open& map);

  SourceText source_text_;
  std::string file_;
  YamlLimits limits_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Part> anchors_;
  Part root_;
  bool has_root_ = false;
  std::size_t documents_ = 0;
  SourcePosition document_start_;
  std::size_t nodes_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace ciclo
