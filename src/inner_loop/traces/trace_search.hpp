// The search of traces: filter and order as in trace_filter.hpp, paged by key, so that a late page costs as much as the
// first and traces that arrive meanwhile shift nothing.
//
// Order: as asked (timestamp_ms, execution_time_ms, name, status …, tags.<key>, metadata.<key>; missing values last),
// then newest first, then by trace id. Thread safety: as the session.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/trace_filter.hpp"
#include "inner_loop/traces/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

struct TraceSearch {
  std::string workspace;
  std::vector<std::int64_t> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t max_results = 100;
  std::string page_token;
};

// The rows alone: TraceStore::load_details() fills in the rest.
Result<Page<Trace>> search_traces(sql::Session& session, const TraceSearch& request);

// "t.workspace = … AND t.experiment_id …": which traces may be looked at; the one place where a search is cut to what
// its caller may see. `by_number`: they are found by their numbers, so no index on the rest may tempt the planner.
tracking::Statement trace_scope(const std::string& workspace, const std::vector<std::int64_t>& experiment_ids,
                                bool by_number = false);

}  // namespace ciclo::traces
