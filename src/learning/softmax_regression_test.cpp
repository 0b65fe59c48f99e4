#include "learning/softmax_regression.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ciclo::learning {
namespace {

// Every tenth flower of R. A. Fisher's iris data (1936): five of each kind.
Matrix iris() {
  Matrix features(15, 4);
  features << 5.1, 3.5, 1.4, 0.2, 5.4, 3.7, 1.5, 0.2, 5.4, 3.4, 1.7, 0.2, 4.8, 3.1, 1.6, 0.2, 5.0, 3.5, 1.3, 0.3,  //
      7.0, 3.2, 4.7, 1.4, 5.0, 2.0, 3.5, 1.0, 5.9, 3.2, 4.8, 1.8, 5.5, 2.4, 3.8, 1.1, 5.5, 2.6, 4.4, 1.2,          //
      6.3, 3.3, 6.0, 2.5, 6.5, 3.2, 5.1, 2.0, 6.9, 3.2, 5.7, 2.3, 7.4, 2.8, 6.1, 1.9, 6.7, 3.1, 5.6, 2.4;
  return features;
}
const std::vector<int> kinds = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2};

LbfgsSettings precise() {
  LbfgsSettings settings;
  settings.gradient_tolerance = 1e-10;
  settings.relative_tolerance = 0;
  settings.max_iterations = 2000;
  return settings;
}

double difference(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

// Coefficients of scikit-learn 1.9.1: LogisticRegression(C=1.0, tol=1e-12).fit(X, y) on these rows.
TEST(SoftmaxRegression, AgreesWithScikitLearn) {
  const Matrix features = iris();
  const SoftmaxFit fit = fit_softmax({features, kinds, 3, {}, 1.0}, precise());
  Matrix weights(4, 3);
  weights << -0.221429878, -0.229527645, 0.450957523, 0.405414774, -0.486568429, 0.081153654, -1.169467906, 0.154492295,
      1.014975611, -0.472681908, -0.254812024, 0.727493933;
  Matrix intercepts(1, 3);
  intercepts << 4.863068071, 3.604132831, -8.467200902;
  EXPECT_TRUE(fit.converged);
  EXPECT_LT(difference(fit.model.weights, weights), 1e-6);
  EXPECT_LT(difference(fit.model.intercepts, intercepts), 1e-5);
  Matrix expected(2, 3);
  expected << 0.046726447, 0.493723305, 0.459550247, 0.003448368, 0.166737197, 0.829814434;
  Matrix asked(2, 4);
  asked << features.row(5), features.row(12);
  EXPECT_LT(difference(fit.model.probabilities(asked), expected), 1e-6);
}

// The same with C=10 (l2 = 0.1), and with C=1 and weight 2 for the second kind.
TEST(SoftmaxRegression, PenaltyAndRowWeightsMeanWhatTheyDoInScikitLearn) {
  const Matrix features = iris();
  const SoftmaxFit loose = fit_softmax({features, kinds, 3, {}, 0.1}, precise());
  Matrix weights(4, 3);
  weights << -0.435471665, -0.386839146, 0.822310811, 0.894016701, -0.812211251, -0.08180545, -2.401888442, 0.072656511,
      2.329231932, -0.977054946, -1.02942294, 2.006477886;
  EXPECT_LT(difference(loose.model.weights, weights), 1e-5);

  std::vector<double> row_weights(15, 1.0);
  for (std::size_t i = 5; i < 10; ++i) row_weights[i] = 2.0;
  const SoftmaxFit weighted = fit_softmax({features, kinds, 3, row_weights, 1.0}, precise());
  weights << -0.249941134, -0.234625096, 0.48456623, 0.474681087, -0.519131777, 0.04445069, -1.338872846, 0.138158618,
      1.200714228, -0.536928989, -0.332620164, 0.869549154;
  EXPECT_LT(difference(weighted.model.weights, weights), 1e-5);
}

// Central differences of the objective, at random points for several seeds.
TEST(SoftmaxRegression, GradientIsTheObjectivesSlope) {
  const Matrix features = iris();
  std::vector<double> row_weights;
  for (int i = 0; i < 15; ++i) row_weights.push_back(0.5 + 0.1 * i);
  const SoftmaxProblem problem{features, kinds, 3, row_weights, 0.7};
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Eigen::VectorXd x(15);
    for (double& value : x) value = normal(random);
    Eigen::VectorXd gradient;
    Eigen::VectorXd ignored;
    softmax_objective(problem, x, gradient);
    constexpr double step = 1e-6;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      Eigen::VectorXd up = x;
      Eigen::VectorXd down = x;
      up[i] += step;
      down[i] -= step;
      const double slope =
          (softmax_objective(problem, up, ignored) - softmax_objective(problem, down, ignored)) / (2 * step);
      EXPECT_NEAR(gradient[i], slope, 1e-6) << "seed " << seed << ", parameter " << i;
    }
  }
}

// By hand: with no information but the intercept, probabilities are the classes' shares.
TEST(SoftmaxRegression, WithoutInformationItAnswersTheShares) {
  const Matrix features = Matrix::Zero(4, 1);
  const std::vector<int> classes = {0, 1, 1, 1};
  const SoftmaxFit fit = fit_softmax({features, classes, 2, {}, 1.0}, precise());
  const Matrix probabilities = fit.model.probabilities(Matrix::Zero(1, 1));
  EXPECT_NEAR(probabilities(0, 0), 0.25, 1e-8);
  EXPECT_NEAR(fit.objective, -(0.25 * std::log(0.25) + 0.75 * std::log(0.75)), 1e-10);
}

TEST(SoftmaxRegression, HugeScoresDoNotOverflow) {
  SoftmaxModel model{Matrix::Constant(1, 2, 0.0), Eigen::RowVectorXd::Zero(2)};
  model.weights(0, 1) = 1e6;
  const Matrix probabilities = model.probabilities(Matrix::Constant(1, 1, 1e6));
  EXPECT_EQ(probabilities(0, 1), 1.0);
  EXPECT_LT(probabilities(0, 0), 1e-300);
}

}  // namespace
}  // namespace ciclo::learning
