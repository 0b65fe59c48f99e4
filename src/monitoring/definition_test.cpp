#include "monitoring/definition.hpp"

#include <gtest/gtest.h>

namespace ciclo::monitoring {
namespace {

using signals::Direction;
using signals::FeatureType;
using signals::Metric;
using std::chrono::hours;

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value_or(TimePoint{});
}

Result<MonitorDefinition> parse(std::string_view json) {
  return parse_monitor(parse_json(json).value_or(Json()));
}

MonitorDefinition good(std::string_view json) {
  auto parsed = parse(json);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().text();
  return parsed ? *parsed : MonitorDefinition{};
}

TEST(MonitorDefinition, WithoutSignalsItIsTheOutOfBoxMonitor) {
  const auto monitor = good(R"({"monitoring_target":{"endpoint_deployment_id":"azureml:weather:blue"}})");
  EXPECT_EQ(monitor.endpoint, "weather");
  EXPECT_EQ(monitor.deployment, "blue");
  ASSERT_EQ(monitor.signals.size(), 3U);
  EXPECT_EQ(monitor.signals[0].type, SignalType::data_drift);
  EXPECT_EQ(monitor.signals[0].numerical[0].metric, Metric::normalized_wasserstein_distance);
  EXPECT_EQ(monitor.signals[0].categorical[0].metric, Metric::jensen_shannon_distance);
  EXPECT_EQ(monitor.signals[1].type, SignalType::prediction_drift);
  EXPECT_EQ(monitor.signals[2].type, SignalType::data_quality);
  EXPECT_EQ(monitor.signals[2].numerical.size(), 3U);
  EXPECT_TRUE(monitor.signals[2].alert_enabled);
}

TEST(MonitorDefinition, ThresholdsOfZeroAndAliases) {
  const auto monitor = good(R"({"monitoring_target":{"endpoint_deployment_id":"azureml:weather"},
    "monitoring_signals":{"drift":{"type":"data_drift","alert_enabled":false,"features":["a","b"],
      "feature_type_override":{"a":"categorical"},
      "reference_data":{"input_data":{"path":"azureml:w:1","type":"mltable"},"data_context":"training",
                        "data_column_names":{"target_column":"y"}},
      "metric_thresholds":{"categorical":{"chi_squared_test":0}}}}})");
  EXPECT_EQ(monitor.deployment, "");
  const auto& signal = monitor.signals.at(0);
  EXPECT_TRUE(signal.numerical.empty());
  ASSERT_EQ(signal.categorical.size(), 1U);
  EXPECT_EQ(signal.categorical[0].metric, Metric::pearsons_chi_squared_test);
  EXPECT_EQ(signal.categorical[0].threshold, 0.0);
  EXPECT_EQ(signal.categorical[0].direction, Direction::below);
  EXPECT_EQ(signal.reference.target_column, "y");
  EXPECT_EQ(signal.feature_types.at("a"), FeatureType::categorical);
  EXPECT_FALSE(signal.alert_enabled);
}

TEST(MonitorDefinition, WhatTheSchemaCannotTellIsRefused) {
  const auto target = [](std::string_view signal, std::string_view id = "azureml:weather:blue") {
    const auto parsed = parse(R"({"monitoring_target":{"endpoint_deployment_id":")" + std::string(id) +
                              R"("},"monitoring_signals":{"s":)" + std::string(signal) + "}}");
    return parsed ? std::string("accepted") : parsed.error().target;
  };
  EXPECT_EQ(target(R"({"type":"data_drift"})"), "accepted");
  EXPECT_EQ(target(R"({"type":"data_drift"})", "azureml:..:blue"),
            "/create_monitor/monitoring_target/endpoint_deployment_id");
  EXPECT_EQ(target(R"({"type":"data_drift"})", "azureml:x:a/../b"),
            "/create_monitor/monitoring_target/endpoint_deployment_id");
  EXPECT_EQ(target(R"({"type":"data_drift","production_data":{"data_window":{"lookback_window_size":"P1Y"}}})"),
            "/create_monitor/monitoring_signals/s/production_data/data_window/lookback_window_size");
  EXPECT_EQ(target(R"({"type":"data_drift","production_data":{"data_window":{"window_start":"2026-02-01T00:00:00Z",
                       "window_end":"2026-01-01T00:00:00Z"}}})"),
            "/create_monitor/monitoring_signals/s/production_data/data_window");
  EXPECT_EQ(
      target(R"({"type":"data_drift","metric_thresholds":{"categorical":{"normalized_wasserstein_distance":1}}})"),
      "/create_monitor/monitoring_signals/s/metric_thresholds/categorical/normalized_wasserstein_distance");
  EXPECT_EQ(parse(R"({"monitoring_signals":{"s":{"type":"data_drift"}}})").error().target,
            "/create_monitor/monitoring_target");
}

// Azure ML's own examples hold such signals beside those that are computed.
TEST(MonitorDefinition, SignalsThatAreNotComputedAreSkippedWithAWarning) {
  const auto monitor = good(R"({"monitoring_target":{"endpoint_deployment_id":"azureml:weather:blue"},
    "monitoring_signals":{"a":{"type":"data_drift"},"b":{"type":"feature_attribution_drift",
      "metric_thresholds":{"normalized_discounted_cumulative_gain":0.9}}}})");
  ASSERT_EQ(monitor.signals.size(), 2U);
  EXPECT_EQ(monitor.signals[1].type, SignalType::not_computed);
  EXPECT_EQ(monitor.warnings(), std::vector<std::string>{
                                    "signal 'b' is skipped: feature_attribution_drift is not computed by this server"});
}

TEST(MonitorWindows, DefaultsRollingAndFixed) {
  const RunTimes run{at("2026-03-10T00:00:00Z"), hours(24)};
  const auto production = production_window({}, run);
  EXPECT_EQ(production.start, at("2026-03-09T00:00:00Z"));
  EXPECT_EQ(production.end, run.at);
  EXPECT_TRUE(production.contains(production.start));
  EXPECT_FALSE(production.contains(production.end));
  const auto reference = reference_window({}, run, production);
  EXPECT_EQ(reference.end, production.start);
  EXPECT_EQ(reference.start, at("2026-03-02T00:00:00Z"));
  DataWindow rolling;
  rolling.size = hours(48);
  rolling.offset = hours(24);
  EXPECT_EQ(production_window(rolling, run).start, at("2026-03-07T00:00:00Z"));
  EXPECT_EQ(production_window(rolling, run).end, at("2026-03-09T00:00:00Z"));
  EXPECT_EQ(reference_window(rolling, run, production).start, at("2026-03-07T00:00:00Z"));
  DataWindow fixed;
  fixed.fixed = TimeWindow{at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")};
  EXPECT_EQ(production_window(fixed, run).start, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(reference_window(fixed, run, production).end, at("2026-02-01T00:00:00Z"));
}

}  // namespace
}  // namespace ciclo::monitoring
