#include "monitoring/signals/quality.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ciclo::monitoring::signals {
namespace {

Score rate(Metric metric, std::int64_t part, std::int64_t rows) {
  Score score;
  score.metric = metric;
  score.method = "share of all rows";
  score.production_count = rows;
  if (rows == 0) {
    score.reason = "production has no rows";
  } else {
    score.value = static_cast<double>(part) / static_cast<double>(rows);
  }
  return score;
}

Score not_computed(Metric metric, std::string_view reason) {
  Score score;
  score.metric = metric;
  score.reason = reason;
  return score;
}

std::int64_t count_missing(std::span<const double> values) {
  std::int64_t missing = 0;
  for (const double value : values) missing += std::isnan(value) ? 1 : 0;
  return missing;
}

}  // namespace

Score null_value_rate(const QualityCounts& counts) {
  return rate(Metric::null_value_rate, counts.missing, counts.rows);
}

Score data_type_error_rate(const QualityCounts& counts) {
  return rate(Metric::data_type_error_rate, counts.type_errors, counts.rows);
}

Score out_of_bounds_rate(const QualityCounts& counts) {
  return rate(Metric::out_of_bounds_rate, counts.out_of_bounds, counts.rows);
}

Score null_value_rate(std::span<const double> values) {
  return rate(Metric::null_value_rate, count_missing(values), static_cast<std::int64_t>(values.size()));
}

Score null_value_rate(const CategoricalColumn& column) {
  const auto size = static_cast<std::int64_t>(column.dictionary.size());
  const auto missing = std::ranges::count_if(column.codes, [&](std::int32_t code) { return code < 0 || code >= size; });
  return rate(Metric::null_value_rate, missing, static_cast<std::int64_t>(column.codes.size()));
}

Score data_type_error_rate(std::span<const ValueType> types, ValueType expected) {
  const auto errors = std::ranges::count_if(types, [&](ValueType type) { return !fits(type, expected); });
  return rate(Metric::data_type_error_rate, errors, static_cast<std::int64_t>(types.size()));
}

Score out_of_bounds_rate(const NumericSummary& reference, std::span<const double> values) {
  if (reference.count == 0) return not_computed(Metric::out_of_bounds_rate, "the reference has no values");
  std::int64_t outside = 0;
  for (const double value : values) outside += value < reference.minimum || value > reference.maximum ? 1 : 0;
  Score score = rate(Metric::out_of_bounds_rate, outside, static_cast<std::int64_t>(values.size()));
  score.reference_count = reference.count;
  return score;
}

Score out_of_bounds_rate(const CategoricalSummary& reference, const CategoricalColumn& column) {
  if (reference.count == 0) return not_computed(Metric::out_of_bounds_rate, "the reference has no values");
  if (reference.others > 0) {
    return not_computed(Metric::out_of_bounds_rate, "the reference has too many categories to keep them all");
  }
  std::vector<std::int64_t> is_new(column.dictionary.size(), 0);
  for (std::size_t i = 0; i < is_new.size(); ++i) {
    is_new[i] = reference.categories.contains(column.dictionary[i]) ? 0 : 1;
  }
  std::int64_t outside = 0;
  const auto size = static_cast<std::int64_t>(is_new.size());
  for (const std::int32_t code : column.codes) {
    if (code >= 0 && code < size) outside += is_new[static_cast<std::size_t>(code)];
  }
  Score score = rate(Metric::out_of_bounds_rate, outside, static_cast<std::int64_t>(column.codes.size()));
  score.reference_count = reference.count;
  return score;
}

}  // namespace ciclo::monitoring::signals
