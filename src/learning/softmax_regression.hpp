// Multinomial logistic regression: P(class c | x) = exp(x·w_c + b_c) / Σ_k exp(x·w_k + b_k).
//
// Fitted by L-BFGS on   ( Σ_i v_i · −log P(y_i | x_i)  +  (l2 / 2) · Σ_c ‖w_c‖² )  /  Σ_i v_i   with the intercepts
// free of the penalty; with l2 = 1 / C and sample weights v this is scikit-learn's LogisticRegression objective divided
// by the sum of weights, so both have the same minimum.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <Eigen/Dense>
#include <functional>
#include <vector>

#include "learning/lbfgs.hpp"

namespace ciclo::learning {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct SoftmaxModel {
  Matrix weights;                 // features × classes
  Eigen::RowVectorXd intercepts;  // classes

  // rows × classes, each row summing to 1.
  Matrix probabilities(const Matrix& features) const;
};

struct SoftmaxProblem {
  const Matrix& features;           // rows × features, standardised
  const std::vector<int>& classes;  // of each row, 0 … class_count − 1
  int class_count = 0;
  const std::vector<double>& weights;  // of each row; empty: 1
  double l2 = 1.0;
};

// The objective above as a function of the parameters laid out as weights (row-major), then intercepts.
double softmax_objective(const SoftmaxProblem& problem, const Eigen::VectorXd& parameters, Eigen::VectorXd& gradient);

struct SoftmaxFit {
  SoftmaxModel model;
  double objective = 0.0;
  int iterations = 0;
  bool converged = false;
};

// Starts from zero, which also settles what the penalty leaves open: the intercepts sum to 0.
SoftmaxFit fit_softmax(const SoftmaxProblem& problem, const LbfgsSettings& settings,
                       const std::function<void(int, double)>& on_iteration = {});

}  // namespace ciclo::learning
