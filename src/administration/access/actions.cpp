#include "administration/access/actions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t longest_pattern = 120;
constexpr std::array<std::string_view, 4> verbs = {"read", "write", "manage", "use"};

bool is_pattern_character(char c) {
  return (c >= 'a' && c <= 'z') || c == '-' || c == '/' || c == '*';
}

}  // namespace

bool is_component(std::string_view name) {
  return std::ranges::find(components, name) != components.end();
}

std::string_view component_of(std::string_view action) {
  return action.substr(0, action.find('/'));
}

// The usual two-pointer walk: after a mismatch the last '*' takes one character more. Linear for the patterns there
// are.
bool matches(std::string_view pattern, std::string_view action) {
  std::size_t p = 0;
  std::size_t a = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (a < action.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = a;
    } else if (p < pattern.size() && pattern[p] == action[a]) {
      ++p;
      ++a;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      a = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<void> check_pattern(std::string_view pattern) {
  static constexpr std::string_view hint = "write <component>/<verb>, such as storage/read, secrets/*, */read or *";
  const bool is_good = !pattern.empty() && pattern.size() <= longest_pattern &&
                       std::ranges::all_of(pattern, is_pattern_character) &&
                       (pattern.contains('*') || pattern.contains('/'));
  if (!is_good)
    return fail(ErrorCode::invalid, fmt::format("'{}' is no pattern of actions", pattern.substr(0, longest_pattern)),
                {}, std::string(hint));
  const std::string_view verb = pattern.substr(pattern.rfind('/') + 1);
  if (!verb.contains('*') && std::ranges::find(verbs, verb) == verbs.end())
    return fail(ErrorCode::invalid, fmt::format("no action ends with '{}'", verb), {},
                "the last part is read, write, manage or use");
  const std::string_view component = component_of(pattern);
  if (component.contains('*') || is_component(component) || component == organisation_component) return {};
  std::vector<std::string> names(components.begin(), components.end());
  return fail(ErrorCode::invalid, fmt::format("there is no component '{}'", component), {},
              "the components are " + join(names, ", ") + " and organisation");
}

}  // namespace ciclo::administration
