// The tail probabilities that the tests need.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>

namespace ciclo::monitoring::signals {

// P(X ≥ statistic) for X ~ chi-squared with `degrees_of_freedom` ≥ 1: the upper regularised incomplete gamma function
// Q(k/2, x/2), by its series below a+1 and by Lentz's continued fraction above (Press et al., Numerical Recipes, §6.2).
// Relative error below 1e-12 for degrees of freedom up to 10^5.
double chi_squared_tail(double statistic, double degrees_of_freedom);

// P(D ≥ distance) under the null hypothesis for samples of `first` and `second` values without ties.
// Exact by counting lattice paths (Hodges, "The significance probability of the Smirnov two-sample test", 1957) while
// first · second ≤ kExactPaths; beyond, Kolmogorov's limit at λ = (√n + 0.12 + 0.11/√n)·D with n = first·second /
// (first + second) (Stephens 1970). Any size is served.
inline constexpr std::int64_t kExactPaths = 4'000'000;
double kolmogorov_smirnov_tail(double distance, std::int64_t first, std::int64_t second);

// P(K ≥ λ) for Kolmogorov's distribution: 2·Σ (−1)^(j−1) exp(−2 j² λ²), or its theta transform for small λ.
double kolmogorov_tail(double lambda);

}  // namespace ciclo::monitoring::signals
