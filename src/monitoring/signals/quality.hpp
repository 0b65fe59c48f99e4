// Data quality: how much of a window is missing, of the wrong type, or outside of what the reference has.
//
// All three rates have the same denominator, the rows of the window, so that they can be added up: a row's value is
// missing, or of the wrong type, or out of bounds, or good. No rows: no score.
//
//  null_value_rate       missing values / rows
//  data_type_error_rate  values whose type is not the reference's / rows
//  out_of_bounds_rate    numerical: values below the reference's least or above its greatest, ±infinity included;
//                        categorical: values in a category that the reference lacks; / rows
// (As Azure ML defines its data quality metrics.)
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "monitoring/signals/categorical_summary.hpp"
#include "monitoring/signals/metric.hpp"
#include "monitoring/signals/numeric_summary.hpp"

namespace ciclo::monitoring::signals {

// The type of one value as it was collected.
enum class ValueType : std::uint8_t { missing, integer, number, boolean, text, other };

// Whether a value of type `seen` may stand in a column of type `expected`: an integer may stand for a number.
constexpr bool fits(ValueType seen, ValueType expected) {
  return seen == ValueType::missing || seen == expected ||
         (seen == ValueType::integer && expected == ValueType::number);
}

// What is counted of a window, before it becomes a rate.
struct QualityCounts {
  std::int64_t rows = 0;
  std::int64_t missing = 0;
  std::int64_t type_errors = 0;
  std::int64_t out_of_bounds = 0;
};

Score null_value_rate(const QualityCounts& counts);
Score data_type_error_rate(const QualityCounts& counts);
Score out_of_bounds_rate(const QualityCounts& counts);

Score null_value_rate(std::span<const double> values);
Score null_value_rate(const CategoricalColumn& column);
Score data_type_error_rate(std::span<const ValueType> types, ValueType expected);
// The reference's own bounds. A reference without values has none: no score.
Score out_of_bounds_rate(const NumericSummary& reference, std::span<const double> values);
// The categories of the reference must all be kept (CategoricalSummary::others == 0): else no score.
Score out_of_bounds_rate(const CategoricalSummary& reference, const CategoricalColumn& column);

}  // namespace ciclo::monitoring::signals
