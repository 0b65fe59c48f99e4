// The search language evaluated in memory, for lists that are small.
#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/filter.hpp"

namespace ciclo::tracking {
namespace {

// SQL's LIKE over bytes, % any run and _ any one character (of UTF-8), in time linear in value × wildcards.
bool like(std::string_view pattern, std::string_view value) {
  const auto length_at = [&](std::size_t at) {
    std::size_t length = 1;
    while (at + length < value.size() && (static_cast<unsigned char>(value[at + length]) & 0xC0U) == 0x80U) ++length;
    return length;
  };
  std::size_t p = 0;
  std::size_t v = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (v < value.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resume = v;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      v += length_at(v);
    } else if (p < pattern.size() && pattern[p] == value[v]) {
      ++p;
      ++v;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      resume += length_at(resume);
      v = resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

template <class Value>
bool ordered_matches(Comparator comparator, const Value& value, const Value& wanted) {
  switch (comparator) {
    case Comparator::equal: return value == wanted;
    case Comparator::not_equal: return value != wanted;
    case Comparator::less: return value < wanted;
    case Comparator::less_equal: return value <= wanted;
    case Comparator::greater: return value > wanted;
    case Comparator::greater_equal: return value >= wanted;
    default: return false;
  }
}

}  // namespace

bool text_matches(const Comparison& comparison, std::string_view value) {
  if (comparison.comparator == Comparator::is_not_null) return true;
  if (comparison.values.empty()) return false;
  const auto is_value = [&](const Literal& literal) { return literal.text == value; };
  const std::string_view wanted = comparison.values.front().text;
  switch (comparison.comparator) {
    case Comparator::like: return like(wanted, value);
    case Comparator::ilike: return like(to_lower(wanted), to_lower(value));
    case Comparator::in: return std::ranges::any_of(comparison.values, is_value);
    case Comparator::not_in: return std::ranges::none_of(comparison.values, is_value);
    default: return ordered_matches(comparison.comparator, value, wanted);
  }
}

bool number_matches(const Comparison& comparison, double value) {
  if (comparison.comparator == Comparator::is_not_null) return true;
  const auto is_value = [&](const Literal& literal) {
    return literal.number.value_or(parse_double(literal.text).value_or(0)) == value;
  };
  if (comparison.values.empty()) return false;
  if (comparison.comparator == Comparator::in) return std::ranges::any_of(comparison.values, is_value);
  if (comparison.comparator == Comparator::not_in) return std::ranges::none_of(comparison.values, is_value);
  const Literal& literal = comparison.values.front();
  const auto wanted = literal.number ? literal.number : parse_double(literal.text);
  return wanted && ordered_matches(comparison.comparator, value, *wanted);
}

bool evaluate(const Expression& expression, const std::function<bool(const Comparison&)>& holds) {
  const auto child_holds = [&](const Expression& child) { return evaluate(child, holds); };
  switch (expression.kind) {
    case Expression::Kind::all: return std::ranges::all_of(expression.children, child_holds);
    case Expression::Kind::any: return std::ranges::any_of(expression.children, child_holds);
    case Expression::Kind::comparison: return holds(expression.comparison);
  }
  return false;
}

}  // namespace ciclo::tracking
