#include "learning/verdict.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::learning {

Result<bool> higher_is_better(const std::string& metric) {
  if (metric == "accuracy" || metric == "macro_f1" || metric == "baseline_gain") return true;
  if (metric == "log_loss" || metric == "expected_calibration_error") return false;
  return fail(ErrorCode::invalid, "there is no such metric", metric,
              "accuracy, macro_f1, baseline_gain, log_loss and expected_calibration_error can be compared");
}

Verdict judge(const VerdictInput& input, bool higher) {
  const double sign = higher ? 1.0 : -1.0;
  if (input.threshold && sign * input.candidate < sign * *input.threshold) {
    return {false, fmt::format("{} {:.4f} does not reach the threshold {:.4f}", input.metric, input.candidate,
                               *input.threshold)};
  }
  if (!input.threshold && input.candidate_accuracy <= input.baseline_accuracy) {
    return {false, fmt::format("accuracy {:.4f} does not beat always answering the most frequent class, {:.4f}",
                               input.candidate_accuracy, input.baseline_accuracy)};
  }
  if (!input.champion) return {true, fmt::format("{} {:.4f}, and there is no champion", input.metric, input.candidate)};
  const double gain = sign * (input.candidate - *input.champion);
  const bool better = gain > 0.0 && gain >= input.minimum_gain;
  return {better, fmt::format("{} {:.4f} {} the champion's {:.4f}{}", input.metric, input.candidate,
                              better ? "beats" : "does not beat", *input.champion,
                              input.minimum_gain > 0 ? fmt::format(" by {:.4f}", input.minimum_gain) : "")};
}

}  // namespace ciclo::learning
