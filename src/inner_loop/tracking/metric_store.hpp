// The rows of metrics: every observation, and beside them the latest of each key of each run, which is the one with the
// greatest (step, timestamp, value). A key has a number within its run (its series), which its observations are kept
// by, in the order of their steps.
//
// Cost: one metric is three statements that read one row and write two; a batch writes its observations 128 to a
// statement and each key's latest once. An observation that is there already is tolerated.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

struct HistoryRequest {
  RunRef run;
  std::string key;
  std::size_t limit = 25'000;
  // Where the page before ended: its last observation. Nothing for the first page.
  std::optional<Metric> after;
};

// Observations at some steps only, for charts of many points.
struct SampleRequest {
  RunRef run;
  std::string key;
  std::optional<std::int64_t> start_step;
  std::optional<std::int64_t> end_step;
  std::size_t max_points = 320;
};

class MetricStore {
 public:
  // One observation of an active run. Fails with not_found when there is no such run, invalid when it is deleted.
  Result<void> log_one_in(sql::Session& session, const RunRef& ref, const Metric& metric) const;
  Result<void> log_in(sql::Session& session, const RunRef& ref, const std::vector<Metric>& metrics) const;

  // In the order of (step, timestamp, value). Of an unknown run or key: none.
  Result<std::vector<Metric>> history(sql::Session& session, const HistoryRequest& request) const;
  // At most `max_points` observations, in order, the first and the last among them. Of a history of up to 32 times as
  // many, or 10,000, every n-th is taken (as MLflow does: the first of `max_points` equal parts, and the last of all).
  // Of a longer one the first at each of `max_points` steps that are spread evenly from the first step to the last,
  // found by index, however long the history is.
  Result<std::vector<Metric>> sample(sql::Session& session, const SampleRequest& request) const;
};

// Reads key, value, timestamp, step, is_nan from columns 1 to 5.
Metric metric_from(const sql::Row& row);
Metric metric_from(const sql::RowView& row);

// NaN is stored as 0 with a mark, infinities as the largest finite numbers.
struct StoredValue {
  double value = 0;
  bool is_nan = false;
};
StoredValue stored_value(double value);

}  // namespace ciclo::tracking
