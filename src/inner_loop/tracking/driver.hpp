// Finds the clause of a filter that so few runs meet that looking at each of them answers the search.
//
// Thread safety: pure functions over the session they are handed.
#pragma once

#include <optional>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/run_scope.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// The comparisons that every run meets which meets the expression.
std::vector<const Comparison*> needed_comparisons(const Expression& expression);

// "SELECT run_number …" of the clause that fewest runs meet, when those are few; nothing otherwise. Clauses that are
// combined by OR, or that no index answers by a range, are not looked at. Costs one bounded index scan for each of at
// most four.
Result<std::optional<Statement>> find_driver(sql::Session& session, const RunScope& scope,
                                             const Expression& expression);

}  // namespace ciclo::tracking
