// Numbers over many traces: counts, latencies, tokens, costs and assessments, by name, state, type, model or time.
// MLflow's query of trace metrics (api 3.0 traces/metrics).
//
// Percentiles interpolate linearly between the two nearest values (Hyndman and Fan's method 7, as numpy's default):
// with n values, position p/100 · (n − 1).
//
// Thread safety: as the session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

struct Aggregation {
  std::string type;  // COUNT, SUM, AVG, MIN, MAX, PERCENTILE
  double percentile = 0;
};

struct MetricQuery {
  std::string workspace;
  std::vector<std::int64_t> experiment_ids;
  std::string view;    // TRACES, SPANS, ASSESSMENTS
  std::string metric;  // trace_count, latency, total_tokens …
  std::vector<Aggregation> aggregations;
  std::vector<std::string> dimensions;
  std::vector<std::string> filters;  // one comparison each: "trace.status = 'OK'", "span.type = 'LLM'"
  std::optional<std::int64_t> interval_seconds;
  std::optional<std::int64_t> start_ms;  // both are included
  std::optional<std::int64_t> end_ms;
  std::size_t max_results = 1000;
};

struct MetricPoint {
  Json dimensions = Json::object();  // texts; time_bucket as RFC 3339
  Json values = Json::object();      // {"AVG": 1.5, "P50.0": 1.0}
};

// Fails with invalid for a metric, aggregation, dimension or filter that the view does not have.
Result<std::vector<MetricPoint>> query_metrics(sql::Session& session, const MetricQuery& query);

}  // namespace ciclo::traces
