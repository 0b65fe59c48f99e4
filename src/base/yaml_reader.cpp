#include "base/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "base/yaml_scalar.hpp"

namespace ciclo {
namespace {

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

// The null word that stands at the front of `text`, or nothing where the null is only implied.
std::string_view null_word_at(std::string_view text) {
  static constexpr std::array<std::string_view, 4> words = {"~", "null", "Null", "NULL"};
  const auto* const found = std::ranges::find_if(words, [&](std::string_view word) { return text.starts_with(word); });
  return found == words.end() ? std::string_view() : *found;
}

// yaml-cpp 0.7 writes the escapes \N and \_ as the single bytes 85 and A0; the text itself was valid UTF-8.
std::string repaired(const std::string& text) {
  if (is_utf8(text)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto byte = static_cast<unsigned char>(rest.front());
    append_code_point(out, take_code_point(rest).value_or(byte));
  }
  return out;
}

}  // namespace

SourceText::SourceText(std::string_view text) : text_(text) {
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') line_starts_.push_back(i + 1);
}

std::size_t SourceText::line_start(std::size_t line) const {
  return line < line_starts_.size() ? line_starts_[line] : text_.size();
}

SourcePosition SourceText::position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {1, 1};
  const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
  const auto bytes = static_cast<std::size_t>(std::max(mark.column, 0));
  if (line != last_line_ || bytes < last_bytes_) {
    last_line_ = line;
    last_bytes_ = 0;
    last_characters_ = 0;
  }
  const std::size_t from = std::min(line_start(line) + last_bytes_, text_.size());
  last_characters_ += static_cast<int>(count_code_points(text_.substr(from, bytes - last_bytes_)));
  last_bytes_ = bytes;
  return {static_cast<int>(line) + 1, last_characters_ + 1};
}

std::string_view SourceText::from(const YAML::Mark& mark) const {
  if (mark.is_null()) return {};
  const std::size_t start = line_start(static_cast<std::size_t>(std::max(mark.line, 0)));
  return text_.substr(std::min(start + static_cast<std::size_t>(std::max(mark.column, 0)), text_.size()));
}

bool SourceText::is_indented_by_tab(const YAML::Mark& mark) const {
  if (mark.is_null()) return false;
  const std::string_view line =
      text_.substr(std::min(line_start(static_cast<std::size_t>(std::max(mark.line, 0))), text_.size()));
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

YamlReader::YamlReader(std::string_view text, std::string_view file, const YamlLimits& limits)
    : source_text_(text), file_(file), limits_(limits) {
  root_.source.value = {1, 1};
}

std::string YamlReader::target_of(const SourcePosition& position) const {
  return fmt::format("{}:{}:{}", file_, position.line, position.column);
}

std::string YamlReader::target_of(const YAML::Mark& mark) {
  return target_of(source_text_.position_of(mark));
}

void YamlReader::stop(const SourcePosition& position, std::string message, std::string hint, ErrorCode code) const {
  throw Stop{Error{code, std::move(message), target_of(position), std::move(hint), {}}};
}

void YamlReader::OnDocumentStart(const YAML::Mark& mark) {
  ++documents_;
  document_start_ = source_text_.position_of(mark);
}

void YamlReader::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const std::string_view word = null_word_at(source_text_.from(mark));
  const SourcePosition position = source_text_.position_of(mark);
  if (wants_key()) {
    if (word.empty()) stop(position, "a key is missing before ':'", "write 'key: value'");
    take_key(position, std::string(word), false);
    return;
  }
  Part part;
  part.source.value = position;
  // A value that is left out stands where its key does.
  if (!open_.empty() && open_.back().is_map && (word.empty() || position.line != open_.back().key_position.line))
    part.source.value = open_.back().key_position;
  finish(std::move(part), anchor);
}

void YamlReader::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const SourcePosition position = source_text_.position_of(mark);
  if (wants_key()) stop(position, "a key must be plain text; an alias was found");
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) stop(position, "the alias is inside the value that its anchor names");
  Part part = found->second;
  part.source.value = position;
  part.source.key.reset();
  count(part, position);
  // finish() counts one value more; the limit is far from exact.
  finish(std::move(part), 0);
}

void YamlReader::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                          const std::string& value) {
  const SourcePosition position = source_text_.position_of(mark);
  if (wants_key()) {
    take_key(position, repaired(value), tag == "?" && value == "<<");
    return;
  }
  Part part;
  part.value = typed(position, tag, repaired(value));
  part.source.value = position;
  part.text_bytes = value.size();
  finish(std::move(part), anchor);
}

Json YamlReader::typed(const SourcePosition& position, const std::string& tag, const std::string& text) const {
  if (tag == "!") return text;
  const std::string_view name =
      std::string_view(tag).starts_with(core_tag) ? std::string_view(tag).substr(core_tag.size()) : std::string_view();
  if (name == "str") return text;
  const bool known = name == "int" || name == "float" || name == "bool" || name == "null";
  if (tag != "?" && !tag.empty() && !known)
    stop(position, fmt::format("the tag '{}' is not supported", tag), "leave it out");
  auto resolved = resolve_yaml_scalar(text);
  if (!resolved)
    stop(position, fmt::format("'{}' is not a finite number", text.substr(0, 40)),
         "put it in quotes to give it as text");
  const bool fits = !known || (name == "int" && resolved->is_number_integer()) ||
                    (name == "float" && resolved->is_number()) || (name == "bool" && resolved->is_boolean()) ||
                    (name == "null" && resolved->is_null());
  if (!fits) stop(position, fmt::format("the value is not of the type that its tag !!{} says", name));
  if (name == "float") return resolved->get<double>();
  return *std::move(resolved);
}

void YamlReader::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                 YAML::EmitterStyle::value) {
  open(mark, tag, anchor, false);
}

void YamlReader::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                            YAML::EmitterStyle::value) {
  open(mark, tag, anchor, true);
}

void YamlReader::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
  const SourcePosition position = source_text_.position_of(mark);
  const bool plain = tag.empty() || tag == "?" || tag == "!";
  if (!plain && tag != std::string(core_tag) + (is_map ? "map" : "seq"))
    stop(position, fmt::format("the tag '{}' is not supported", tag), "leave it out");
  if (open_.size() >= static_cast<std::size_t>(std::max(limits_.max_depth, 0)))
    stop(position, fmt::format("nested deeper than {} levels", limits_.max_depth), {}, ErrorCode::too_large);
  Open opened;
  opened.is_map = is_map;
  opened.anchor = anchor;
  opened.part.source.value = position;
  open_.push_back(std::move(opened));
}

void YamlReader::OnSequenceEnd() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  closed.part.value = Json(std::move(closed.items));
  finish(std::move(closed.part), closed.anchor);
}

void YamlReader::OnMapEnd() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  if (!closed.merged.empty()) apply_merges(closed);
  closed.part.value = closed.members.take();
  finish(std::move(closed.part), closed.anchor);
}

void YamlReader::take_key(const SourcePosition& position, std::string key, bool is_merge) {
  Open& map = open_.back();
  if (!is_merge) {
    if (const auto before = map.members.find(key)) {
      const SourcePosition first = map.part.source.children[*before].key.value_or(position);
      stop(position,
           fmt::format("the key '{}' is given twice: in line {} and in line {}", key.substr(0, 80), first.line,
                       position.line),
           "remove one of the two");
    }
  }
  text_bytes_ += key.size();
  map.has_key = true;
  map.key_is_merge = is_merge;
  map.key = std::move(key);
  map.key_position = position;
}

void YamlReader::count(const Part& part, const SourcePosition& position) {
  nodes_ += part.nodes;
  text_bytes_ += part.text_bytes;
  if (nodes_ > limits_.max_nodes || text_bytes_ > limits_.max_text_bytes)
    stop(position,
         fmt::format("more than {} values or {} bytes of text, with what aliases repeat", limits_.max_nodes,
                     limits_.max_text_bytes),
         {}, ErrorCode::too_large);
}

void YamlReader::finish(Part part, YAML::anchor_t anchor) {
  // Only now, for yaml-cpp takes a '[' that is never closed for a key, and its own error is the better one.
  if (wants_key())
    stop(part.source.value,
         fmt::format("a key must be plain text; a {} was found", part.value.is_object() ? "map" : "list"));
  ++nodes_;
  if (!part.value.is_structured()) text_bytes_ += part.text_bytes;
  count(Part{.value = nullptr, .source = {}, .nodes = 0, .text_bytes = 0}, part.source.value);
  if (anchor != 0) {
    count(part, part.source.value);
    anchors_.insert_or_assign(anchor, part);
  }
  if (open_.empty()) {
    if (has_root_ && !(part.value.is_null() && documents_ > 1))
      stop(document_start_, "a second document begins here; one file holds one document",
           "put it into a file of its own");
    if (!has_root_) root_ = std::move(part);
    has_root_ = true;
    return;
  }
  Open& parent = open_.back();
  parent.part.nodes += part.nodes;
  parent.part.text_bytes += part.text_bytes;
  if (parent.is_map) {
    add_to_map(parent, std::move(part));
  } else {
    parent.items.push_back(std::move(part.value));
    parent.part.source.children.push_back(std::move(part.source));
  }
}

void YamlReader::add_to_map(Open& map, Part part) {
  map.has_key = false;
  if (map.key_is_merge) {
    collect_merge(map, std::move(part));
    return;
  }
  map.part.text_bytes += map.key.size();
  part.source.key = map.key_position;
  map.members.add(std::move(map.key), std::move(part.value));
  map.part.source.children.push_back(std::move(part.source));
}

void YamlReader::collect_merge(Open& map, Part part) {
  if (part.value.is_object()) {
    map.merged.push_back(std::move(part));
    return;
  }
  const bool is_list =
      part.value.is_array() && std::ranges::all_of(part.value, [](const Json& one) { return one.is_object(); });
  if (!is_list)
    stop(map.key_position, fmt::format("'<<' takes a map or a list of maps, found {}", part.value.type_name()));
  for (std::size_t i = 0; i < part.value.size(); ++i) {
    Part one;
    one.value = std::move(part.value[i]);
    one.source = std::move(part.source.children[i]);
    map.merged.push_back(std::move(one));
  }
}

// Merged members come first; a member given in the map itself, or by an earlier merge, wins.
void YamlReader::apply_merges(Open& map) {
  JsonObjectBuilder members;
  std::vector<SourceNode> children;
  for (Part& part : map.merged) {
    std::size_t i = 0;
    for (auto& [key, value] : part.value.get_ref<Json::object_t&>()) {
      SourceNode& source = part.source.children[i++];
      if (map.members.find(key) || members.find(key)) continue;
      members.add(key, std::move(value));
      children.push_back(std::move(source));
    }
  }
  Json own = map.members.take();
  std::size_t i = 0;
  for (auto& [key, value] : own.get_ref<Json::object_t&>()) {
    members.add(key, std::move(value));
    children.push_back(std::move(map.part.source.children[i++]));
  }
  map.members = std::move(members);
  map.part.source.children = std::move(children);
}

}  // namespace ciclo
