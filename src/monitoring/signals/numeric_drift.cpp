#include <algorithm>
#include <cmath>
#include <vector>

#include "monitoring/signals/drift.hpp"
#include "monitoring/signals/frequencies.hpp"
#include "monitoring/signals/special_functions.hpp"

namespace ciclo::monitoring::signals {
namespace {

constexpr double kLeastDeviation = 0.001;

Score start(Metric metric, const NumericSummary& reference, const NumericSummary& production) {
  Score score;
  score.metric = metric;
  score.reference_count = reference.count;
  score.production_count = production.count;
  if (reference.count == 0) {
    score.reason = "the reference has no values";
  } else if (production.count == 0) {
    score.reason = "production has no values";
  } else if (!(reference.keeps_values() && production.keeps_values()) &&
             (reference.layout != production.layout || reference.buckets.empty() || production.buckets.empty())) {
    score.reason = "the two summaries were made with different buckets";
  }
  return score;
}

struct Bins {
  double minimum = 0.0;
  double width = 0.0;  // 0: one bin
  std::size_t number = 1;

  std::size_t of(double value) const {
    if (width <= 0.0) return 0;
    const double position = (value - minimum) / width;
    return std::min(number - 1, static_cast<std::size_t>(std::max(0.0, position)));
  }
};

Bins bins_over(const NumericSummary& reference, const NumericSummary& production) {
  Bins bins;
  bins.minimum = std::min(reference.minimum, production.minimum);
  const double maximum = std::max(reference.maximum, production.maximum);
  if (bins.minimum == maximum) return bins;
  const auto least = static_cast<double>(std::min(reference.count, production.count));
  bins.number = static_cast<std::size_t>(std::ceil(std::log2(least) + 1.0));
  const auto number = static_cast<double>(bins.number);
  bins.width = maximum / number - bins.minimum / number;  // the range itself may overflow
  if (!(bins.width > 0.0)) return {bins.minimum, 0.0, 1};
  return bins;
}

struct Comparison {
  std::vector<std::int64_t> reference;
  std::vector<std::int64_t> production;
  bool rounded = false;  // the bins' edges lie on buckets
};

// Of buckets, each goes whole, with both sides' values, into the bin of their common mean: both sides are then counted
// in the same bins, whose edges are off by at most a bucket, and spikes (integers, defaults) fall where they belong.
Comparison compare(const NumericSummary& reference, const NumericSummary& production) {
  const Bins bins = bins_over(reference, production);
  Comparison compared{std::vector<std::int64_t>(bins.number, 0), std::vector<std::int64_t>(bins.number, 0)};
  if (reference.keeps_values() && production.keeps_values()) {
    for (const double value : reference.sorted_values) ++compared.reference[bins.of(value)];
    for (const double value : production.sorted_values) ++compared.production[bins.of(value)];
    return compared;
  }
  compared.rounded = true;
  for (std::size_t i = 0; i < BucketLayout::kBuckets; ++i) {
    const Bucket& left = reference.buckets[i];
    const Bucket& right = production.buckets[i];
    const auto count = static_cast<double>(left.count + right.count);
    if (count == 0.0) continue;
    const std::size_t index = bins.of(reference.layout.low + (left.sum + right.sum) / count);
    compared.reference[index] += left.count;
    compared.production[index] += right.count;
  }
  return compared;
}

std::string method_of(const Comparison& compared) {
  return compared.rounded ? "equal width over both, edges on buckets, Sturges" : "equal width over both, Sturges";
}

struct Measured {
  double value = 0.0;
  double error_bound = 0.0;
};

// Both walks go through the values of the two columns in order, and call `visit(F, G, next − here)` for each stretch
// between two neighbouring values, where F and G are the distribution functions on that stretch.
template <class Visit>
void walk(const std::vector<double>& first, const std::vector<double>& second, Visit&& visit) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < first.size() || j < second.size()) {
    const double here = j >= second.size() || (i < first.size() && first[i] <= second[j]) ? first[i] : second[j];
    while (i < first.size() && first[i] == here) ++i;
    while (j < second.size() && second[j] == here) ++j;
    double next = here;
    if (i < first.size()) next = first[i];
    if (j < second.size() && (i >= first.size() || second[j] < next)) next = second[j];
    visit(static_cast<double>(i) / static_cast<double>(first.size()),
          static_cast<double>(j) / static_cast<double>(second.size()), next - here);
  }
}

double wasserstein_of_values(const std::vector<double>& first, const std::vector<double>& second) {
  double distance = 0.0;
  walk(first, second, [&](double f, double g, double step) { distance += std::abs(f - g) * step; });
  return distance;
}

// Within a bucket [a, b] where F − G keeps its sign, ∫|F−G| = |∫F − ∫G|, and ∫F = F(a)·(b−a) + Σ(b−x)/n needs only
// the bucket's count and sum. Where it may change sign, the same is a lower bound, and what it can miss is summed up.
Measured wasserstein_of_buckets(const NumericSummary& reference, const NumericSummary& production) {
  const auto n = static_cast<double>(reference.count);
  const auto m = static_cast<double>(production.count);
  const double low_end = std::min(reference.minimum, production.minimum);
  const double high_end = std::max(reference.maximum, production.maximum);
  const double origin = reference.layout.low;
  Measured measured;
  double f = 0.0;
  double g = 0.0;
  for (std::size_t i = 0; i < BucketLayout::kBuckets; ++i) {
    const double a = std::max(reference.layout.edge(i), low_end);
    const double b = std::min(reference.layout.edge(i + 1), high_end);
    const Bucket& left = reference.buckets[i];
    const Bucket& right = production.buckets[i];
    const double share_left = static_cast<double>(left.count) / n;
    const double share_right = static_cast<double>(right.count) / m;
    if (b > a) {
      const double inside_left = (share_left * (b - origin)) - left.sum / n;
      const double inside_right = (share_right * (b - origin)) - right.sum / m;
      measured.value += std::abs((f - g) * (b - a) + inside_left - inside_right);
      const double positive = std::max(0.0, f - g + share_left);
      const double negative = std::max(0.0, g - f + share_right);
      measured.error_bound += 2.0 * (b - a) * std::min(positive, negative);
    }
    f += share_left;
    g += share_right;
  }
  return measured;
}

// At the buckets' edges both distribution functions are known, so the greatest difference there is a lower bound of D;
// in between, F can rise by its bucket's share at most while G stands still.
Measured smirnov_of_buckets(const NumericSummary& reference, const NumericSummary& production) {
  const auto n = static_cast<double>(reference.count);
  const auto m = static_cast<double>(production.count);
  double f = 0.0;
  double g = 0.0;
  double lower = 0.0;
  double upper = 0.0;
  for (std::size_t i = 0; i < BucketLayout::kBuckets; ++i) {
    const double share_left = static_cast<double>(reference.buckets[i].count) / n;
    const double share_right = static_cast<double>(production.buckets[i].count) / m;
    upper = std::max({upper, f + share_left - g, g + share_right - f});
    f += share_left;
    g += share_right;
    lower = std::max(lower, std::abs(f - g));
  }
  return {lower, std::max(0.0, upper - lower)};
}

double smirnov_of_values(const std::vector<double>& first, const std::vector<double>& second) {
  double distance = 0.0;
  walk(first, second, [&](double f, double g, double) { distance = std::max(distance, std::abs(f - g)); });
  return distance;
}

}  // namespace

Score jensen_shannon_distance(const NumericSummary& reference, const NumericSummary& production) {
  Score score = start(Metric::jensen_shannon_distance, reference, production);
  score.base = "2";
  if (!score.reason.empty()) return score;
  const auto compared = compare(reference, production);
  score.bins = static_cast<std::int64_t>(compared.reference.size());
  score.method = method_of(compared);
  score.value = jensen_shannon_of({compared.reference, compared.production});
  return score;
}

Score population_stability_index(const NumericSummary& reference, const NumericSummary& production) {
  Score score = start(Metric::population_stability_index, reference, production);
  score.base = "e";
  if (!score.reason.empty()) return score;
  const auto compared = compare(reference, production);
  score.bins = static_cast<std::int64_t>(compared.reference.size());
  score.method = method_of(compared) + ", Laplace";
  score.value = stability_index_of({compared.reference, compared.production});
  return score;
}

Score normalized_wasserstein_distance(const NumericSummary& reference, const NumericSummary& production) {
  Score score = start(Metric::normalized_wasserstein_distance, reference, production);
  if (!score.reason.empty()) return score;
  const double scale = std::max(reference.sample_standard_deviation(), kLeastDeviation);
  Measured measured;
  if (reference.keeps_values() && production.keeps_values()) {
    score.method = "exact";
    measured.value = wasserstein_of_values(reference.sorted_values, production.sorted_values);
  } else {
    score.method = "buckets";
    measured = wasserstein_of_buckets(reference, production);
  }
  const double value = measured.value / scale;
  if (!std::isfinite(value)) {
    score.reason = "the values are too large to add up";
    return score;
  }
  score.value = value;
  score.error_bound = measured.error_bound / scale;
  return score;
}

Score two_sample_kolmogorov_smirnov_test(const NumericSummary& reference, const NumericSummary& production) {
  Score score = start(Metric::two_sample_kolmogorov_smirnov_test, reference, production);
  if (!score.reason.empty()) return score;
  Measured measured;
  if (reference.keeps_values() && production.keeps_values()) {
    measured.value = smirnov_of_values(reference.sorted_values, production.sorted_values);
  } else {
    measured = smirnov_of_buckets(reference, production);
  }
  const bool exact = reference.count <= kExactPaths / production.count;
  score.method = exact ? "exact" : "asymptotic";
  score.statistic = measured.value;
  score.value = kolmogorov_smirnov_tail(measured.value, reference.count, production.count);
  if (measured.error_bound > 0.0) {
    score.error_bound = *score.value - kolmogorov_smirnov_tail(measured.value + measured.error_bound, reference.count,
                                                               production.count);
  }
  return score;
}

Score drift(Metric metric, const NumericSummary& reference, const NumericSummary& production) {
  switch (metric) {
    case Metric::jensen_shannon_distance: return jensen_shannon_distance(reference, production);
    case Metric::population_stability_index: return population_stability_index(reference, production);
    case Metric::normalized_wasserstein_distance: return normalized_wasserstein_distance(reference, production);
    case Metric::two_sample_kolmogorov_smirnov_test: return two_sample_kolmogorov_smirnov_test(reference, production);
    default: break;
  }
  Score score = start(metric, reference, production);
  score.reason = "this metric is not defined for numerical columns";
  return score;
}

Score drift(Metric metric, std::span<const double> reference, std::span<const double> production) {
  const NumericSummary summary = summarise(reference);
  return drift(metric, summary, summarise(production, summary.layout));
}

}  // namespace ciclo::monitoring::signals
