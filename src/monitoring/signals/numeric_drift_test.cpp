#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "monitoring/signals/drift.hpp"
#include "monitoring/signals/generated_columns.hpp"

namespace ciclo::monitoring::signals {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

double value_of(Metric metric, const Values& reference, const Values& production) {
  const Score score = drift(metric, reference, production);
  EXPECT_TRUE(score.value.has_value()) << name_of(metric) << ": " << score.reason;
  return score.value.value_or(kNaN);
}

constexpr auto kJsd = Metric::jensen_shannon_distance;
constexpr auto kPsi = Metric::population_stability_index;
constexpr auto kWasserstein = Metric::normalized_wasserstein_distance;
constexpr auto kKs = Metric::two_sample_kolmogorov_smirnov_test;

// Reference 0,0,0,1 and production 0,1,1,1: n = 4 on both sides, so k = ⌈log2 4 + 1⌉ = 3 bins [0,⅓) [⅓,⅔) [⅔,1];
// P = (¾, 0, ¼), Q = (¼, 0, ¾), M = (½, 0, ½): JSD² = ¾·log2(3/2) + ¼·log2(1/2) = 0.188722.
// PSI with Laplace: p = (4/7, 1/7, 2/7), q mirrored: (2/7)·ln 2 · 2 = 0.396084. D = ½. W1 = ½, s = ½, so 1.
TEST(NumericDrift, ByHand) {
  const Values reference{0, 0, 0, 1};
  const Values production{0, 1, 1, 1};
  EXPECT_NEAR(value_of(kJsd, reference, production), std::sqrt(0.18872187554086717), 1e-12);
  EXPECT_NEAR(value_of(kPsi, reference, production), 4.0 / 7.0 * std::log(2.0), 1e-12);
  EXPECT_NEAR(value_of(kWasserstein, reference, production), 1.0, 1e-12);
  const Score ks = drift(kKs, reference, production);
  EXPECT_NEAR(ks.statistic.value_or(0), 0.5, 1e-12);
  EXPECT_EQ(ks.method, "exact");
}

struct Published {
  const char* name;
  Values reference;
  Values production;
  std::int64_t bins;
  double jsd, psi, wasserstein, distance, p_value;
};

// numpy.histogram, scipy.spatial.distance.jensenshannon(base=2), scipy.stats.wasserstein_distance and ks_2samp
// (SciPy 1.17.1) on the same inputs.
std::vector<Published> small_tables() {
  return {
      {"tiny",
       {1, 2, 3, 4, 5},
       {2, 3, 4, 5, 6, 7},
       4,
       0.45349246967462337,
       0.26157766894062034,
       0.9486832980505138,
       0.3333333333333333,
       0.8181818181818182},
      {"drift", generate({1, 500}), generate({2, 400, 0.25, 1.1}), 10, 0.1583541073665825, 0.12709346242287217,
       0.22785330795545927, 0.1115, 0.00736752626636002},
      {"same", generate({1, 500}), generate({3, 400}), 10, 0.08179315390660119, 0.031341159818144976,
       0.08902537251354296, 0.052, 0.567438890852233},
  };
}

TEST(NumericDrift, KeptValuesAgreeWithScipy) {
  for (const auto& table : small_tables()) {
    SCOPED_TRACE(table.name);
    EXPECT_EQ(drift(kJsd, table.reference, table.production).bins, table.bins);
    EXPECT_NEAR(value_of(kJsd, table.reference, table.production), table.jsd, 1e-9);
    EXPECT_NEAR(value_of(kPsi, table.reference, table.production), table.psi, 1e-9);
    EXPECT_NEAR(value_of(kWasserstein, table.reference, table.production), table.wasserstein, 1e-9);
    const Score ks = drift(kKs, table.reference, table.production);
    EXPECT_NEAR(ks.statistic.value_or(0), table.distance, 1e-12);
    EXPECT_NEAR(ks.value.value_or(0), table.p_value, 1e-9);
  }
}

std::vector<Published> large_tables() {
  const auto base = generate({7, 60'000});
  const auto near = generate({8, 50'000, 0.02});
  const auto far = generate({9, 50'000, 0.5, 1.3});
  const auto tail = [](double v) { return std::exp(3 * v); };
  const auto whole = [](double v) { return std::floor(2 * v); };
  const auto offset = [](double v) { return v + 1e9; };
  return {
      {"near", base, near, 17, 0.017026080197560762, 0.00159576579854942, 0.03262045054717695, 0.014133333333333331,
       3.67161213908927e-05},
      {"far", base, far, 17, 0.23622601812757088, 0.3547944668487465, 0.5268958308377536, 0.2019333333333333, 0.0},
      {"heavy tail", map_values(base, tail), map_values(far, tail), 17, 0.012649840688784756, 0.0006256568363098614,
       3.499243390867811, 0.2019333333333333, 0.0},
      {"integers", map_values(base, whole), map_values(far, whole), 17, 0.23438090843223838, 0.34711951076560205,
       0.5218142449561117, 0.19752999999999998, 0.0},
      {"far from zero", map_values(base, offset), map_values(far, offset), 17, 0.23622601812757088, 0.3547944668487465,
       0.5268958308427785, 0.2019333333333333, 0.0},
  };
}

// Above 10,000 rows the summaries hold buckets; the published tools fail on the p value there.
TEST(NumericDrift, BucketsAgreeWithScipyOnLargeColumns) {
  for (const auto& table : large_tables()) {
    SCOPED_TRACE(table.name);
    const Score jsd = drift(kJsd, table.reference, table.production);
    EXPECT_EQ(jsd.bins, table.bins);
    EXPECT_NEAR(jsd.value.value_or(kNaN), table.jsd, 0.002);
    EXPECT_NEAR(value_of(kPsi, table.reference, table.production), table.psi, 0.002);
    const Score wasserstein = drift(kWasserstein, table.reference, table.production);
    EXPECT_NEAR(wasserstein.value.value_or(kNaN), table.wasserstein, wasserstein.error_bound + 1e-9);
    EXPECT_LT(wasserstein.error_bound, 0.002);
    const Score ks = drift(kKs, table.reference, table.production);
    EXPECT_EQ(ks.method, "asymptotic");
    EXPECT_NEAR(ks.statistic.value_or(kNaN), table.distance, 1e-3);
    EXPECT_NEAR(ks.value.value_or(kNaN), table.p_value, 1e-5);
  }
}

TEST(NumericDrift, DistancesAreSymmetricButForTheScale) {
  const auto a = generate({1, 20'000});
  const auto b = generate({2, 15'000, 0.3});
  const auto layout = BucketLayout::around(a);
  const auto left = summarise(a, layout);
  const auto right = summarise(b, layout);
  EXPECT_DOUBLE_EQ(*jensen_shannon_distance(left, right).value, *jensen_shannon_distance(right, left).value);
  EXPECT_NEAR(*population_stability_index(left, right).value, *population_stability_index(right, left).value, 1e-12);
  EXPECT_DOUBLE_EQ(*two_sample_kolmogorov_smirnov_test(left, right).value,
                   *two_sample_kolmogorov_smirnov_test(right, left).value);
  EXPECT_NEAR(*normalized_wasserstein_distance(left, right).value * left.sample_standard_deviation(),
              *normalized_wasserstein_distance(right, left).value * right.sample_standard_deviation(), 1e-9);
}

TEST(NumericDrift, EqualColumnsHaveNoDistance) {
  for (const std::size_t size : {100U, 30'000U}) {
    const auto column = generate({5, size});
    EXPECT_EQ(value_of(kJsd, column, column), 0.0);
    EXPECT_EQ(value_of(kPsi, column, column), 0.0);
    EXPECT_NEAR(value_of(kWasserstein, column, column), 0.0, 1e-12);
    EXPECT_EQ(value_of(kKs, column, column), 1.0);
  }
}

TEST(NumericDrift, ConstantColumns) {
  const Values fives(20, 5.0);
  const Values sixes(30, 6.0);
  EXPECT_EQ(value_of(kJsd, fives, fives), 0.0);
  EXPECT_EQ(drift(kJsd, fives, fives).bins, 1);
  EXPECT_DOUBLE_EQ(value_of(kJsd, fives, sixes), 1.0);                   // base 2 ends at 1
  EXPECT_NEAR(value_of(kWasserstein, fives, sixes), 1.0 / 0.001, 1e-6);  // the least deviation is 0.001
  EXPECT_LT(value_of(kKs, fives, sixes), 1e-10);
}

TEST(NumericDrift, ProductionFarOutsideTheReferenceIsMeasuredExactly) {
  const auto reference = generate({1, 20'000});
  const auto production = generate({1, 20'000, 1e6});
  const Score score = drift(kWasserstein, reference, production);
  const double deviation = summarise(reference).sample_standard_deviation();
  EXPECT_NEAR(score.value.value_or(kNaN), 1e6 / deviation, 1e-3);
}

TEST(NumericDrift, MissingAndInfiniteValuesAreLeftOutOfTheirOwnColumnOnly) {
  auto reference = generate({1, 500});
  auto production = generate({2, 400, 0.25, 1.1});
  for (const auto metric : {kJsd, kPsi, kWasserstein, kKs}) {
    const double plain = value_of(metric, reference, production);
    auto holes = production;
    holes.insert(holes.begin(), {kNaN, kInfinity, kNaN});
    holes.push_back(-kInfinity);
    const Score score = drift(metric, reference, holes);
    EXPECT_DOUBLE_EQ(score.value.value_or(kNaN), plain);
    EXPECT_EQ(score.production_count, 400);
  }
}

TEST(NumericDrift, NothingToCompareGivesAReasonAndNoValue) {
  const Values empty;
  const Values missing(10, kNaN);
  const Values some{1, 2, 3};
  for (const auto metric : {kJsd, kPsi, kWasserstein, kKs}) {
    EXPECT_EQ(drift(metric, empty, some).reason, "the reference has no values");
    EXPECT_EQ(drift(metric, some, missing).reason, "production has no values");
    EXPECT_FALSE(drift(metric, missing, missing).value);
  }
  EXPECT_EQ(drift(Metric::pearsons_chi_squared_test, some, some).reason,
            "this metric is not defined for numerical columns");
}

TEST(NumericDrift, HugeValuesDoNotOverflowIntoNonsense) {
  constexpr double kMax = std::numeric_limits<double>::max();
  for (const auto metric : {kJsd, kPsi, kWasserstein, kKs}) {
    const Score score = drift(metric, Values{-kMax, 0, kMax}, Values{-kMax, kMax, kMax, 1});
    EXPECT_TRUE(!score.value || std::isfinite(*score.value)) << name_of(metric);
  }
}

TEST(NumericDrift, SummariesOfDifferentBucketsAreNotCompared) {
  const auto a = summarise(generate({1, 20'000}));
  const auto b = summarise(generate({1, 20'000, 5.0}));
  EXPECT_EQ(jensen_shannon_distance(a, b).reason, "the two summaries were made with different buckets");
}

}  // namespace
}  // namespace ciclo::monitoring::signals
