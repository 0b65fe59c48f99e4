#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::cli {
namespace {

const std::vector<std::string> no_values;

bool looks_like_option(std::string_view word) {
  if (word.size() < 2 || word.front() != '-') return false;
  // A negative number is a value.
  return word[1] < '0' || word[1] > '9';
}

std::string dashed(const std::string& name) {
  return (name.size() == 1 ? "-" : "--") + name;
}

Result<const Option*> find_long(const std::vector<Option>& known, std::string_view name) {
  std::vector<const Option*> candidates;
  std::vector<std::string> spelled;
  std::vector<std::string> all;
  for (const Option& option : known)
    for (const std::string& spelling : option.names) {
      if (spelling.size() == 1) continue;
      if (spelling == name) return &option;
      all.push_back("--" + spelling);
      if (!spelling.starts_with(name)) continue;
      spelled.push_back("--" + spelling);
      if (std::ranges::find(candidates, &option) == candidates.end()) candidates.push_back(&option);
    }
  if (candidates.size() == 1) return candidates.front();
  if (candidates.size() > 1)
    return fail(ErrorCode::invalid, fmt::format("--{} could be {}", name, join(spelled, " or ")), {}, "write it out");
  const auto near = nearest("--" + std::string(name), all);
  return fail(ErrorCode::invalid, fmt::format("unknown option --{}", name), {},
              near ? fmt::format("did you mean {}?", *near) : "add --help for the options there are");
}

Result<const Option*> find_short(const std::vector<Option>& known, char letter) {
  for (const Option& option : known)
    if (std::ranges::find(option.names, std::string(1, letter)) != option.names.end()) return &option;
  return fail(ErrorCode::invalid, fmt::format("unknown option -{}", letter), {},
              "add --help for the options there are");
}

// One option word, split into the option and a value that stands in the same word ("--name=x", "-nx").
struct Spelled {
  const Option* option = nullptr;
  std::optional<std::string> value;
};

Result<Spelled> read_option(const std::vector<Option>& known, const std::string& word) {
  Spelled spelled;
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    CICLO_TRY(spelled.option,
              find_long(known, std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2)));
    if (equals != std::string::npos) spelled.value = word.substr(equals + 1);
    return spelled;
  }
  CICLO_TRY(spelled.option, find_short(known, word[1]));
  if (word.size() > 2) spelled.value = word.substr(word[2] == '=' ? 3 : 2);
  return spelled;
}

}  // namespace

std::string Options::text(std::string_view name) const {
  return find(name).value_or("");
}

std::optional<std::string> Options::find(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

const std::vector<std::string>& Options::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? no_values : found->second;
}

Result<std::string> Options::needed(std::string_view name) const {
  if (const auto value = find(name)) return *value;
  return fail(ErrorCode::invalid, fmt::format("--{} is missing", name), {}, "add --help for the options there are");
}

Result<Options> parse_options(const std::vector<Option>& known, const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!looks_like_option(words[i]))
      return fail(ErrorCode::invalid, fmt::format("'{}' belongs to no option", words[i]), {},
                  "put it behind an option, such as --name");
    CICLO_TRY(const Spelled spelled, read_option(known, words[i]));
    const Option& option = *spelled.option;
    auto& values = options.values_[option.names.front()];
    if (option.takes == Takes::nothing) {
      if (spelled.value)
        return fail(ErrorCode::invalid, fmt::format("{} takes no value", dashed(option.names.front())));
      continue;
    }
    if (spelled.value) values.push_back(*spelled.value);
    const bool wants_more = option.takes == Takes::several || !spelled.value;
    std::size_t taken = spelled.value ? 1 : 0;
    while (wants_more && i + 1 < words.size() && !looks_like_option(words[i + 1])) {
      values.push_back(words[++i]);
      if (++taken == 1 && option.takes == Takes::one) break;
    }
    if (taken == 0) return fail(ErrorCode::invalid, fmt::format("{} needs a value", dashed(option.names.front())));
  }
  return options;
}

std::string help_of(const std::vector<Option>& options) {
  std::vector<std::string> left;
  std::size_t width = 0;
  for (const Option& option : options) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back(dashed(name));
    left.push_back(join(names, ", "));
    width = std::max(width, left.back().size());
  }
  std::string out;
  for (std::size_t i = 0; i < options.size(); ++i)
    out += fmt::format("  {:<{}}  {}\n", left[i], width, options[i].help);
  return out;
}

}  // namespace ciclo::cli
