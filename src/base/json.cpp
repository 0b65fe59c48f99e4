#include "base/json.hpp"

#include <fmt/format.h>

namespace ciclo {
namespace {

const Json null_value = nullptr;

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

Position position_of(std::string_view text, std::size_t offset) {
  Position position;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
  }
  return position;
}

// The nesting of brackets outside strings; checked before parsing so that the parser's recursion is bounded.
bool is_deeper_than(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::too_large, fmt::format("the JSON text has {} bytes; at most {} are taken", text.size(),
                                                  limits.max_bytes));
  if (is_deeper_than(text, limits.max_depth))
    return fail(ErrorCode::too_large, fmt::format("the JSON text is nested deeper than {} levels", limits.max_depth));
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const Position position = position_of(text, error.byte == 0 ? 0 : error.byte - 1);
    return fail(ErrorCode::invalid,
                fmt::format("not valid JSON at line {}, column {}", position.line, position.column));
  } catch (const Json::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("not valid JSON: {}", error.what()));
  }
}

std::string to_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string to_pretty_text(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const Json& member(const Json& object, std::string_view key) {
  if (!object.is_object()) return null_value;
  const auto found = object.find(key);
  return found == object.end() ? null_value : *found;
}

const Json& at_pointer(const Json& value, std::string_view pointer) {
  try {
    const Json::json_pointer parsed{std::string(pointer)};
    return value.contains(parsed) ? value.at(parsed) : null_value;
  } catch (const Json::exception&) {
    return null_value;
  }
}

std::string text_or(const Json& object, std::string_view key, std::string_view otherwise) {
  const Json& found = member(object, key);
  return found.is_string() ? found.get<std::string>() : std::string(otherwise);
}

std::string escape_pointer_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

void merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null()) target.erase(key);
    else merge_patch(target[key], value);
  }
}

}  // namespace ciclo
