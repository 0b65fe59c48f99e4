// The metrics of a monitoring signal: their names as Azure ML's monitor YAML writes them, when each alerts, and the
// score that a computation yields.
//
// A score says how it was computed (method, bins, base, rows on both sides), because the same name stands for
// different numbers in different tools: a Jensen-Shannon distance in base 2 ends at 1, in natural units at 0.83.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ciclo::monitoring::signals {

enum class Metric : std::uint8_t {
  jensen_shannon_distance,
  normalized_wasserstein_distance,
  population_stability_index,
  two_sample_kolmogorov_smirnov_test,
  pearsons_chi_squared_test,
  null_value_rate,
  data_type_error_rate,
  out_of_bounds_rate,
};

enum class FeatureType : std::uint8_t { numerical, categorical };

// Whether a value past the threshold on this side is worth an alert. The p values of the two tests alert when they are
// small; distances and rates when they are large.
enum class Direction : std::uint8_t { above, below };

std::string_view name_of(Metric metric);
std::string_view name_of(FeatureType type);
std::string_view name_of(Direction direction);
// Takes the names of name_of() and Azure ML's aliases (chi_squared_test, out_of_bound_rate), in any case. Nothing else.
std::optional<Metric> parse_metric(std::string_view name);
// Every name that parse_metric() knows, for "did you mean".
std::vector<std::string> metric_names();
Direction direction_of(Metric metric);
// Whether the metric is defined for columns of this type: Wasserstein and Kolmogorov-Smirnov need an order,
// chi-squared needs categories.
bool applies_to(Metric metric, FeatureType type);

struct Score {
  Metric metric = Metric::jensen_shannon_distance;
  // Nothing when it cannot be computed; then `reason` says why. A score without a value raises no alert.
  std::optional<double> value;
  std::string reason;
  std::string method;               // "equal width over both, Sturges", "exact", "asymptotic" …
  std::int64_t bins = 0;            // bins or categories; 0 where the metric uses none
  std::string base;                 // "2" for the Jensen-Shannon distance; "e" for the stability index; else empty
  std::optional<double> statistic;  // the test's statistic, where `value` is its p value
  std::optional<std::int64_t> degrees_of_freedom;
  // How far the value can be from that of the raw columns, because a summary was used. 0: exact.
  double error_bound = 0.0;
  std::int64_t reference_count = 0;   // values used, missing ones left out
  std::int64_t production_count = 0;  // for the rates: all rows
};

// The form in results, events and metric rows. Absent members are left out; a value that was not computed is null.
Json to_json(const Score& score);

}  // namespace ciclo::monitoring::signals
