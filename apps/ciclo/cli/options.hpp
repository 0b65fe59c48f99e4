// The command line's words, as az has them: "--name x", "--name=x", "-n x", unambiguous prefixes ("--endpoint"),
// options that take several values ("--set a=1 b=2", also repeated).
//
// Pure; nothing is read or written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::cli {

enum class Takes : std::uint8_t { nothing, one, several };

struct Option {
  std::vector<std::string> names;  // first the canonical one, without dashes: {"endpoint-name", "endpoint", "e"}
  Takes takes = Takes::one;
  std::string help;
};

class Options {
 public:
  bool has(std::string_view name) const { return values_.contains(name); }
  // The last value given; empty when the option was not given.
  std::string text(std::string_view name) const;
  std::optional<std::string> find(std::string_view name) const;
  const std::vector<std::string>& all(std::string_view name) const;
  // Fails with invalid naming the option when it was not given.
  Result<std::string> needed(std::string_view name) const;

 private:
  friend Result<Options> parse_options(const std::vector<Option>& known, const std::vector<std::string>& words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Fails with invalid: unknown option (with the nearest), ambiguous prefix (with the candidates), missing value, a word
// that belongs to no option.
Result<Options> parse_options(const std::vector<Option>& known, const std::vector<std::string>& words);

// One line an option, aligned, for --help.
std::string help_of(const std::vector<Option>& options);

}  // namespace ciclo::cli
