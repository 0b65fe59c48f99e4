#include "learning/softmax_regression.hpp"

#include <cmath>

namespace ciclo::learning {
namespace {

using Weights = Eigen::Map<const Matrix>;

// Turns rows of scores into rows of probabilities, in place; the largest score is subtracted so that exp cannot
// overflow.
void softmax_rows(Matrix& scores) {
  scores.colwise() -= scores.rowwise().maxCoeff().eval();
  scores = scores.array().exp().matrix();
  scores.array().colwise() /= scores.rowwise().sum().array().eval();
}

}  // namespace

Matrix SoftmaxModel::probabilities(const Matrix& features) const {
  Matrix scores = features * weights;
  scores.rowwise() += intercepts;
  softmax_rows(scores);
  return scores;
}

double softmax_objective(const SoftmaxProblem& problem, const Eigen::VectorXd& parameters, Eigen::VectorXd& gradient) {
  const Eigen::Index features = problem.features.cols();
  const Eigen::Index classes = problem.class_count;
  const Weights weights(parameters.data(), features, classes);
  const Eigen::Map<const Eigen::RowVectorXd> intercepts(parameters.data() + features * classes, classes);

  Matrix residual = problem.features * weights;
  residual.rowwise() += intercepts;
  softmax_rows(residual);
  double loss = 0.0;
  double weight_sum = 0.0;
  for (Eigen::Index row = 0; row < residual.rows(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    const double weight = problem.weights.empty() ? 1.0 : problem.weights[at];
    const int label = problem.classes[at];
    // The smallest normal number keeps the loss finite where a probability underflows; the gradient stays exact.
    loss -= weight * std::log(std::max(residual(row, label), 1e-300));
    residual(row, label) -= 1.0;
    residual.row(row) *= weight;
    weight_sum += weight;
  }
  gradient.resize(parameters.size());
  Eigen::Map<Matrix> weight_gradient(gradient.data(), features, classes);
  weight_gradient = (problem.features.transpose() * residual + problem.l2 * weights) / weight_sum;
  gradient.tail(classes) = residual.colwise().sum().transpose() / weight_sum;
  return (loss + problem.l2 / 2 * weights.squaredNorm()) / weight_sum;
}

SoftmaxFit fit_softmax(const SoftmaxProblem& problem, const LbfgsSettings& settings,
                       const std::function<void(int, double)>& on_iteration) {
  const Eigen::Index features = problem.features.cols();
  const Eigen::Index classes = problem.class_count;
  const Objective objective = [&](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    return softmax_objective(problem, x, gradient);
  };
  const LbfgsResult result =
      minimise(objective, Eigen::VectorXd::Zero((features + 1) * classes), settings, on_iteration);
  SoftmaxFit fit;
  fit.model.weights = Weights(result.x.data(), features, classes);
  fit.model.intercepts = result.x.tail(classes).transpose();
  fit.objective = result.value;
  fit.iterations = result.iterations;
  fit.converged = result.converged;
  return fit;
}

}  // namespace ciclo::learning
