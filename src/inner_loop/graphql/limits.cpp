#include "inner_loop/graphql/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::graphql {
namespace {

class Counter {
 public:
  explicit Counter(const Document& document) : document_(document) {}

  Result<void> count(const std::vector<Selection>& selections, int depth) {
    if (depth > max_depth) return fail(ErrorCode::invalid, fmt::format("Query exceeds maximum depth of {}", max_depth));
    std::size_t aliases = 0;
    CICLO_CHECK(count_level(selections, depth, aliases));
    aliases_ = std::max(aliases_, aliases);
    return {};
  }

  Result<void> check_counts() const {
    if (root_fields_ > max_root_fields) return too_many(max_root_fields, "root fields", root_fields_);
    if (aliases_ > max_aliases) return too_many(max_aliases, "aliases", aliases_);
    return {};
  }

 private:
  static Failure too_many(std::size_t most, std::string_view what, std::size_t count) {
    return fail(ErrorCode::invalid,
                fmt::format("GraphQL queries should have at most {0} {1}, got {2} {1}", most, what, count));
  }

  // Fragments of a level belong to it.
  Result<void> count_level(const std::vector<Selection>& selections, int depth, std::size_t& aliases) {
    for (const Selection& selection : selections) {
      if (++selections_ > max_selections)
        return fail(ErrorCode::invalid, fmt::format("Query exceeds maximum total selections of {}", max_selections));
      if (selection.kind == Selection::Kind::field) {
        if (depth == 1) ++root_fields_;
        if (!selection.alias.empty()) ++aliases;
        if (!selection.selections.empty()) CICLO_CHECK(count(selection.selections, depth + 1));
      } else if (selection.kind == Selection::Kind::inline_fragment) {
        CICLO_CHECK(count_level(selection.selections, depth, aliases));
      } else {
        CICLO_CHECK(count_spread(selection.name, depth, aliases));
      }
    }
    return {};
  }

  Result<void> count_spread(const std::string& name, int depth, std::size_t& aliases) {
    const Fragment* fragment = document_.find_fragment(name);
    if (fragment == nullptr) return fail(ErrorCode::invalid, fmt::format("Unknown fragment '{}'.", name));
    if (std::ranges::find(within_, name) != within_.end())
      return fail(ErrorCode::invalid, fmt::format("Cannot spread fragment '{}' within itself.", name));
    within_.push_back(name);
    CICLO_CHECK(count_level(fragment->selections, depth, aliases));
    within_.pop_back();
    return {};
  }

  const Document& document_;
  std::vector<std::string> within_;
  std::size_t selections_ = 0;
  std::size_t root_fields_ = 0;
  std::size_t aliases_ = 0;  // the most in one place
};

}  // namespace

Result<void> check_limits(const Document& document) {
  Counter counter(document);
  for (const Operation& operation : document.operations) CICLO_CHECK(counter.count(operation.selections, 1));
  return counter.check_counts();
}

}  // namespace ciclo::graphql
