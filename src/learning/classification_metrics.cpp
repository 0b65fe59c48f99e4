#include "learning/classification_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ciclo::learning {
namespace {

constexpr int calibration_bins = 15;
constexpr double smallest_probability = 1e-15;

struct Bin {
  double confidence = 0.0;
  double correct = 0.0;
};

double macro_f1_of(const std::vector<std::vector<std::int64_t>>& confusion, std::size_t classes) {
  double sum = 0.0;
  int present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    std::int64_t row = 0;
    std::int64_t column = 0;
    for (std::size_t k = 0; k < classes; ++k) row += confusion[c][k];
    for (const auto& counts : confusion) column += counts[c];
    if (row + column == 0) continue;
    ++present;
    sum += 2.0 * static_cast<double>(confusion[c][c]) / static_cast<double>(row + column);
  }
  return present == 0 ? 0.0 : sum / present;
}

void finish(ClassificationMetrics& metrics, std::size_t classes) {
  std::int64_t most = 0;
  for (std::size_t c = 0; c <= classes; ++c) {
    std::int64_t row = 0;
    for (const std::int64_t count : metrics.confusion[c]) row += count;
    most = std::max(most, row);
    if (c < classes) {
      metrics.recall.push_back(row == 0 ? std::numeric_limits<double>::quiet_NaN()
                                        : static_cast<double>(metrics.confusion[c][c]) / static_cast<double>(row));
    }
  }
  metrics.baseline_accuracy = static_cast<double>(most) / static_cast<double>(metrics.rows);
  metrics.macro_f1 = macro_f1_of(metrics.confusion, classes);
}

}  // namespace

ClassificationMetrics measure(const Matrix& probabilities, const std::vector<int>& truth) {
  const auto classes = static_cast<std::size_t>(probabilities.cols());
  ClassificationMetrics metrics;
  metrics.rows = truth.size();
  metrics.confusion.assign(classes + 1, std::vector<std::int64_t>(classes, 0));
  std::vector<Bin> bins(calibration_bins);
  const double share = 1.0 / static_cast<double>(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = probabilities.row(static_cast<Eigen::Index>(i));
    Eigen::Index best = 0;
    const double confidence = row.maxCoeff(&best);
    const bool correct = truth[i] == static_cast<int>(best);
    const double likelihood = truth[i] < 0 ? 0.0 : row(truth[i]);
    metrics.log_loss -= share * std::log(std::clamp(likelihood, smallest_probability, 1.0));
    metrics.accuracy += correct ? 1.0 : 0.0;
    metrics.confusion[truth[i] < 0 ? classes : static_cast<std::size_t>(truth[i])][static_cast<std::size_t>(best)] += 1;
    // Bins are (lower, upper].
    const int bin = std::clamp(static_cast<int>(std::ceil(confidence * calibration_bins)) - 1, 0, calibration_bins - 1);
    bins[static_cast<std::size_t>(bin)].confidence += share * confidence;
    bins[static_cast<std::size_t>(bin)].correct += correct ? share : 0.0;
  }
  for (const Bin& bin : bins) metrics.calibration_error += std::abs(bin.correct - bin.confidence);
  metrics.accuracy *= share;
  finish(metrics, classes);
  return metrics;
}

namespace {

// MLflow's metric names hold letters, digits, '_', '-', '.', ' ' and '/'.
std::string metric_name(std::string text) {
  for (char& c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("_-. /").find(c) != std::string_view::npos;
    if (!allowed) c = '_';
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, double>> named(const ClassificationMetrics& metrics,
                                                  const std::vector<std::string>& labels) {
  std::vector<std::pair<std::string, double>> values = {
      {"accuracy", metrics.accuracy},
      {"log_loss", metrics.log_loss},
      {"macro_f1", metrics.macro_f1},
      {"expected_calibration_error", metrics.calibration_error},
      {"baseline_accuracy", metrics.baseline_accuracy},
      {"baseline_gain", metrics.accuracy - metrics.baseline_accuracy},
  };
  for (std::size_t c = 0; c < labels.size(); ++c) {
    if (!std::isnan(metrics.recall[c])) values.emplace_back(metric_name("recall_" + labels[c]), metrics.recall[c]);
  }
  return values;
}

Json confusion_json(const ClassificationMetrics& metrics, const std::vector<std::string>& labels) {
  const auto& unknown = metrics.confusion.back();
  Json json = {{"labels", labels}, {"true_by_predicted", Json::array()}};
  for (std::size_t c = 0; c < labels.size(); ++c) json["true_by_predicted"].push_back(metrics.confusion[c]);
  if (std::any_of(unknown.begin(), unknown.end(), [](std::int64_t n) { return n > 0; }))
    json["unknown_class_by_predicted"] = unknown;
  return json;
}

}  // namespace ciclo::learning
