#include "learning/classification_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace ciclo::learning {
namespace {

std::map<std::string, double> measured(const Matrix& probabilities, const std::vector<int>& truth,
                                       const std::vector<std::string>& labels) {
  const auto values = named(measure(probabilities, truth), labels);
  return {values.begin(), values.end()};
}

// By hand. Predictions: a, a, b, b; truth: a, b, b, b.
//  accuracy 3/4; log loss −(ln .8 + ln .4 + ln .7 + ln .9)/4; F1(a) = 2·1/(2·1+1+0) = 2/3, F1(b) = 2·2/(2·2+0+1) = 4/5;
//  bins of 1/15: .6 in (.533,.6], .7 in (.667,.733], .8 in (.733,.8], .9 in (.867,.933]:
//  (|0 − .6| + |1 − .7| + |1 − .8| + |1 − .9|)/4 = .3
TEST(ClassificationMetrics, MatchHandComputedNumbers) {
  Matrix probabilities(4, 2);
  probabilities << 0.8, 0.2, 0.6, 0.4, 0.3, 0.7, 0.1, 0.9;
  const auto values = measured(probabilities, {0, 1, 1, 1}, {"a", "b"});
  EXPECT_DOUBLE_EQ(values.at("accuracy"), 0.75);
  EXPECT_NEAR(values.at("log_loss"), -(std::log(0.8) + std::log(0.4) + std::log(0.7) + std::log(0.9)) / 4, 1e-12);
  EXPECT_NEAR(values.at("macro_f1"), (2.0 / 3 + 4.0 / 5) / 2, 1e-12);
  EXPECT_NEAR(values.at("expected_calibration_error"), 0.3, 1e-12);
  EXPECT_DOUBLE_EQ(values.at("baseline_accuracy"), 0.75);
  EXPECT_DOUBLE_EQ(values.at("baseline_gain"), 0.0);
  EXPECT_DOUBLE_EQ(values.at("recall_a"), 1.0);
  EXPECT_NEAR(values.at("recall_b"), 2.0 / 3, 1e-12);
}

TEST(ClassificationMetrics, AnUnknownClassIsWrongAndCertaintyStaysFinite) {
  Matrix probabilities(2, 2);
  probabilities << 1.0, 0.0, 1.0, 0.0;
  const ClassificationMetrics metrics = measure(probabilities, {-1, 1});
  EXPECT_DOUBLE_EQ(metrics.accuracy, 0.0);
  EXPECT_NEAR(metrics.log_loss, -std::log(1e-15), 1e-9);
  const Json confusion = confusion_json(metrics, {"a", "b"});
  EXPECT_EQ(confusion["true_by_predicted"], Json::parse("[[0,0],[1,0]]"));
  EXPECT_EQ(confusion["unknown_class_by_predicted"], Json::parse("[1,0]"));
}

TEST(ClassificationMetrics, NamesAreFitForMlflow) {
  Matrix probabilities(2, 2);
  probabilities << 0.9, 0.1, 0.2, 0.8;
  const auto values = measured(probabilities, {0, 1}, {"a:b\"", "c/d e"});
  EXPECT_TRUE(values.contains("recall_a_b_"));
  EXPECT_TRUE(values.contains("recall_c/d e"));
}

}  // namespace
}  // namespace ciclo::learning
