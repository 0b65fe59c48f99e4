#include "monitoring/signals/special_functions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace ciclo::monitoring::signals {
namespace {

void expect_relative(double actual, double expected, double tolerance) {
  EXPECT_NEAR(actual, expected, tolerance * std::abs(expected)) << expected;
}

// Values of scipy.stats.chi2.sf (SciPy 1.17.1).
TEST(SpecialFunctions, ChiSquaredTailMatchesScipy) {
  struct Row {
    double statistic, degrees, expected;
  };
  constexpr std::array rows{
      Row{3.84, 1, 0.05004352124870519},   Row{10, 3, 0.01856613546304325},   Row{0.5, 4, 0.9735009788392561},
      Row{250, 200, 0.009379131668826098}, Row{0.001, 1, 0.9747728793699604}, Row{900, 1000, 0.9892827619087102},
      Row{80, 2, 4.248354255291595e-18},
  };
  for (const auto& row : rows) expect_relative(chi_squared_tail(row.statistic, row.degrees), row.expected, 1e-11);
  EXPECT_EQ(chi_squared_tail(0, 3), 1.0);
  EXPECT_EQ(chi_squared_tail(INFINITY, 3), 0.0);
}

// Values of scipy.stats.kstwobign.sf.
TEST(SpecialFunctions, KolmogorovTailMatchesScipy) {
  struct Row {
    double lambda, expected;
  };
  constexpr std::array rows{Row{0.2, 0.999999999999495},     Row{0.5, 0.9639452436648751},
                            Row{0.9, 0.3927307079406543},    Row{1.0, 0.26999967167735456},
                            Row{1.36, 0.049485876755377876}, Row{2, 0.0006709252557796953},
                            Row{4, 2.532833109818835e-14}};
  for (const auto& row : rows) expect_relative(kolmogorov_tail(row.lambda), row.expected, 1e-10);
  EXPECT_EQ(kolmogorov_tail(0), 1.0);
}

// Of the C(4,2) = 6 orders of two and two values, D = 1 in two, so P(D ≥ 1) = 1/3, and P(D ≥ ½) = 1.
TEST(SpecialFunctions, SmirnovTailByHand) {
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov_tail(1.0, 2, 2), 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov_tail(0.5, 2, 2), 1.0);
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov_tail(0.0, 2, 2), 1.0);
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov_tail(1.0, 1, 1), 1.0);
}

TEST(SpecialFunctions, SmirnovTailIsContinuousAcrossTheSwitchToTheLimit) {
  const double exact = kolmogorov_smirnov_tail(0.03, 2000, 2000);
  const double limit = kolmogorov_smirnov_tail(0.03, 2001, 2000);
  EXPECT_NEAR(exact, limit, 0.01);
}

}  // namespace
}  // namespace ciclo::monitoring::signals
