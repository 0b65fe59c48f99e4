#include "learning/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace ciclo::learning {
namespace {

constexpr double sufficient_decrease = 1e-4;  // c1 of the Wolfe conditions
constexpr double curvature = 0.9;             // c2
constexpr int max_trials = 40;

struct Point {
  Eigen::VectorXd x;
  Eigen::VectorXd gradient;
  double value = 0.0;
};

struct Pair {
  Eigen::VectorXd step;
  Eigen::VectorXd change;  // of the gradient
  double rho = 0.0;
};

// Algorithm 7.4: the inverse Hessian's approximation times the gradient, negated.
Eigen::VectorXd direction_of(const std::deque<Pair>& history, const Eigen::VectorXd& gradient) {
  Eigen::VectorXd q = gradient;
  std::vector<double> alpha(history.size());
  for (std::size_t i = history.size(); i-- > 0;) {
    alpha[i] = history[i].rho * history[i].step.dot(q);
    q -= alpha[i] * history[i].change;
  }
  if (!history.empty()) q *= history.back().step.dot(history.back().change) / history.back().change.squaredNorm();
  for (std::size_t i = 0; i < history.size(); ++i) {
    const double beta = history[i].rho * history[i].change.dot(q);
    q += (alpha[i] - beta) * history[i].step;
  }
  return -q;
}

// Finds a point along a direction that meets the strong Wolfe conditions: brackets it by doubling, then halves.
class LineSearch {
 public:
  LineSearch(const Objective& objective, const Point& origin, const Eigen::VectorXd& direction)
      : objective_(objective), origin_(origin), direction_(direction), slope_(origin.gradient.dot(direction)) {}

  // False when no point with a lower value was found.
  bool run(double first_length, Point& found) {
    double low = 0.0;
    double high = std::numeric_limits<double>::infinity();
    double length = first_length;
    bool lower = false;
    for (int trial = 0; trial < max_trials; ++trial) {
      evaluate(length, found);
      const bool too_high =
          !std::isfinite(found.value) || found.value > origin_.value + sufficient_decrease * length * slope_;
      const double slope = found.gradient.dot(direction_);
      if (!too_high && std::abs(slope) <= -curvature * slope_) return true;
      if (too_high || slope > 0) {
        high = length;
      } else {
        low = length;
      }
      lower = !too_high && found.value < origin_.value;
      if (high - low < 1e-16 * std::max(1.0, low)) break;
      length = std::isinf(high) ? 2 * length : (low + high) / 2;
    }
    return lower;
  }

 private:
  void evaluate(double length, Point& point) const {
    point.x = origin_.x + length * direction_;
    point.value = objective_(point.x, point.gradient);
  }

  const Objective& objective_;
  const Point& origin_;
  const Eigen::VectorXd& direction_;
  double slope_;
};

void remember(std::deque<Pair>& history, const Point& from, const Point& to, std::size_t limit) {
  Pair pair{to.x - from.x, to.gradient - from.gradient, 0.0};
  const double product = pair.step.dot(pair.change);
  if (product <= 1e-300) return;  // would make the approximation indefinite
  pair.rho = 1.0 / product;
  history.push_back(std::move(pair));
  if (history.size() > limit) history.pop_front();
}

}  // namespace

LbfgsResult minimise(const Objective& objective, Eigen::VectorXd start, const LbfgsSettings& settings,
                     const std::function<void(int, double)>& on_iteration) {
  Point current{std::move(start), {}, 0.0};
  current.gradient.resize(current.x.size());
  current.value = objective(current.x, current.gradient);
  Point next = current;
  std::deque<Pair> history;
  LbfgsResult result;
  for (int iteration = 1; iteration <= settings.max_iterations; ++iteration) {
    if (current.gradient.lpNorm<Eigen::Infinity>() <= settings.gradient_tolerance) {
      result.converged = true;
      break;
    }
    Eigen::VectorXd direction = direction_of(history, current.gradient);
    if (direction.dot(current.gradient) >= 0) {
      history.clear();
      direction = -current.gradient;
    }
    const double first = history.empty() ? std::min(1.0, 1.0 / direction.norm()) : 1.0;
    if (!LineSearch(objective, current, direction).run(first, next)) break;
    remember(history, current, next, static_cast<std::size_t>(settings.history));
    const double gain = current.value - next.value;
    std::swap(current, next);
    result.iterations = iteration;
    if (on_iteration) on_iteration(iteration, current.value);
    if (gain <= settings.relative_tolerance * std::max(1.0, std::abs(current.value))) {
      result.converged = true;
      break;
    }
  }
  result.value = current.value;
  result.x = std::move(current.x);
  return result;
}

}  // namespace ciclo::learning
