// Internal to this folder: one comparison as SQL, in both dialects.
#pragma once

#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

using tracking::Comparator;
using tracking::Comparison;
using tracking::Statement;

// "<column> <operator> <values>"; of a text. LIKE and RLIKE heed case, ILIKE does not.
Result<Statement> text_comparison(const Statement& column, const Comparison& comparison, sql::Dialect dialect);
Result<Statement> number_comparison(const Statement& column, const Comparison& comparison);
Failure wrong_value(const Comparison& comparison, std::string_view expected);

inline Statement sql_text(std::string_view text) {
  return {.text = std::string(text), .parameters = {}};
}

}  // namespace ciclo::traces
