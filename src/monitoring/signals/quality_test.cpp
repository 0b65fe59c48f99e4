#include "monitoring/signals/quality.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ciclo::monitoring::signals {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(DataQuality, NumericRates) {
  const auto reference = summarise(std::vector<double>{0, 10, 5});
  const std::vector<double> window{1, kNaN, 11, -0.5, kInfinity, 10, 0, kNaN};
  EXPECT_DOUBLE_EQ(null_value_rate(window).value.value_or(-1), 2.0 / 8.0);
  EXPECT_DOUBLE_EQ(out_of_bounds_rate(reference, window).value.value_or(-1), 3.0 / 8.0);
}

TEST(DataQuality, CategoricalRates) {
  CategoryEncoder before;
  for (const auto* value : {"sun", "rain"}) before.add(value);
  CategoryEncoder now;
  for (const auto* value : {"sun", "hail", "rain", "hail"}) now.add(value);
  now.add_missing();
  EXPECT_DOUBLE_EQ(out_of_bounds_rate(summarise(before.column()), now.column()).value.value_or(-1), 0.4);
  EXPECT_DOUBLE_EQ(null_value_rate(now.column()).value.value_or(-1), 0.2);
}

TEST(DataQuality, TypeErrors) {
  using enum ValueType;
  const std::vector<ValueType> seen{integer, number, text, missing, boolean};
  EXPECT_DOUBLE_EQ(data_type_error_rate(seen, number).value.value_or(-1), 0.4);
  EXPECT_DOUBLE_EQ(data_type_error_rate(seen, integer).value.value_or(-1), 0.6);
  EXPECT_DOUBLE_EQ(data_type_error_rate(seen, text).value.value_or(-1), 0.6);
}

TEST(DataQuality, EmptyWindowsHaveNoRate) {
  EXPECT_EQ(null_value_rate(std::vector<double>{}).reason, "production has no rows");
  EXPECT_FALSE(out_of_bounds_rate(QualityCounts{}).value);
  EXPECT_EQ(out_of_bounds_rate(summarise(std::vector<double>{}), std::vector<double>{1}).reason,
            "the reference has no values");
}

TEST(DataQuality, ACutOffReferenceHasNoBounds) {
  CategoricalSummary reference;
  reference.count = 2;
  reference.others = 1;
  EXPECT_FALSE(out_of_bounds_rate(reference, CategoricalColumn{}).value);
}

}  // namespace
}  // namespace ciclo::monitoring::signals
