#include "monitoring/signals/alert_rule.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ciclo::monitoring::signals {
namespace {

Score scored(Metric metric, std::optional<double> value) {
  Score score;
  score.metric = metric;
  score.value = value;
  if (!value) score.reason = "production has no rows";
  return score;
}

TEST(AlertRule, DecidesOnTheMetricsOwnSide) {
  struct Row {
    Metric metric;
    double threshold;
    double value;
    bool breached;
  };
  constexpr std::array rows{
      Row{Metric::jensen_shannon_distance, 0.1, 0.11, true},
      Row{Metric::jensen_shannon_distance, 0.1, 0.1, false},
      Row{Metric::normalized_wasserstein_distance, 0.1, 0.09, false},
      Row{Metric::population_stability_index, 0.2, 0.5, true},
      Row{Metric::two_sample_kolmogorov_smirnov_test, 0.05, 0.01, true},
      Row{Metric::two_sample_kolmogorov_smirnov_test, 0.05, 0.5, false},
      Row{Metric::pearsons_chi_squared_test, 0.05, 0.05, false},
      Row{Metric::pearsons_chi_squared_test, 0.05, 0.049, true},
      // A threshold of 0 is a threshold.
      Row{Metric::null_value_rate, 0.0, 0.001, true},
      Row{Metric::null_value_rate, 0.0, 0.0, false},
      Row{Metric::out_of_bounds_rate, 0.0, 1.0, true},
      Row{Metric::data_type_error_rate, 0.0, 0.25, true},
      Row{Metric::two_sample_kolmogorov_smirnov_test, 0.0, 0.0, false},
  };
  for (const auto& row : rows) {
    const auto decision = decide(rule_for(row.metric, row.threshold), scored(row.metric, row.value));
    EXPECT_EQ(decision.breached, row.breached) << decision.explanation;
  }
}

TEST(AlertRule, ExplainsItself) {
  EXPECT_EQ(decide(rule_for(Metric::null_value_rate, 0), scored(Metric::null_value_rate, 0.25)).explanation,
            "null_value_rate 0.25 is above 0");
  const auto nothing = decide(rule_for(Metric::null_value_rate, 0), scored(Metric::null_value_rate, std::nullopt));
  EXPECT_FALSE(nothing.breached);
  EXPECT_EQ(nothing.explanation, "null_value_rate was not computed: production has no rows");
}

TEST(AlertRule, DefaultsAreThoseOfTheSdk) {
  const auto numerical = default_drift_rules(FeatureType::numerical);
  ASSERT_EQ(numerical.size(), 1U);
  EXPECT_EQ(numerical[0].metric, Metric::normalized_wasserstein_distance);
  EXPECT_EQ(numerical[0].threshold, 0.1);
  EXPECT_EQ(default_drift_rules(FeatureType::categorical)[0].metric, Metric::jensen_shannon_distance);
  EXPECT_EQ(default_quality_rules().size(), 3U);
}

TEST(Metric, NamesAreReadInAnyCaseWithAliases) {
  EXPECT_EQ(parse_metric("CHI_SQUARED_TEST"), Metric::pearsons_chi_squared_test);
  EXPECT_EQ(parse_metric("out_of_bound_rate"), Metric::out_of_bounds_rate);
  EXPECT_EQ(parse_metric("jensen"), std::nullopt);
  EXPECT_EQ(parse_metric(""), std::nullopt);
  for (const auto& name : metric_names()) EXPECT_TRUE(parse_metric(name)) << name;
}

TEST(Metric, ScoreAsJson) {
  Score score = scored(Metric::jensen_shannon_distance, 0.5);
  score.method = "equal width over both, Sturges";
  score.bins = 9;
  score.base = "2";
  score.reference_count = 10;
  score.production_count = 20;
  EXPECT_EQ(to_text(to_json(score)),
            R"({"metric":"jensen_shannon_distance","value":0.5,"method":"equal width over both, Sturges","bins":9,)"
            R"("base":"2","reference_count":10,"production_count":20})");
}

}  // namespace
}  // namespace ciclo::monitoring::signals
