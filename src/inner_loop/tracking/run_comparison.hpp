// Runs side by side: which of their attributes, parameters, tags and metrics differ.
//
// The answer is a table that names each value's column once:
//   {"columns": [{"kind": "param", "key": "depth", "differs": true}, …],
//    "rows":    [{"run_id": …, "values": [… one for each column, null where the run has none]}, …],
//    "differing": {"params": ["depth"], "tags": [], "metrics": ["loss"]}}
// Columns come in the order attributes, parameters, metrics, tags, and by key. A metric's value is its latest; NaN is
// the text "NaN". A value that some runs lack differs.
//
// Thread safety: pure function.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "inner_loop/tracking/types.hpp"

namespace ciclo::tracking {

inline constexpr std::size_t max_compared_runs = 500;

// `runs` with their details; rows in the same order.
Json compare_runs(const std::vector<Run>& runs);

}  // namespace ciclo::tracking
