#include "inner_loop/traces/comparison_sql.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "platform/sql/pattern.hpp"

namespace ciclo::traces {
namespace {

// SQLite's LIKE ignores case; its GLOB does not.
std::string glob_of(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    if (c == '%') glob += '*';
    else if (c == '_') glob += '?';
    else if (c == '*' || c == '?' || c == '[') glob += fmt::format("[{}]", c);
    else glob += c;
  }
  return glob;
}

void like(Statement& out, std::string_view pattern, bool heeds_case, sql::Dialect dialect) {
  if (dialect == sql::Dialect::postgresql) out.add(heeds_case ? " LIKE " : " ILIKE ").bind(pattern).add(" ESCAPE ''");
  else if (heeds_case) out.add(" GLOB ").bind(glob_of(pattern));
  else out.add(" LIKE ").bind(pattern);
}

}  // namespace

Failure wrong_value(const Comparison& comparison, std::string_view expected) {
  return fail(ErrorCode::invalid,
              fmt::format("Invalid filter: {}.{} {} needs {}", name_of(comparison.entity), comparison.key,
                          name_of(comparison.comparator), expected),
              "filter");
}

Result<Statement> text_comparison(const Statement& column, const Comparison& comparison, sql::Dialect dialect) {
  Statement out = column;
  std::vector<std::string> texts;
  for (const tracking::Literal& literal : comparison.values) texts.push_back(literal.text);
  switch (comparison.comparator) {
    case Comparator::is_null: return out.add(" IS NULL");
    case Comparator::is_not_null: return out.add(" IS NOT NULL");
    case Comparator::in: return out.add(" IN ").bind_list(texts);
    case Comparator::not_in: return out.add(" NOT IN ").bind_list(texts);
    case Comparator::like: like(out, texts.front(), true, dialect); return out;
    case Comparator::ilike: like(out, texts.front(), false, dialect); return out;
    case Comparator::rlike:
      CICLO_CHECK(sql::check_pattern(texts.front()));
      return out.add(dialect == sql::Dialect::postgresql ? " ~ " : " REGEXP ").bind(texts.front());
    default: return out.add(" ").add(name_of(comparison.comparator)).add(" ").bind(texts.front());
  }
}

Result<Statement> number_comparison(const Statement& column, const Comparison& comparison) {
  Statement out = column;
  if (comparison.values.empty())
    return out.add(comparison.comparator == Comparator::is_null ? " IS NULL" : " IS NOT NULL");
  if (comparison.comparator == Comparator::like || comparison.comparator == Comparator::ilike ||
      comparison.comparator == Comparator::rlike)
    return wrong_value(comparison, "a text, and this is a number");
  const bool is_list = comparison.comparator == Comparator::in || comparison.comparator == Comparator::not_in;
  out.add(" ").add(name_of(comparison.comparator)).add(is_list ? " (" : " ");
  bool is_first = true;
  for (const tracking::Literal& literal : comparison.values) {
    const auto number = literal.number ? literal.number : parse_double(literal.text);
    if (!number) return wrong_value(comparison, "a number");
    out.add(is_first ? "CAST(" : ", CAST(").bind(*number).add(" AS DOUBLE PRECISION)");
    is_first = false;
  }
  if (is_list) out.add(")");
  return out;
}

}  // namespace ciclo::traces
