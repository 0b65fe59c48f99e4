#include "base/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <sstream>

#include "base/json_schema.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "base/yaml_reader.hpp"

namespace ciclo {
namespace {

struct Explanation {
  std::string_view says;  // how yaml-cpp's message begins
  std::string_view means;
  std::string_view hint;
};

constexpr std::array explanations = {
    Explanation{
        "end of map not found", "the indentation does not fit the map that is open here",
        "keys of one map start in one column; text that holds ': ' needs quotes, and nothing follows a closing quote"},
    Explanation{"end of sequence not found", "the indentation does not fit the list that is open here",
                "the items of one list start with '- ' in one column"},
    Explanation{"end of map flow not found", "expected ',' or '}'", "close what '{' opened"},
    Explanation{"end of sequence flow not found", "expected ',' or ']'", "close what '[' opened"},
    Explanation{"illegal flow end", "this closes something else than what is open",
                "'[' ends with ']' and '{' with '}'"},
    Explanation{"illegal map value", "a value is not expected here", "quote text that holds ': '"},
    Explanation{"illegal map key", "a key is not expected here",
                "check the indentation, or quote text that holds ': '"},
    Explanation{"illegal block entry", "a list item is not expected here",
                "put '- ' in a line of its own, under its key"},
    Explanation{"illegal tab", "a tab is used for indentation", "indent with spaces"},
    Explanation{"illegal EOF in scalar", "the quote is never closed",
                "look for the quote that opens before this place"},
    Explanation{"illegal document indicator in scalar", "the quote is never closed",
                "look for the quote that opens before this place"},
    Explanation{"unknown token", "this character cannot begin a value", "put the text in quotes"},
    Explanation{"unknown escape character", "unknown escape in a double-quoted text",
                "write \\\\ for a backslash, or use single quotes"},
    Explanation{"the referenced anchor is not defined", "there is no anchor of this name",
                "anchors are defined with &name"},
};

Error explain(const YAML::ParserException& error, YamlReader& reader) {
  const std::string_view says = error.msg;
  if (reader.is_indented_by_tab(error.mark))
    return Error{
        ErrorCode::invalid, "a tab is used for indentation", reader.target_of(error.mark), "indent with spaces", {}};
  for (const Explanation& one : explanations) {
    if (says.starts_with(one.says))
      return Error{ErrorCode::invalid, std::string(one.means), reader.target_of(error.mark), std::string(one.hint), {}};
  }
  return Error{ErrorCode::invalid, "not valid YAML: " + error.msg, reader.target_of(error.mark), {}, {}};
}

// YAML's printable characters; what else there is in a file is a sign that it is not text.
Result<void> check_characters(std::string_view text, std::string_view file) {
  int line = 1;
  int column = 1;
  while (!text.empty()) {
    const auto code_point = take_code_point(text);
    const bool control =
        code_point && ((*code_point < 0x20 && *code_point != '\t' && *code_point != '\n' && *code_point != '\r') ||
                       *code_point == 0x7F);
    if (!code_point || control)
      return fail(ErrorCode::invalid,
                  code_point ? "a control character is not allowed in YAML" : "the file is not UTF-8 text",
                  fmt::format("{}:{}:{}", file, line, column));
    ++column;
    if (*code_point == '\n') {
      ++line;
      column = 1;
    }
  }
  return {};
}

// yaml-cpp 0.7 takes a quote that is never closed when blanks follow at the end of the file; an end marker stops it.
std::string with_end(std::string_view text) {
  std::string out(text);
  if (text.ends_with('\n')) out += "...\n";
  else if (text.ends_with(' ') || text.ends_with('\t') || text.ends_with('\r')) out += "\n...\n";
  return out;
}

std::string unescape_pointer_token(std::string token) {
  return replace_all(replace_all(std::move(token), "~1", "/"), "~0", "~");
}

// One step down a pointer; null where there is nothing.
const SourceNode* step(const SourceNode& node, const Json& value, const std::string& token, const Json*& next) {
  if (value.is_object()) {
    std::size_t i = 0;
    for (const auto& [key, child] : value.get_ref<const Json::object_t&>()) {
      if (key == token && i < node.children.size()) {
        next = &child;
        return &node.children[i];
      }
      ++i;
    }
  } else if (value.is_array()) {
    const auto index = parse_int(token);
    if (index && *index >= 0 && static_cast<std::size_t>(*index) < node.children.size()) {
      next = &value[static_cast<std::size_t>(*index)];
      return &node.children[static_cast<std::size_t>(*index)];
    }
  }
  return nullptr;
}

struct Found {
  const SourceNode* node = nullptr;
  bool exact = false;
};

Found walk(const YamlDocument& document, std::string_view pointer) {
  const SourceNode* node = &document.source;
  const Json* value = &document.value;
  if (pointer.empty()) return {node, true};
  if (pointer.front() != '/') return {node, false};
  for (std::string& token : split(pointer.substr(1), '/')) {
    const Json* next_value = nullptr;
    const SourceNode* next = step(*node, *value, unescape_pointer_token(std::move(token)), next_value);
    if (next == nullptr) return {node, false};
    node = next;
    value = next_value;
  }
  return {node, true};
}

}  // namespace

const SourceNode* YamlDocument::find(std::string_view pointer) const {
  const Found found = walk(*this, pointer);
  return found.exact ? found.node : nullptr;
}

const SourceNode& YamlDocument::find_nearest(std::string_view pointer) const {
  return *walk(*this, pointer).node;
}

Result<YamlDocument> parse_yaml(std::string_view text, std::string_view file, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::too_large,
                fmt::format("the file has {} bytes; at most {} are taken", text.size(), limits.max_bytes),
                std::string(file));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  CICLO_CHECK(check_characters(text, file));
  YamlReader reader(text, file, limits);
  try {
    std::istringstream stream{with_end(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(reader)) {
    }
    return reader.take();
  } catch (YamlReader::Stop& stop) {
    return Failure(std::move(stop.error));
  } catch (const YAML::ParserException& error) {
    return Failure(explain(error, reader));
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("not valid YAML: {}", error.what()), std::string(file));
  }
}

Error locate(Error error, const YamlDocument& document, std::string_view file) {
  for (Error& detail : error.details) detail = locate(std::move(detail), document, file);
  if (!error.target.empty() && error.target.front() != '/') return error;
  const Found found = walk(document, error.target);
  const bool is_about_key =
      !found.exact || !found.node->children.empty() || error.message.find(unknown_key_words) != std::string::npos;
  const SourcePosition position = is_about_key ? found.node->key.value_or(found.node->value) : found.node->value;
  error.target = fmt::format("{}:{}:{}", file, position.line, position.column);
  return error;
}

}  // namespace ciclo
