#include "monitoring/signals/frequencies.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ciclo::monitoring::signals {
namespace {

double total_of(std::span<const std::int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
}

}  // namespace

double jensen_shannon_of(const Frequencies& counts) {
  const double reference_total = total_of(counts.reference);
  const double production_total = total_of(counts.production);
  double divergence = 0.0;
  for (std::size_t i = 0; i < counts.reference.size(); ++i) {
    const double p = static_cast<double>(counts.reference[i]) / reference_total;
    const double q = static_cast<double>(counts.production[i]) / production_total;
    const double middle = (p + q) / 2.0;
    if (p > 0.0) divergence += 0.5 * p * std::log2(p / middle);
    if (q > 0.0) divergence += 0.5 * q * std::log2(q / middle);
  }
  // Rounding may leave it a hair outside.
  return std::sqrt(std::clamp(divergence, 0.0, 1.0));
}

double stability_index_of(const Frequencies& counts) {
  const auto bins = static_cast<double>(counts.reference.size());
  const double reference_total = total_of(counts.reference) + bins;
  const double production_total = total_of(counts.production) + bins;
  double index = 0.0;
  for (std::size_t i = 0; i < counts.reference.size(); ++i) {
    const double p = (static_cast<double>(counts.reference[i]) + 1.0) / reference_total;
    const double q = (static_cast<double>(counts.production[i]) + 1.0) / production_total;
    index += (q - p) * std::log(q / p);
  }
  return index;
}

}  // namespace ciclo::monitoring::signals
