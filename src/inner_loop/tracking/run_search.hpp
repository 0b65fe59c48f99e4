// Searches of runs and experiments. Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/run_store.hpp"
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
  DetailKeys keys;  // of runs: which metrics, parameters and tags the answer carries
};

// How the runs are found; all ways find the same. The others are there for tests to compare: `plain` looks at every run
// that may be met, `by_looking` and `by_set` walk (where an index has the order) and use nothing but the one or the
// other.
enum class SearchWay : std::uint8_t { fastest, plain, by_looking, by_set };

// Newest first by start time where the order leaves a choice. With details when `with_details`.
//
// An order by start time, or by one metric, parameter or tag, walks that index and looks at runs until the page is
// full; when that takes long, the filter is evaluated to a set of runs at once (run_set_search.hpp). A clause that few
// runs meet is looked up first (driver.hpp). Orders by several values, or by another attribute, sort all runs that meet
// the filter. See docs/decisions/2026-11-26-metric-storage.md for what each costs.
Result<Page<Run>> search_runs(sql::Session& session, const SearchRequest& request, bool with_details = true,
                              SearchWay way = SearchWay::fastest);
// Newest first. With tags.
Result<Page<Experiment>> search_experiments(sql::Session& session, const SearchRequest& request);

}  // namespace ciclo::tracking
