#include "monitoring/signals/alert_rule.hpp"

#include <fmt/format.h>

namespace ciclo::monitoring::signals {

AlertRule rule_for(Metric metric, double threshold) {
  return {metric, direction_of(metric), threshold};
}

std::vector<AlertRule> default_drift_rules(FeatureType type) {
  const Metric metric =
      type == FeatureType::numerical ? Metric::normalized_wasserstein_distance : Metric::jensen_shannon_distance;
  return {rule_for(metric, 0.1)};
}

std::vector<AlertRule> default_quality_rules() {
  return {rule_for(Metric::null_value_rate, 0.0), rule_for(Metric::data_type_error_rate, 0.0),
          rule_for(Metric::out_of_bounds_rate, 0.0)};
}

AlertDecision decide(const AlertRule& rule, const Score& score) {
  if (!score.value) return {false, fmt::format("{} was not computed: {}", name_of(rule.metric), score.reason)};
  const bool breached =
      rule.direction == Direction::above ? *score.value > rule.threshold : *score.value < rule.threshold;
  return {breached, fmt::format("{} {:.6g} is {}{} {:.6g}", name_of(rule.metric), *score.value, breached ? "" : "not ",
                                name_of(rule.direction), rule.threshold)};
}

}  // namespace ciclo::monitoring::signals
