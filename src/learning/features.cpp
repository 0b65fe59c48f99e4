#include "learning/features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.hpp"

namespace ciclo::learning {
namespace {

using duckdb::Column;
using duckdb::ColumnType;

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::real || type == ColumnType::boolean;
}

std::vector<std::string> names_of(const duckdb::Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name());
  return names;
}

Result<Feature> fit_number(const Column& column) {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (const double value = column.number(row); std::isfinite(value)) {
      sum += value;
      count += 1.0;
    }
  }
  if (count == 0.0)
    return fail(ErrorCode::invalid, "the column has no finite number", column.name(), "exclude it with --exclude");
  const double mean = sum / count;
  double squares = 0.0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (const double value = column.number(row); std::isfinite(value)) squares += (value - mean) * (value - mean);
  }
  const double deviation = std::sqrt(squares / count);
  const bool whole = column.type() != ColumnType::real && column.null_count() == 0;
  // Below float resolution of the mean a column is constant for the exported graph.
  const bool constant = deviation <= 1e-7 * std::max(1.0, std::abs(mean));
  return Feature{column.name(), whole ? FeatureKind::integer : FeatureKind::real, mean, constant ? 1.0 : deviation, {}};
}

Result<Feature> fit_category(const Column& column, std::size_t max_categories) {
  std::set<std::string> values;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) values.insert(column.texts()[row]);
    if (values.size() > max_categories) {
      return fail(ErrorCode::invalid, fmt::format("the text column has more than {} different values", max_categories),
                  column.name(), "exclude it with --exclude, or raise --max-categories");
    }
  }
  if (values.empty())
    return fail(ErrorCode::invalid, "the column is empty in every row", column.name(), "exclude it with --exclude");
  Feature feature{column.name(), FeatureKind::category, 0.0, 1.0, {}};
  feature.categories.assign(values.begin(), values.end());
  return feature;
}

Result<Feature> fit_feature(const Column& column, const FeatureOptions& options) {
  if (is_number(column.type())) return fit_number(column);
  if (column.type() == ColumnType::text) return fit_category(column, options.max_categories);
  return fail(ErrorCode::invalid,
              fmt::format("a column of type {} cannot be a feature as it is", duckdb::name_of(column.type())),
              column.name(), "exclude it with --exclude " + column.name() + ", or turn it into a number in the data");
}

void encode_number(const Feature& feature, const Column& column, Eigen::Index at, Matrix& out) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    const double value = column.number(row);
    out(static_cast<Eigen::Index>(row), at) = std::isnan(value) ? 0.0 : (value - feature.mean) / feature.deviation;
  }
}

void encode_category(const Feature& feature, const Column& column, Eigen::Index at, Matrix& out) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    const auto found = std::lower_bound(feature.categories.begin(), feature.categories.end(), column.text(row));
    if (column.is_null(row) || found == feature.categories.end() || *found != column.text(row)) continue;
    out(static_cast<Eigen::Index>(row), at + (found - feature.categories.begin())) = 1.0;
  }
}

}  // namespace

Result<const Column*> require_column(const duckdb::Table& table, const std::string& name) {
  if (const Column* column = table.find(name)) return column;
  const auto near = nearest(name, names_of(table));
  return fail(ErrorCode::not_found, "the data has no such column", name,
              near ? "the nearest is '" + *near + "'" : "it has: " + join(names_of(table), ", "));
}

Result<std::vector<Feature>> fit_features(const duckdb::Table& table, const FeatureOptions& options) {
  CICLO_CHECK(require_column(table, options.target));
  for (const std::string& name : options.exclude) CICLO_CHECK(require_column(table, name));
  std::vector<std::string> names = options.only;
  if (names.empty()) names = names_of(table);
  std::vector<Feature> features;
  for (const std::string& name : names) {
    const bool excluded = std::find(options.exclude.begin(), options.exclude.end(), name) != options.exclude.end();
    if (name == options.target && !options.only.empty())
      return fail(ErrorCode::invalid, "the target cannot be a feature of its own prediction", name);
    if (name == options.target || excluded) continue;
    CICLO_TRY(const Column* column, require_column(table, name));
    CICLO_TRY(Feature feature, fit_feature(*column, options));
    features.push_back(std::move(feature));
  }
  if (features.empty()) return fail(ErrorCode::invalid, "no feature is left beside the target", options.target);
  return features;
}

Result<Matrix> encode(const std::vector<Feature>& features, const duckdb::Table& table) {
  std::size_t width = 0;
  for (const Feature& feature : features) width += feature.width();
  Matrix out = Matrix::Zero(static_cast<Eigen::Index>(table.rows), static_cast<Eigen::Index>(width));
  Eigen::Index at = 0;
  for (const Feature& feature : features) {
    CICLO_TRY(const Column* column, require_column(table, feature.name));
    const bool category = feature.kind == FeatureKind::category;
    if (is_number(column->type()) == category) {
      return fail(ErrorCode::invalid,
                  fmt::format("the column is of type {}, the model was trained on {}", duckdb::name_of(column->type()),
                              category ? "text" : "numbers"),
                  feature.name);
    }
    if (category) {
      encode_category(feature, *column, at, out);
    } else {
      encode_number(feature, *column, at, out);
    }
    at += static_cast<Eigen::Index>(feature.width());
  }
  return out;
}

Result<std::vector<int>> classes_of(const duckdb::Table& table, const std::string& column,
                                    const std::vector<std::string>& labels) {
  CICLO_TRY(const Column* target, require_column(table, column));
  if (const std::size_t missing = target->null_count(); missing > 0) {
    return fail(ErrorCode::invalid, fmt::format("the target is missing in {} rows", missing), column,
                "drop them in prep with --where \"" + column + " IS NOT NULL\"");
  }
  std::map<std::string, int> numbers;
  for (std::size_t i = 0; i < labels.size(); ++i) numbers[labels[i]] = static_cast<int>(i);
  std::vector<int> classes(table.rows, -1);
  for (std::size_t row = 0; row < table.rows; ++row) {
    if (const auto found = numbers.find(target->text(row)); found != numbers.end()) classes[row] = found->second;
  }
  return classes;
}

Result<Target> target_of(const duckdb::Table& table, const std::string& column) {
  CICLO_TRY(const Column* target, require_column(table, column));
  if (target->type() == ColumnType::real) {
    return fail(ErrorCode::invalid, "the target holds real numbers, not classes", column,
                "a classification target is text, integer or boolean");
  }
  std::set<std::string> labels;
  constexpr std::size_t max_classes = 1000;
  for (std::size_t row = 0; row < table.rows; ++row) {
    if (!target->is_null(row)) labels.insert(target->text(row));
    if (labels.size() > max_classes)
      return fail(ErrorCode::too_large, fmt::format("the target has more than {} classes", max_classes), column);
  }
  Target result;
  result.labels.assign(labels.begin(), labels.end());
  CICLO_TRY(result.classes, classes_of(table, column, result.labels));
  if (result.labels.size() < 2)
    return fail(ErrorCode::invalid, "the target needs at least two classes in the training data", column);
  return result;
}

}  // namespace ciclo::learning
