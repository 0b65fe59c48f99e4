// Should a candidate be deployed? A pure function of what was measured.
//
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"

namespace ciclo::learning {

struct VerdictInput {
  std::string metric;
  double candidate = 0.0;
  double candidate_accuracy = 0.0;
  double baseline_accuracy = 0.0;  // of always answering the most frequent class
  std::optional<double> champion;  // the same metric of the model in use; nothing when there is none
  double minimum_gain = 0.0;
  std::optional<double> threshold;
};

struct Verdict {
  bool deploy = false;
  std::string reason;  // one sentence
};

// Whether a larger value of the metric is better; invalid for a metric that is none of those evaluate offers.
Result<bool> higher_is_better(const std::string& metric);
// A tie with the champion at minimum_gain 0 does not deploy: there is nothing to win.
Verdict judge(const VerdictInput& input, bool higher);

}  // namespace ciclo::learning
