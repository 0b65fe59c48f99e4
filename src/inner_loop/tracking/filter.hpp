// MLflow's search language, read into a tree; and its order_by clauses.
//
//   filter     = or
//   or         = and { OR and }                 (MLflow itself has AND only)
//   and        = term { AND term }
//   term       = "(" or ")" | comparison
//   comparison = identifier operator value | identifier IS [NOT] NULL
//   identifier = [entity "."] key               key: a word, or in `…` or "…"
//   operator   = = != <> < <= > >= LIKE ILIKE RLIKE IN "NOT IN"   (words in either case; RLIKE where there is one)
//   value      = number | '…' | "…" | "(" value { "," value } ")" for IN
//
// Which entities there are is the Language's. Of runs and models: metrics|metric, params|param|parameters|parameter,
// tags|tag, attributes|attribute|attr|run, datasets|dataset. A key alone is an attribute.
//
// What the keys mean, and which values they take, is decided by who uses the tree. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::tracking {

enum class Entity : std::uint8_t {
  attribute,
  metric,
  param,
  tag,
  dataset,
  // Of traces alone.
  metadata,
  span,
  feedback,
  expectation,
  issue
};
std::string_view name_of(Entity entity);  // "metrics"

enum class Comparator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  like,
  ilike,
  in,
  not_in,
  is_null,
  is_not_null,
  rlike  // a regular expression
};
std::string_view name_of(Comparator comparator);  // "!="

struct Literal {
  std::string text;              // without its quotes
  std::optional<double> number;  // when it was written as a number
};

struct Comparison {
  Entity entity = Entity::attribute;
  std::string key;
  Comparator comparator = Comparator::equal;
  std::vector<Literal> values;  // one; several for IN and NOT IN; none for IS NULL
};

// A tree of AND and OR over comparisons. An empty `all` holds for everything.
struct Expression {
  enum class Kind : std::uint8_t { all, any, comparison } kind = Kind::all;
  std::vector<Expression> children;
  Comparison comparison;
};

struct EntityWord {
  std::string_view word;  // in lower case
  Entity entity = Entity::attribute;
};

// What may stand before the dot, and whether RLIKE is an operator.
struct Language {
  std::span<const EntityWord> entities;
  bool has_rlike = false;
};
extern const Language run_language;

// Limits: 16 KiB of text, 200 comparisons, 32 levels of parentheses, 1000 values in a list. Fails with invalid, saying
// at which character and what was expected.
Result<Expression> parse_filter(std::string_view text, const Language& language = run_language);

struct Order {
  Entity entity = Entity::attribute;
  std::string key;
  bool ascending = true;
};
// "metrics.`a b` DESC"; ascending when it does not say.
Result<Order> parse_order(std::string_view text, const Language& language = run_language);

// Does a comparison of texts hold? LIKE takes % and _.
bool text_matches(const Comparison& comparison, std::string_view value);
bool number_matches(const Comparison& comparison, double value);
// Evaluates the tree in memory.
bool evaluate(const Expression& expression, const std::function<bool(const Comparison&)>& holds);

}  // namespace ciclo::tracking
