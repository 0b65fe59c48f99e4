#include "cli/set_expression.hpp"

#include <fmt/format.h>

#include <variant>

#include "base/text.hpp"

namespace ciclo::cli {
namespace {

using Step = std::variant<std::string, std::size_t>;  // a key or an index

Failure malformed(std::string_view expression, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("--set {}: {}", expression, why), {},
              "write key=value, a.b=value or list[0].key=value");
}

// "a.b[0].c" → a, b, 0, c. A key in double quotes may hold dots: properties."a.b".
Result<std::vector<Step>> parse_path(std::string_view expression, std::string_view path) {
  std::vector<Step> steps;
  std::size_t i = 0;
  while (i < path.size()) {
    if (path[i] == '[') {
      const std::size_t close = path.find(']', i);
      const auto index = parse_int(path.substr(i + 1, close == std::string_view::npos ? 0 : close - i - 1));
      if (!index || *index < 0) return malformed(expression, "'[' is not followed by a number and ']'");
      steps.emplace_back(static_cast<std::size_t>(*index));
      i = close + 1;
    } else if (path[i] == '"') {
      const std::size_t close = path.find('"', i + 1);
      if (close == std::string_view::npos) return malformed(expression, "a quote is not closed");
      steps.emplace_back(std::string(path.substr(i + 1, close - i - 1)));
      i = close + 1;
    } else {
      const std::size_t end = std::min(path.find_first_of(".[", i), path.size());
      if (end == i) return malformed(expression, "a key is empty");
      steps.emplace_back(std::string(path.substr(i, end - i)));
      i = end;
    }
    if (i < path.size() && path[i] == '.') {
      if (++i == path.size()) return malformed(expression, "a key is empty");
    }
  }
  if (steps.empty()) return malformed(expression, "there is no key before '='");
  return steps;
}

// The `=` that ends the path: the first one outside quotes.
std::size_t find_equals(std::string_view expression) {
  bool quoted = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] == '"') quoted = !quoted;
    if (expression[i] == '=' && !quoted) return i;
  }
  return std::string_view::npos;
}

}  // namespace

Json guess_value(std::string_view text) {
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  if (text == "None" || text == "null") return nullptr;
  // "007" and "1." are texts, not numbers: only what JSON takes as a whole counts.
  const bool may_be_json = !text.empty() && (text.front() == '{' || text.front() == '[' || text.front() == '"' ||
                                             text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  if (may_be_json)
    if (auto value = parse_json(text)) return *std::move(value);
  return std::string(text);
}

Result<void> apply_set(Json& document, std::string_view expression) {
  const std::size_t equals = find_equals(expression);
  if (equals == std::string_view::npos) return malformed(expression, "there is no '='");
  CICLO_TRY(const auto steps, parse_path(expression, trim(expression.substr(0, equals))));
  Json* at = &document;
  for (const Step& step : steps) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      if (at->is_null()) *at = Json::object();
      if (!at->is_object()) return malformed(expression, fmt::format("'{}' is set in what is no map", *key));
      at = &(*at)[*key];
      continue;
    }
    const std::size_t index = std::get<std::size_t>(step);
    if (at->is_null()) *at = Json::array();
    if (!at->is_array()) return malformed(expression, fmt::format("[{}] is set in what is no list", index));
    if (index > at->size()) return malformed(expression, fmt::format("the list has only {} items", at->size()));
    if (index == at->size()) at->push_back(nullptr);
    at = &(*at)[index];
  }
  *at = guess_value(expression.substr(equals + 1));
  return {};
}

}  // namespace ciclo::cli
