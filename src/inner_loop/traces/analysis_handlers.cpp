// Numbers over many traces.
#include <fmt/format.h>

#include <cmath>

#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/handlers.hpp"

namespace ciclo::traces {
namespace {

constexpr std::size_t default_points = 1000;
constexpr std::size_t max_points = 10'000;

Json number(double value) {
  return std::isnan(value) ? Json("NaN") : Json(value);
}

Result<std::vector<Aggregation>> aggregations_of(const Call& call) {
  std::vector<Aggregation> list;
  for (const Json& item : call.arguments.field("aggregations")) {
    Aggregation aggregation;
    CICLO_TRY(aggregation.type, tracking::Arguments(item).required_text("aggregation_type"));
    const Json& percentile = member(item, "percentile_value");
    if (aggregation.type == "PERCENTILE" && percentile.is_null())
      return fail(ErrorCode::invalid, "Percentile value is required for PERCENTILE aggregation", "aggregations");
    if (!percentile.is_null()) {
      CICLO_TRY(aggregation.percentile, tracking::number_from(percentile, "percentile_value"));
    }
    list.push_back(std::move(aggregation));
  }
  return list;
}

Result<Json> metrics(TraceService& traces, const Call& call) {
  MetricQuery query;
  query.workspace = call.workspace;
  CICLO_TRY(query.experiment_ids, reachable_ids_from(call, "experiment_ids"));
  CICLO_TRY(query.view, call.arguments.required_text("view_type"));
  CICLO_TRY(query.metric, call.arguments.required_text("metric_name"));
  CICLO_TRY(query.aggregations, aggregations_of(call));
  CICLO_TRY(query.dimensions, call.arguments.texts("dimensions"));
  CICLO_TRY(query.filters, call.arguments.texts("filters"));
  CICLO_TRY(query.interval_seconds, call.arguments.integer("time_interval_seconds"));
  CICLO_TRY(query.start_ms, call.arguments.integer("start_time_ms"));
  CICLO_TRY(query.end_ms, call.arguments.integer("end_time_ms"));
  CICLO_TRY(query.max_results, call.arguments.max_results(default_points, max_points));
  const std::string metric = query.metric;
  CICLO_TRY(const auto points, traces.metrics(query));
  Json answer = Json::object();
  for (const MetricPoint& point : points) {
    Json form{{"metric_name", metric}};
    if (!point.dimensions.empty()) form["dimensions"] = point.dimensions;
    form["values"] = point.values;
    answer["data_points"].push_back(std::move(form));
  }
  return answer;
}

Result<Json> correlation(TraceService& traces, const Call& call) {
  CorrelationQuery query;
  query.workspace = call.workspace;
  CICLO_TRY(query.experiment_ids, tracking::experiment_ids_of(call, "experiment_ids"));
  CICLO_TRY(query.filter1, call.arguments.required_text("filter_string1"));
  CICLO_TRY(query.filter2, call.arguments.required_text("filter_string2"));
  CICLO_TRY(query.base_filter, call.arguments.text("base_filter"));
  if (query.experiment_ids.empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'experiment_ids'", "experiment_ids");
  query.experiment_ids = tracking::reachable(call, std::move(query.experiment_ids));
  CICLO_TRY(const auto found, traces.correlation(query));
  return Json{{"npmi", number(found.npmi)},   {"npmi_smoothed", number(found.smoothed)},
              {"filter1_count", found.first}, {"filter2_count", found.second},
              {"joint_count", found.both},    {"total_count", found.total}};
}

}  // namespace

Result<void> add_analysis_routes(http::Router& router, TraceService& traces) {
  TraceRoutes routes(router, traces, "3.0");
  const http::Concern some = tracking::concerns::search_experiments();
  CICLO_CHECK(routes.add(http::Method::post, "traces/metrics", "workspace/read", metrics, {some}));
  return routes.add(http::Method::post, "traces/calculate-filter-correlation", "workspace/read", correlation, {some});
}

}  // namespace ciclo::traces
