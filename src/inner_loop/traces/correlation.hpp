// How much two filters go together: normalised pointwise mutual information, as MLflow computes it
// (api 3.0 traces/calculate-filter-correlation). With counts of traces n11 (both), n1, n2 and N:
//   npmi = ln(n11·N / (n1·n2)) / −ln(n11/N), from −1 (never together) over 0 (independent) to 1 (always together).
// `smoothed` adds one half to each cell of the table (Jeffreys' prior) and is steadier for few traces.
//
// Thread safety: as the session; npmi() is pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

struct CorrelationQuery {
  std::string workspace;
  std::vector<std::int64_t> experiment_ids;
  std::string filter1;
  std::string filter2;
  std::string base_filter;  // what both are looked at within; may be empty
};

struct Correlation {
  std::int64_t total = 0;
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::int64_t both = 0;
  double npmi = 0;  // NaN when a filter holds for nothing
  double smoothed = 0;
};

// Fills in npmi and smoothed from the counts.
void set_npmi(Correlation& correlation);
Result<Correlation> correlate(sql::Session& session, const CorrelationQuery& query);

}  // namespace ciclo::traces
