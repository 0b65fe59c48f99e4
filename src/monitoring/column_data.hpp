// What both sides of a comparison are brought to: summaries of a reference's columns, and a production window's columns
// seen through them.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "monitoring/collected_data.hpp"
#include "monitoring/signals/categorical_summary.hpp"
#include "monitoring/signals/numeric_summary.hpp"
#include "monitoring/signals/quality.hpp"

namespace ciclo::monitoring {

using ColumnSummary = std::variant<signals::NumericSummary, signals::CategoricalSummary>;

struct ReferenceColumn {
  signals::ValueType type = signals::ValueType::number;  // number, boolean or text
  ColumnSummary summary;

  signals::FeatureType feature_type() const {
    return std::holds_alternative<signals::NumericSummary>(summary) ? signals::FeatureType::numerical
                                                                    : signals::FeatureType::categorical;
  }
};
using ReferenceColumns = std::map<std::string, ReferenceColumn, std::less<>>;
using FeatureTypes = std::map<std::string, signals::FeatureType>;

Json to_json(const ReferenceColumns& columns);
Result<ReferenceColumns> reference_columns_from_json(const Json& json);

// Text of a number as a category: the same on both sides.
std::string category_of(double number);

// The numbers of a production column as they compare with a numerical reference: NaN for what is no number.
const std::vector<double>& numbers_of(const CollectedColumn& column);
// The categories of a production column as they compare with a reference of `type`: numbers become text, 0 and 1 stand
// for false and true.
signals::CategoryEncoder categories_of(const CollectedColumn& column, signals::ValueType type);
// A production column as a reference, when production is its own reference. Nothing when it holds no values that can be
// compared (lists, objects, only missing ones).
std::optional<ReferenceColumn> as_reference(const CollectedColumn& column, std::optional<signals::FeatureType> wanted);

signals::QualityCounts quality_of(const ReferenceColumn& reference, const CollectedColumn& column);

}  // namespace ciclo::monitoring
