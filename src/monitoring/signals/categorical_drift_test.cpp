#include <gtest/gtest.h>

#include <cmath>

#include "monitoring/signals/drift.hpp"

namespace ciclo::monitoring::signals {
namespace {

// One value of category "a", "b", … for each count.
CategoricalSummary counted(const std::vector<int>& counts, int missing = 0) {
  CategoryEncoder encoder;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (int j = 0; j < counts[i]; ++j) encoder.add(std::string(1, static_cast<char>('a' + i)));
  }
  for (int j = 0; j < missing; ++j) encoder.add_missing();
  return summarise(encoder.column());
}

// scipy.stats.chi2_contingency([[10,20,30,0],[20,20,20,5]], correction=False) and
// scipy.spatial.distance.jensenshannon(base=2) of the same rows (SciPy 1.17.1).
TEST(CategoricalDrift, AgreesWithScipyWithACategoryNewInProduction) {
  const auto reference = counted({10, 20, 30});
  const auto production = counted({20, 20, 20, 5});
  const Score chi = pearsons_chi_squared_test(reference, production);
  EXPECT_NEAR(chi.statistic.value_or(0), 10.14957264957265, 1e-12);
  EXPECT_EQ(chi.degrees_of_freedom, 3);
  EXPECT_NEAR(chi.value.value_or(0), 0.017336579677855273, 1e-12);
  const Score jsd = jensen_shannon_distance(reference, production);
  EXPECT_NEAR(jsd.value.value_or(0), 0.2661924838267272, 1e-12);
  EXPECT_EQ(jsd.bins, 4);
  EXPECT_EQ(jsd.base, "2");
}

// A 2×2 table of handedness by sex: chi2_contingency gives 1.7774150400145103 with one degree of freedom.
TEST(CategoricalDrift, TwoByTwoTable) {
  const Score chi = pearsons_chi_squared_test(counted({43, 9}), counted({44, 4}));
  EXPECT_NEAR(chi.statistic.value_or(0), 1.7774150400145103, 1e-12);
  EXPECT_NEAR(chi.value.value_or(0), 0.1824670652605479, 1e-12);
}

// p = (3+1)/(4+2), (1+1)/(4+2); q mirrored: Σ (q−p)·ln(q/p) = 2·⅓·ln 2.
TEST(CategoricalDrift, StabilityIndexByHand) {
  const Score psi = population_stability_index(counted({3, 1}), counted({1, 3}));
  EXPECT_NEAR(psi.value.value_or(0), 2.0 / 3.0 * std::log(2.0), 1e-12);
}

TEST(CategoricalDrift, DisjointCategoriesAreAsFarApartAsCanBe) {
  const auto left = counted({5, 5});
  const auto right = counted({0, 0, 4, 4});
  EXPECT_DOUBLE_EQ(jensen_shannon_distance(left, right).value.value_or(0), 1.0);
  EXPECT_LT(pearsons_chi_squared_test(left, right).value.value_or(1), 0.001);
  EXPECT_TRUE(std::isfinite(population_stability_index(left, right).value.value_or(INFINITY)));
}

TEST(CategoricalDrift, OneCategoryOnBothSidesDoesNotDiffer) {
  EXPECT_EQ(pearsons_chi_squared_test(counted({5}), counted({9})).value, 1.0);
  EXPECT_EQ(jensen_shannon_distance(counted({5}), counted({9})).value, 0.0);
}

TEST(CategoricalDrift, MissingValuesAreLeftOut) {
  const Score with = jensen_shannon_distance(counted({5, 2}, 100), counted({3, 3}, 1));
  const Score without = jensen_shannon_distance(counted({5, 2}), counted({3, 3}));
  EXPECT_EQ(with.value, without.value);
  EXPECT_EQ(with.reference_count, 7);
}

TEST(CategoricalDrift, NothingToCompareGivesAReasonAndNoValue) {
  EXPECT_EQ(jensen_shannon_distance(counted({}), counted({1})).reason, "the reference has no values");
  EXPECT_EQ(pearsons_chi_squared_test(counted({1}), counted({}, 4)).reason, "production has no values");
  EXPECT_EQ(drift(Metric::normalized_wasserstein_distance, counted({1}), counted({1})).reason,
            "this metric is not defined for categorical columns");
}

TEST(CategoricalSummary, KeepsTheMostFrequentCategoriesAndCountsTheRest) {
  CategoryEncoder encoder;
  const int kinds = static_cast<int>(CategoricalSummary::kKeptCategories) + 50;
  for (int i = 0; i < kinds; ++i) encoder.add("rare " + std::to_string(i));
  for (int i = 0; i < 7; ++i) encoder.add("rare 10020");
  const auto summary = summarise(encoder.column());
  EXPECT_EQ(summary.categories.size(), CategoricalSummary::kKeptCategories);
  EXPECT_EQ(summary.others, 50);
  EXPECT_EQ(summary.other_categories, 50);
  EXPECT_EQ(summary.categories.at("rare 10020"), 8);
  EXPECT_EQ(summary.count, kinds + 7);
}

TEST(CategoricalSummary, StoredFormIsReadBackEqual) {
  const auto summary = counted({3, 0, 2}, 4);
  const auto read = categorical_summary_from_json(to_json(summary));
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(to_json(*read), to_json(summary));
  Json bad = to_json(summary);
  bad["categories"]["a"] = 7;
  EXPECT_FALSE(categorical_summary_from_json(bad).has_value());
  bad["categories"]["a"] = -1;
  EXPECT_FALSE(categorical_summary_from_json(bad).has_value());
}

TEST(CategoricalSummary, CodesOutsideTheDictionaryAreMissing) {
  const std::vector<std::int32_t> codes{0, 1, 7, -5, 0};
  const std::vector<std::string> dictionary{"x", "y"};
  const auto summary = summarise({codes, dictionary});
  EXPECT_EQ(summary.missing, 2);
  EXPECT_EQ(summary.categories.at("x"), 2);
}

}  // namespace
}  // namespace ciclo::monitoring::signals
