// How good predicted class probabilities are.
//
//  accuracy            share of rows whose most probable class (the first of equals) is the true one
//  log_loss            mean of −ln P(true class), probabilities clipped to [1e-15, 1]
//  macro_f1            mean over the classes that occur in truth or prediction of 2·TP / (2·TP + FP + FN)
//  recall              of each class, TP / (TP + FN); NaN for one without rows
//  calibration error   expected calibration error over 15 equal-width bins of the largest probability (Guo et al.,
//                      On Calibration of Modern Neural Networks, 2017): Σ_b n_b / n · |accuracy_b − confidence_b|
//  baseline accuracy   of always answering the most frequent true class; gain = accuracy − that
//
// A true class of −1 (one the model does not know) counts as wrong, in log_loss with probability 0.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "learning/softmax_regression.hpp"

namespace ciclo::learning {

struct ClassificationMetrics {
  std::size_t rows = 0;
  double accuracy = 0.0;
  double log_loss = 0.0;
  double macro_f1 = 0.0;
  double calibration_error = 0.0;
  double baseline_accuracy = 0.0;
  std::vector<double> recall;                        // by class
  std::vector<std::vector<std::int64_t>> confusion;  // [true class][predicted class]; a last row for unknown classes
};

// `probabilities`: rows × classes; at least one row.
ClassificationMetrics measure(const Matrix& probabilities, const std::vector<int>& truth);

// {"accuracy", "log_loss", "macro_f1", "expected_calibration_error", "baseline_accuracy", "baseline_gain",
//  "recall_<label>"…}: the numbers as they are logged.
std::vector<std::pair<std::string, double>> named(const ClassificationMetrics& metrics,
                                                  const std::vector<std::string>& labels);
Json confusion_json(const ClassificationMetrics& metrics, const std::vector<std::string>& labels);

}  // namespace ciclo::learning
