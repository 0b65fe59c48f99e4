// Minimises a smooth function by L-BFGS: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4
// (two-loop recursion) and 3.5/3.6 (line search for the strong Wolfe conditions).
//
// Deterministic: the same function and start give the same steps.
//
// Thread safety: a pure function of its arguments.
#pragma once

#include <Eigen/Dense>
#include <functional>

namespace ciclo::learning {

// The value at `x`; writes the gradient, which has x's size.
using Objective = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct LbfgsSettings {
  int max_iterations = 200;
  // Ends when the largest absolute component of the gradient is at most this.
  double gradient_tolerance = 1e-6;
  // Ends when a step lowers the value by less than this share of it.
  double relative_tolerance = 1e-10;
  int history = 10;
};

struct LbfgsResult {
  Eigen::VectorXd x;
  double value = 0.0;
  int iterations = 0;
  bool converged = false;  // false: max_iterations were used up, or no step lowered the value any more
};

// `on_iteration(iteration, value)` is called after every step, counted from 1. May be empty.
LbfgsResult minimise(const Objective& objective, Eigen::VectorXd start, const LbfgsSettings& settings,
                     const std::function<void(int, double)>& on_iteration = {});

}  // namespace ciclo::learning
