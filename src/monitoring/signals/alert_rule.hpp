// When a score is worth an alert.
//
// A threshold may be any finite number, 0 included: with the rates' default of 0 one bad value alerts, and a score
// equal to its threshold does not. Distances and rates alert above, p values below (direction_of).
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "monitoring/signals/metric.hpp"

namespace ciclo::monitoring::signals {

struct AlertRule {
  Metric metric = Metric::jensen_shannon_distance;
  Direction direction = Direction::above;
  double threshold = 0.0;
};

// The rule for a metric at a threshold, on the metric's own side.
AlertRule rule_for(Metric metric, double threshold);

// What a signal compares when its YAML names no thresholds: the defaults of Azure ML's SDK (Wasserstein 0.1 for
// numerical and Jensen-Shannon 0.1 for categorical columns; 0 for each rate).
std::vector<AlertRule> default_drift_rules(FeatureType type);
std::vector<AlertRule> default_quality_rules();

struct AlertDecision {
  bool breached = false;
  // "normalized_wasserstein_distance 0.43 is above 0.1", or why there is nothing to decide.
  std::string explanation;
};

// A score without value is never breached.
AlertDecision decide(const AlertRule& rule, const Score& score);

}  // namespace ciclo::monitoring::signals
