#include "monitoring/signals/numeric_summary.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "monitoring/signals/drift.hpp"
#include "monitoring/signals/generated_columns.hpp"

namespace ciclo::monitoring::signals {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(NumericSummary, CountsAndMoments) {
  const std::vector<double> values{4, kNaN, 2, kInfinity, 9, 5, kNaN};
  const auto summary = summarise(values);
  EXPECT_EQ(summary.rows, 7);
  EXPECT_EQ(summary.missing, 2);
  EXPECT_EQ(summary.infinite, 1);
  EXPECT_EQ(summary.count, 4);
  EXPECT_EQ(summary.minimum, 2);
  EXPECT_EQ(summary.maximum, 9);
  EXPECT_DOUBLE_EQ(summary.mean, 5.0);
  EXPECT_NEAR(summary.variance, (1 + 9 + 16 + 0) / 4.0, 1e-12);
  EXPECT_NEAR(summary.sample_standard_deviation(), std::sqrt(26.0 / 3.0), 1e-12);
  EXPECT_TRUE(summary.all_integers);
  EXPECT_FALSE(summarise(std::vector<double>{1, 2.5}).all_integers);
}

// numpy's mean and std(ddof=1) of the same column.
TEST(NumericSummary, MomentsHoldFarFromZero) {
  const auto base = generate({7, 60'000});
  const auto near_zero = summarise(base);
  EXPECT_NEAR(near_zero.mean, -0.006925694281921453, 1e-12);
  EXPECT_NEAR(near_zero.sample_standard_deviation(), 1.0011476984953005, 1e-12);
  const auto far = summarise(map_values(base, [](double v) { return v + 1e9; }));
  EXPECT_NEAR(far.sample_standard_deviation(), 1.001147698466456, 1e-9);
}

TEST(NumericSummary, BucketsCoverEveryDouble) {
  BucketLayout layout;
  layout.low = -1.0;
  layout.high = 3.0;
  for (const double value :
       {-1.7e308, -1e300, -100.0, -1.0001, -1.0, 0.0, 1.0, 2.9999, 3.0, 3.0001, 7.0, 1e9, 1.7e308}) {
    const auto index = layout.bucket_of(value);
    ASSERT_LT(index, BucketLayout::kBuckets);
    EXPECT_LE(layout.edge(index), value);
    EXPECT_GE(layout.edge(index + 1), value);
  }
  for (std::size_t i = 0; i < BucketLayout::kBuckets; ++i) EXPECT_LT(layout.edge(i), layout.edge(i + 1));
}

TEST(NumericSummary, EmptyAndConstantColumns) {
  const auto empty = summarise(std::vector<double>{});
  EXPECT_EQ(empty.rows, 0);
  EXPECT_TRUE(empty.keeps_values());
  const auto constant = summarise(std::vector<double>(20'000, 1e12));
  EXPECT_EQ(constant.variance, 0.0);
  EXPECT_EQ(constant.minimum, 1e12);
  EXPECT_DOUBLE_EQ(constant.mean, 1e12);
}

TEST(NumericSummary, StoredFormIsReadBackEqual) {
  for (const std::size_t size : {0U, 50U, 20'000U}) {
    const auto column = generate({3, size, 2.0});
    const auto summary = summarise(column);
    const auto text = to_text(to_json(summary));
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed.has_value());
    const auto read = numeric_summary_from_json(*parsed);
    ASSERT_TRUE(read.has_value()) << read.error().text();
    EXPECT_EQ(to_text(to_json(*read)), text);
    const auto production = summarise(generate({4, 300}), summary.layout);
    EXPECT_EQ(normalized_wasserstein_distance(summary, production).value,
              normalized_wasserstein_distance(*read, production).value);
  }
}

TEST(NumericSummary, MalformedStoredFormsAreRefused) {
  const Json good = to_json(summarise(generate({3, 20'000})));
  ASSERT_TRUE(numeric_summary_from_json(good).has_value());
  const auto refused = [&](const char* pointer, Json value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = std::move(value);
    return !numeric_summary_from_json(bad).has_value();
  };
  EXPECT_TRUE(refused("/type", "categorical"));
  EXPECT_TRUE(refused("/count", 19'999));
  EXPECT_TRUE(refused("/rows", -1));
  EXPECT_TRUE(refused("/low", 1e9));
  EXPECT_TRUE(refused("/minimum", "x"));
  EXPECT_TRUE(refused("/minimum", 1e9));
  EXPECT_TRUE(refused("/buckets", 3));
  EXPECT_TRUE(refused("/buckets/0/0", 1'000'000));
  EXPECT_TRUE(refused("/buckets/0/1", -4));
  EXPECT_TRUE(refused("/buckets/0", Json::array({1, 2})));
  EXPECT_TRUE(refused("/values", Json::array({1, 2})));
  EXPECT_FALSE(numeric_summary_from_json(Json(nullptr)).has_value());
}

}  // namespace
}  // namespace ciclo::monitoring::signals
