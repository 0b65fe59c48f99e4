#include "monitoring/signals/metric.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::monitoring::signals {
namespace {

struct Description {
  Metric metric;
  std::string_view name;
  std::string_view alias;
  Direction direction;
  bool numerical;
  bool categorical;
};

constexpr std::array kMetrics{
    Description{Metric::jensen_shannon_distance, "jensen_shannon_distance", "", Direction::above, true, true},
    Description{Metric::normalized_wasserstein_distance, "normalized_wasserstein_distance", "", Direction::above, true,
                false},
    Description{Metric::population_stability_index, "population_stability_index", "", Direction::above, true, true},
    Description{Metric::two_sample_kolmogorov_smirnov_test, "two_sample_kolmogorov_smirnov_test", "", Direction::below,
                true, false},
    Description{Metric::pearsons_chi_squared_test, "pearsons_chi_squared_test", "chi_squared_test", Direction::below,
                false, true},
    Description{Metric::null_value_rate, "null_value_rate", "", Direction::above, true, true},
    Description{Metric::data_type_error_rate, "data_type_error_rate", "", Direction::above, true, true},
    Description{Metric::out_of_bounds_rate, "out_of_bounds_rate", "out_of_bound_rate", Direction::above, true, true},
};

const Description& describe(Metric metric) {
  return kMetrics[static_cast<std::size_t>(metric)];
}

}  // namespace

std::string_view name_of(Metric metric) {
  return describe(metric).name;
}

std::string_view name_of(FeatureType type) {
  return type == FeatureType::numerical ? "numerical" : "categorical";
}

std::string_view name_of(Direction direction) {
  return direction == Direction::above ? "above" : "below";
}

std::optional<Metric> parse_metric(std::string_view name) {
  const auto found = std::ranges::find_if(kMetrics, [&](const Description& description) {
    return iequals(description.name, name) || (!description.alias.empty() && iequals(description.alias, name));
  });
  if (found == kMetrics.end()) return std::nullopt;
  return found->metric;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& description : kMetrics) {
    names.emplace_back(description.name);
    if (!description.alias.empty()) names.emplace_back(description.alias);
  }
  return names;
}

Direction direction_of(Metric metric) {
  return describe(metric).direction;
}

bool applies_to(Metric metric, FeatureType type) {
  return type == FeatureType::numerical ? describe(metric).numerical : describe(metric).categorical;
}

Json to_json(const Score& score) {
  Json json = Json::object();
  json["metric"] = name_of(score.metric);
  json["value"] = score.value ? Json(*score.value) : Json(nullptr);
  if (!score.reason.empty()) json["reason"] = score.reason;
  if (!score.method.empty()) json["method"] = score.method;
  if (score.bins > 0) json["bins"] = score.bins;
  if (!score.base.empty()) json["base"] = score.base;
  if (score.statistic) json["statistic"] = *score.statistic;
  if (score.degrees_of_freedom) json["degrees_of_freedom"] = *score.degrees_of_freedom;
  if (score.error_bound > 0.0) json["error_bound"] = score.error_bound;
  json["reference_count"] = score.reference_count;
  json["production_count"] = score.production_count;
  return json;
}

}  // namespace ciclo::monitoring::signals
