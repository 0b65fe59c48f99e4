#include "monitoring/signals/numeric_summary.hpp"

#include <algorithm>
#include <array>
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

// The one pass over a column. Four values are taken at a time while all of them are in the core, each into a lane of
// its own, so that no addition waits for the one before: that is six times as fast as one after the other.
class Pass {
 public:
  Pass(const BucketLayout& layout, std::vector<Bucket>& buckets)
      : layout_(layout),
        buckets_(buckets.data()),
        scale_(static_cast<double>(BucketLayout::kCoreBuckets) / (layout.high - layout.low)),
        half_((layout.high - layout.low) / 2) {}

  void add(std::span<const double> values) {
    std::size_t at = 0;
    for (; at + kLanes <= values.size(); at += kLanes) {
      const double* const four = values.data() + at;
      if (is_core(four[0]) && is_core(four[1]) && is_core(four[2]) && is_core(four[3])) [[likely]] {
        for (std::size_t lane = 0; lane < kLanes; ++lane) add_core(lanes_[lane], four[lane]);
      } else {
        for (std::size_t lane = 0; lane < kLanes; ++lane) add_any(four[lane]);
      }
    }
    for (; at < values.size(); ++at) add_any(values[at]);
  }

  std::int64_t missing() const { return missing_; }
  std::int64_t infinite() const { return infinite_; }

  // Moments and range of at least one value.
  void finish(NumericSummary& summary) const {
    double total = 0.0;
    for (const auto& bucket : summary.buckets) total += bucket.sum;
    double squares = 0.0;
    summary.minimum = kInfinity;
    summary.maximum = -kInfinity;
    for (const Lane& lane : lanes_) {
      summary.minimum = std::min(summary.minimum, lane.minimum);
      summary.maximum = std::max(summary.maximum, lane.maximum);
      squares += lane.squares;
    }
    const auto count = static_cast<double>(summary.count);
    const double mean_offset = total / count;
    const double off_centre = mean_offset - half_;
    summary.mean = layout_.low + mean_offset;
    const bool is_constant = summary.minimum == summary.maximum;
    summary.variance = is_constant ? 0.0 : std::max(0.0, squares / count - off_centre * off_centre);
  }

 private:
  static constexpr std::size_t kLanes = 4;
  struct Lane {
    double minimum = kInfinity;
    double maximum = -kInfinity;
    double squares = 0.0;  // of the distance from the core's middle
  };

  // False for NaN too.
  bool is_core(double value) const {
    const double position = (value - layout_.low) * scale_;
    return position >= 0.0 && position < static_cast<double>(BucketLayout::kCoreBuckets);
  }

  void add_core(Lane& lane, double value) {
    const double offset = value - layout_.low;
    // By way of int: to unsigned there is no instruction.
    add_to(buckets_[BucketLayout::kTailBuckets + static_cast<std::size_t>(static_cast<int>(offset * scale_))], lane,
           value);
  }

  void add_any(double value) {
    if (is_core(value)) {
      add_core(lanes_[0], value);
    } else if (std::isnan(value)) {
      ++missing_;
    } else if (std::isinf(value)) {
      ++infinite_;
    } else {
      add_to(buckets_[layout_.bucket_of(value)], lanes_[0], value);
    }
  }

  void add_to(Bucket& bucket, Lane& lane, double value) {
    const double offset = value - layout_.low;
    ++bucket.count;
    bucket.sum += offset;
    lane.minimum = std::min(lane.minimum, value);
    lane.maximum = std::max(lane.maximum, value);
    lane.squares += (offset - half_) * (offset - half_);
  }

  BucketLayout layout_;
  Bucket* buckets_;
  double scale_;
  double half_;
  std::array<Lane, kLanes> lanes_{};
  std::int64_t missing_ = 0;
  std::int64_t infinite_ = 0;
};

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
  Pass pass(layout, summary.buckets);
  pass.add(values);
  summary.missing = pass.missing();
  summary.infinite = pass.infinite();
  summary.count = summary.rows - summary.missing - summary.infinite;
  if (summary.count == 0) return summary;
  pass.finish(summary);
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
