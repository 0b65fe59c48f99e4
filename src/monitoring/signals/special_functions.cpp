#include "monitoring/signals/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace ciclo::monitoring::signals {
namespace {

constexpr int kMaxTerms = 100'000;
constexpr double kTiny = 1e-300;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// P(a, x) by its power series; converges quickly for x < a + 1.
double lower_gamma_series(double a, double x) {
  double term = 1.0 / a;
  double sum = term;
  for (int n = 1; n < kMaxTerms && std::abs(term) > std::abs(sum) * kEpsilon; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * std::exp(a * std::log(x) - x - std::lgamma(a));
}

// Q(a, x) by its continued fraction; converges quickly for x ≥ a + 1.
double upper_gamma_fraction(double a, double x) {
  double b = x + 1.0 - a;
  double c = 1.0 / kTiny;
  double d = 1.0 / b;
  double h = d;
  for (int i = 1; i < kMaxTerms; ++i) {
    const double an = -i * (i - a);
    b += 2.0;
    d = an * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + an / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1.0 / d;
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1.0) < kEpsilon) break;
  }
  return h * std::exp(a * std::log(x) - x - std::lgamma(a));
}

// The share of the lattice paths from (0,0) to (m,n) that reach |i/m − j/n| ≥ distance. Each row is kept as
// probabilities, so nothing overflows: a step right from (i, j) has odds (m−i) : (n−j).
double exact_tail(double distance, std::int64_t m, std::int64_t n) {
  const double limit = distance - 1e-12;  // a path that touches the distance counts as outside
  const auto outside = [&](std::int64_t i, std::int64_t j) {
    return std::abs(static_cast<double>(i) / static_cast<double>(m) -
                    static_cast<double>(j) / static_cast<double>(n)) >= limit;
  };
  // reached[j]: probability that a random path passes (i, j) without having been outside.
  std::vector<double> reached(static_cast<std::size_t>(n) + 1, 0.0);
  double lost = 0.0;
  for (std::int64_t i = 0; i <= m; ++i) {
    double from_left = 0.0;  // arriving from (i, j−1)
    for (std::int64_t j = 0; j <= n; ++j) {
      double& cell = reached[static_cast<std::size_t>(j)];
      double probability = i == 0 && j == 0 ? 1.0 : cell + from_left;
      if (outside(i, j)) {
        lost += probability;
        probability = 0.0;
      }
      const auto right = static_cast<double>(m - i);
      const auto up = static_cast<double>(n - j);
      const double total = right + up;
      from_left = total > 0.0 ? probability * up / total : 0.0;
      cell = total > 0.0 ? probability * right / total : probability;
    }
  }
  return std::clamp(lost, 0.0, 1.0);
}

}  // namespace

double chi_squared_tail(double statistic, double degrees_of_freedom) {
  if (!(statistic > 0.0)) return 1.0;
  if (std::isinf(statistic)) return 0.0;
  const double a = degrees_of_freedom / 2.0;
  const double x = statistic / 2.0;
  const double tail = x < a + 1.0 ? 1.0 - lower_gamma_series(a, x) : upper_gamma_fraction(a, x);
  return std::clamp(tail, 0.0, 1.0);
}

double kolmogorov_tail(double lambda) {
  if (!(lambda > 0.0)) return 1.0;
  if (lambda < 1.0) {
    // K(λ) = √(2π)/λ · Σ exp(−(2j−1)²π²/(8λ²)): a few terms where the alternating series needs many.
    const double exponent = -std::numbers::pi * std::numbers::pi / (8.0 * lambda * lambda);
    double sum = 0.0;
    for (int j = 1; j <= 4; ++j) sum += std::exp(exponent * (2.0 * j - 1.0) * (2.0 * j - 1.0));
    return std::clamp(1.0 - std::sqrt(2.0 * std::numbers::pi) / lambda * sum, 0.0, 1.0);
  }
  double sum = 0.0;
  double sign = 1.0;
  for (int j = 1; j <= 20; ++j) {
    sum += sign * std::exp(-2.0 * j * j * lambda * lambda);
    sign = -sign;
  }
  return std::clamp(2.0 * sum, 0.0, 1.0);
}

double kolmogorov_smirnov_tail(double distance, std::int64_t first, std::int64_t second) {
  if (!(distance > 0.0)) return 1.0;
  if (first <= kExactPaths / std::max<std::int64_t>(second, 1)) return exact_tail(distance, first, second);
  const auto m = static_cast<double>(first);
  const auto n = static_cast<double>(second);
  const double root = std::sqrt(m * n / (m + n));
  return kolmogorov_tail((root + 0.12 + 0.11 / root) * distance);
}

}  // namespace ciclo::monitoring::signals
