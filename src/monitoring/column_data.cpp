#include "monitoring/column_data.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace ciclo::monitoring {
namespace {

using signals::FeatureType;
using signals::ValueType;

constexpr std::array<std::pair<std::string_view, ValueType>, 3> kTypeNames{std::pair{"number", ValueType::number},
                                                                           std::pair{"boolean", ValueType::boolean},
                                                                           std::pair{"text", ValueType::text}};

// A number may stand for a boolean when it is 0 or 1: engines that know no booleans write them so.
bool fits_reference(ValueType seen, double number, ValueType expected) {
  if (expected == ValueType::boolean && (seen == ValueType::integer || seen == ValueType::number)) {
    return number == 0.0 || number == 1.0;
  }
  return signals::fits(seen, expected);
}

ValueType main_type(const CollectedColumn& column) {
  std::array<std::int64_t, 6> counts{};
  for (const ValueType type : column.types) ++counts[static_cast<std::size_t>(type)];
  const auto count = [&](ValueType type) { return counts[static_cast<std::size_t>(type)]; };
  const std::int64_t numbers = count(ValueType::integer) + count(ValueType::number);
  const std::int64_t most =
      std::max({numbers, count(ValueType::boolean), count(ValueType::text), count(ValueType::other)});
  if (most == 0) return ValueType::missing;
  if (most == numbers) return ValueType::number;
  if (most == count(ValueType::text)) return ValueType::text;
  return most == count(ValueType::boolean) ? ValueType::boolean : ValueType::other;
}

std::int64_t out_of_bounds(const ReferenceColumn& reference, const CollectedColumn& column) {
  if (const auto* numeric = std::get_if<signals::NumericSummary>(&reference.summary)) {
    const auto score = signals::out_of_bounds_rate(*numeric, column.numbers);
    return score.value ? std::llround(*score.value * static_cast<double>(column.rows())) : 0;
  }
  const auto categories = categories_of(column, reference.type);
  const auto score =
      signals::out_of_bounds_rate(std::get<signals::CategoricalSummary>(reference.summary), categories.column());
  return score.value ? std::llround(*score.value * static_cast<double>(column.rows())) : 0;
}

}  // namespace

std::string category_of(double number) {
  if (std::abs(number) < 9e15 && number == std::floor(number))
    return fmt::format("{}", static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

const std::vector<double>& numbers_of(const CollectedColumn& column) {
  return column.numbers;
}

signals::CategoryEncoder categories_of(const CollectedColumn& column, ValueType type) {
  signals::CategoryEncoder categories;
  const auto texts = column.texts.column();
  for (std::size_t row = 0; row < column.rows(); ++row) {
    const std::int32_t code = texts.codes[row];
    const double number = column.numbers[row];
    if (code >= 0) {
      categories.add(texts.dictionary[static_cast<std::size_t>(code)]);
    } else if (std::isnan(number)) {
      categories.add_missing();
    } else if (type == ValueType::boolean || column.types[row] == ValueType::boolean) {
      categories.add(number == 1.0 ? "true" : number == 0.0 ? "false" : category_of(number));
    } else {
      categories.add(category_of(number));
    }
  }
  return categories;
}

std::optional<ReferenceColumn> as_reference(const CollectedColumn& column, std::optional<FeatureType> wanted) {
  const ValueType type = main_type(column);
  if (type == ValueType::missing || type == ValueType::other) return std::nullopt;
  const bool numerical = wanted ? *wanted == FeatureType::numerical : type == ValueType::number;
  if (numerical) return ReferenceColumn{ValueType::number, signals::summarise(column.numbers)};
  return ReferenceColumn{type, signals::summarise(categories_of(column, type).column())};
}

signals::QualityCounts quality_of(const ReferenceColumn& reference, const CollectedColumn& column) {
  signals::QualityCounts counts;
  counts.rows = static_cast<std::int64_t>(column.rows());
  for (std::size_t row = 0; row < column.rows(); ++row) {
    const ValueType seen = column.types[row];
    if (seen == ValueType::missing) {
      ++counts.missing;
    } else if (!fits_reference(seen, column.numbers[row], reference.type)) {
      ++counts.type_errors;
    }
  }
  counts.out_of_bounds = out_of_bounds(reference, column);
  return counts;
}

Json to_json(const ReferenceColumns& columns) {
  Json json = Json::object();
  for (const auto& [name, column] : columns) {
    Json entry = std::visit([](const auto& summary) { return signals::to_json(summary); }, column.summary);
    for (const auto& [text, type] : kTypeNames) {
      if (type == column.type) entry["value_type"] = text;
    }
    json[name] = std::move(entry);
  }
  return json;
}

Result<ReferenceColumns> reference_columns_from_json(const Json& json) {
  ReferenceColumns columns;
  for (const auto& [name, entry] : json.items()) {
    ReferenceColumn column;
    for (const auto& [text, type] : kTypeNames) {
      if (text == text_or(entry, "value_type")) column.type = type;
    }
    if (text_or(entry, "type") == "numerical") {
      CICLO_TRY(column.summary, signals::numeric_summary_from_json(entry));
    } else {
      CICLO_TRY(column.summary, signals::categorical_summary_from_json(entry));
    }
    columns[name] = std::move(column);
  }
  return columns;
}

}  // namespace ciclo::monitoring
