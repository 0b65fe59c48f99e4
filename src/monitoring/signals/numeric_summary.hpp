// What a numeric column looked like, small enough to keep: the counts, the moments, the range, and the values
// themselves while they are few, else how many fell into each of some thousand buckets and their sum.
//
// Every numeric metric is a function of two summaries, so a reference is read once and its summary kept, and a million
// production rows are gone through once, without sorting. For a comparison both sides must use one BucketLayout: that
// of the reference is handed to summarise() for production.
//
// NaN is a missing value. ±infinity is a value that was seen but has no place in a distribution: it is counted apart,
// left out of distances, and out of bounds for data quality.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::monitoring::signals {

// Where the buckets lie: `kCoreBuckets` of equal width from `low` to `high`, and on either side tails in which each
// doubling of the distance has `kTailSteps` buckets, the outermost open. A few outliers thus take no resolution from
// where the values are.
struct BucketLayout {
  static constexpr std::size_t kCoreBuckets = 4096;
  static constexpr std::size_t kTailDoublings = 60;
  static constexpr std::size_t kTailSteps = 16;
  static constexpr std::size_t kTailBuckets = kTailDoublings * kTailSteps;
  static constexpr std::size_t kBuckets = kCoreBuckets + 2 * kTailBuckets;

  double low = 0.0;
  double high = 1.0;

  // Around the bulk of `values` (a strided sample of them decides), with a margin.
  static BucketLayout around(std::span<const double> values);
  // Buckets count from the lowest values up. `value` must be finite.
  std::size_t bucket_of(double value) const;
  // The lower end of bucket `index`; index kBuckets gives the end of the last. The outermost ends are infinite.
  double edge(std::size_t index) const;

  bool operator==(const BucketLayout&) const = default;
};

struct Bucket {
  std::int64_t count = 0;
  double sum = 0.0;  // of value − layout.low, which keeps digits when values are large and close together
};

struct NumericSummary {
  // Up to this many values are kept as they are, and every metric of two such summaries is exact.
  static constexpr std::int64_t kKeptValues = 10'000;

  std::int64_t rows = 0;
  std::int64_t missing = 0;   // NaN
  std::int64_t infinite = 0;  // ±infinity
  std::int64_t count = 0;     // finite values; rows = missing + infinite + count
  double minimum = 0.0;       // of the finite values; 0 without any
  double maximum = 0.0;
  double mean = 0.0;
  double variance = 0.0;  // population (divided by count)
  bool all_integers = false;
  BucketLayout layout;
  std::vector<Bucket> buckets;        // kBuckets of them
  std::vector<double> sorted_values;  // all finite values when they are kept, else empty

  bool keeps_values() const { return static_cast<std::int64_t>(sorted_values.size()) == count; }
  // Divided by count − 1; 0 for fewer than two values.
  double sample_standard_deviation() const;
};

// One pass over `values`.
NumericSummary summarise(std::span<const double> values, const BucketLayout& layout);
inline NumericSummary summarise(std::span<const double> values) {
  return summarise(values, BucketLayout::around(values));
}

// The stored form (docs/monitoring.md): the values while they are kept, else the buckets, sparsely, as [index, count,
// sum]. from_json checks every number, so that what it returns can be compared.
Json to_json(const NumericSummary& summary);
Result<NumericSummary> numeric_summary_from_json(const Json& json);

}  // namespace ciclo::monitoring::signals
