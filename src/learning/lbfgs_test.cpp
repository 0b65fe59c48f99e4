#include "learning/lbfgs.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ciclo::learning {
namespace {

// Rosenbrock's valley: the minimum, 0, lies at (1, 1).
double rosenbrock(const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
  const double a = 1 - x[0];
  const double b = x[1] - x[0] * x[0];
  gradient = Eigen::Vector2d(-2 * a - 400 * x[0] * b, 200 * b);
  return a * a + 100 * b * b;
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksValley) {
  LbfgsSettings settings;
  settings.gradient_tolerance = 1e-9;
  settings.relative_tolerance = 0;
  const LbfgsResult result = minimise(rosenbrock, Eigen::Vector2d(-1.2, 1.0), settings);
  EXPECT_TRUE(result.converged);
  EXPECT_NEAR(result.x[0], 1.0, 1e-8);
  EXPECT_NEAR(result.x[1], 1.0, 1e-8);
  EXPECT_LT(result.iterations, 60);
}

TEST(Lbfgs, LowersTheValueAtEveryStepAndIsDeterministic) {
  double last = INFINITY;
  int calls = 0;
  const auto watch = [&](int iteration, double value) {
    EXPECT_EQ(iteration, ++calls);
    EXPECT_LT(value, last);
    last = value;
  };
  const LbfgsResult first = minimise(rosenbrock, Eigen::Vector2d(-1.2, 1.0), {}, watch);
  const LbfgsResult second = minimise(rosenbrock, Eigen::Vector2d(-1.2, 1.0), {});
  EXPECT_EQ(first.x, second.x);
  EXPECT_EQ(calls, first.iterations);
}

TEST(Lbfgs, StopsAtOnceAtAMinimumAndAfterTheIterationsAllowed) {
  EXPECT_EQ(minimise(rosenbrock, Eigen::Vector2d(1.0, 1.0), {}).iterations, 0);
  LbfgsSettings settings;
  settings.max_iterations = 3;
  const LbfgsResult result = minimise(rosenbrock, Eigen::Vector2d(-1.2, 1.0), settings);
  EXPECT_EQ(result.iterations, 3);
  EXPECT_FALSE(result.converged);
}

}  // namespace
}  // namespace ciclo::learning
