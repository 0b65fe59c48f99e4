// Picks how a search of runs starts. Most filters are met by many runs: then walking the newest runs and looking at
// each one's metrics finds a page at once. When one clause is met by few runs, that clause's index is read first
// instead, and only those runs are looked at.
//
// Thread safety: pure functions over the session they are handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// "SELECT run_number …" of the clause that fewest runs meet, when those are few; nothing otherwise. Clauses that are
// combined by OR, or that no index answers, are not looked at. Costs one bounded index scan for each of at most four.
Result<std::optional<Statement>> find_driver(sql::Session& session, const Expression& expression);

// What the indexes of parameters and tags hold in place of the value, which may be long.
std::int64_t value_hash(std::string_view value);

}  // namespace ciclo::tracking
