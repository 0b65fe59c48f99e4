// Searches of runs and experiments. Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

struct SearchRequest {
  std::string workspace;
  // Of runs: where they are; none: no run at all. Of experiments: these alone; none: all.
  std::vector<std::int64_t> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;
  View view = View::active_only;
  std::size_t max_results = 1000;
  std::string page_token;
};

// A page costs a few milliseconds over 100,000 runs whichever way it is asked: see driver.hpp for filters; an order by
// one metric walks that metric's index.
//
// Newest first by start time where the order leaves a choice. With details when `with_details`.
Result<Page<Run>> search_runs(sql::Session& session, const SearchRequest& request, bool with_details = true);
// Newest first. With tags.
Result<Page<Experiment>> search_experiments(sql::Session& session, const SearchRequest& request);

}  // namespace ciclo::tracking
