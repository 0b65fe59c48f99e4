#include "monitoring/signals/numeric_summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ciclo::monitoring::signals {
namespace {

constexpr std::size_t kSample = 2048;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> strided_sample(std::span<const double> values) {
  std::vector<double> sample;
  sample.reserve(kSample);
  const std::size_t stride = std::max<std::size_t>(1, values.size() / kSample);
  for (std::size_t i = 0; i < values.size() && sample.size() < kSample; i += stride) {
    if (std::isfinite(values[i])) sample.push_back(values[i]);
  }
  // A column that is nearly all missing: take what there is.
  for (std::size_t i = 0; sample.empty() && i < values.size(); ++i) {
    if (std::isfinite(values[i])) sample.push_back(values[i]);
  }
  std::ranges::sort(sample);
  return sample;
}

// The tail bucket at `distance` ≥ 0 ranges from the core: with r = 1 + distance, its binary exponent and the first bits
// of its mantissa.
std::size_t tail_bucket(double distance) {
  static_assert(BucketLayout::kTailSteps == 16);
  const auto bits = std::bit_cast<std::uint64_t>(1.0 + distance);
  const auto exponent = static_cast<std::size_t>((bits >> 52U) & 0x7ffU) - 1023U;
  const auto step = static_cast<std::size_t>((bits >> 48U) & 0xfU);
  return std::min(exponent * BucketLayout::kTailSteps + step, BucketLayout::kTailBuckets - 1);
}

// Where tail bucket `index` begins, in ranges from the core.
double tail_edge(std::size_t index) {
  const auto steps = static_cast<double>(index % BucketLayout::kTailSteps) / BucketLayout::kTailSteps;
  return std::ldexp(1.0 + steps, static_cast<int>(index / BucketLayout::kTailSteps)) - 1.0;
}

bool is_whole_or_absent(double value) {
  if (!(std::abs(value) < 9e15)) return true;  // no digits behind the point are left there; NaN and ±∞ do not count
  return value == static_cast<double>(static_cast<std::int64_t>(value));
}

}  // namespace

BucketLayout BucketLayout::around(std::span<const double> values) {
  const auto sample = strided_sample(values);
  BucketLayout layout;
  if (sample.empty()) return layout;
  // The sample's range, cut to ten times its interquartile range beyond the quartiles.
  const double lower_quartile = sample[sample.size() / 4];
  const double upper_quartile = sample[sample.size() - 1 - sample.size() / 4];
  const double fence = 10.0 * (upper_quartile - lower_quartile);
  double low = sample.front();
  double high = sample.back();
  if (fence > 0.0) {
    low = std::max(low, lower_quartile - fence);
    high = std::min(high, upper_quartile + fence);
  }
  const double least = std::max(std::abs(low), std::abs(high)) * 1e-9 + 1e-9;
  const double margin = std::max((high / 10.0 - low / 10.0), least);
  layout.low = std::max(low - margin, std::numeric_limits<double>::lowest() / 8);
  layout.high = std::min(high + margin, std::numeric_limits<double>::max() / 8);
  if (!(layout.low < layout.high)) return {};  // the whole sample is at the end of what a double holds
  return layout;
}

std::size_t BucketLayout::bucket_of(double value) const {
  const double range = high - low;
  const double position = (value - low) / range * static_cast<double>(kCoreBuckets);
  if (position >= 0.0 && position < static_cast<double>(kCoreBuckets)) {
    return kTailBuckets + static_cast<std::size_t>(position);
  }
  if (position < 0.0) return kTailBuckets - 1 - tail_bucket((low - value) / range);
  return kTailBuckets + kCoreBuckets + tail_bucket(std::max(0.0, (value - high) / range));
}

double BucketLayout::edge(std::size_t index) const {
  const double range = high - low;
  if (index == 0) return -kInfinity;
  if (index >= kBuckets) return kInfinity;
  if (index < kTailBuckets) return low - range * tail_edge(kTailBuckets - index);
  if (index <= kTailBuckets + kCoreBuckets) {
    return low + range * static_cast<double>(index - kTailBuckets) / static_cast<double>(kCoreBuckets);
  }
  return high + range * tail_edge(index - kTailBuckets - kCoreBuckets);
}

double NumericSummary::sample_standard_deviation() const {
  if (count < 2) return 0.0;
  return std::sqrt(variance * static_cast<double>(count) / static_cast<double>(count - 1));
}

NumericSummary summarise(std::span<const double> values, const BucketLayout& layout) {
  NumericSummary summary;
  summary.rows = static_cast<std::int64_t>(values.size());
  summary.layout = layout;
  summary.buckets.resize(BucketLayout::kBuckets);
  Bucket* const buckets = summary.buckets.data();
  const double centre = layout.low / 2 + layout.high / 2;
  const double scale = static_cast<double>(BucketLayout::kCoreBuckets) / (layout.high - layout.low);
  double minimum = kInfinity;
  double maximum = -kInfinity;
  double squares = 0.0;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  for (const double value : values) {
    const double offset = value - layout.low;
    const double position = offset * scale;
    std::size_t index = 0;
    if (position >= 0.0 && position < static_cast<double>(BucketLayout::kCoreBuckets)) [[likely]] {
      index = BucketLayout::kTailBuckets + static_cast<std::size_t>(position);
    } else if (std::isnan(value)) {
      ++missing;
      continue;
    } else if (std::isinf(value)) {
      ++infinite;
      continue;
    } else {
      index = layout.bucket_of(value);
    }
    Bucket& bucket = buckets[index];
    ++bucket.count;
    bucket.sum += offset;
    minimum = value < minimum ? value : minimum;
    maximum = value > maximum ? value : maximum;
    squares += (value - centre) * (value - centre);
  }
  summary.missing = missing;
  summary.infinite = infinite;
  summary.count = summary.rows - missing - infinite;
  if (summary.count == 0) return summary;

  double total = 0.0;
  for (const auto& bucket : summary.buckets) total += bucket.sum;
  const auto count = static_cast<double>(summary.count);
  summary.minimum = minimum;
  summary.maximum = maximum;
  const double mean_offset = total / count;
  const double off_centre = mean_offset - (centre - layout.low);
  summary.mean = layout.low + mean_offset;
  summary.variance = minimum == maximum ? 0.0 : std::max(0.0, squares / count - off_centre * off_centre);
  summary.all_integers = std::ranges::all_of(values, is_whole_or_absent);
  if (summary.count <= NumericSummary::kKeptValues) {
    summary.sorted_values.reserve(static_cast<std::size_t>(summary.count));
    for (const double value : values) {
      if (std::isfinite(value)) summary.sorted_values.push_back(value);
    }
    std::ranges::sort(summary.sorted_values);
  }
  return summary;
}

}  // namespace ciclo::monitoring::signals
