// From raw columns to the numbers a linear model sees, and the rules for it learned from training data. The same rules
// are written into the ONNX graph (onnx_export), so an endpoint takes raw columns.
//
//  - numbers (integer, real, boolean columns): missing values become the training mean; then (x − mean) / standard
//    deviation (population form; a constant column is only centred);
//  - texts: one 0/1 column per value seen in training, in sorted order; missing and unseen values are all zeros.
// Dates and nested types are refused, by name: nothing is derived silently.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "learning/softmax_regression.hpp"
#include "platform/duckdb/database.hpp"

namespace ciclo::learning {

enum class FeatureKind : std::uint8_t {
  real,      // ONNX float
  integer,   // ONNX int64: integer and boolean columns without missing values
  category,  // ONNX string
};

struct Feature {
  std::string name;  // of the raw column
  FeatureKind kind = FeatureKind::real;
  double mean = 0.0;                    // numbers
  double deviation = 1.0;               // numbers; never 0
  std::vector<std::string> categories;  // texts; sorted

  // How many columns of the model's matrix it gives.
  std::size_t width() const { return kind == FeatureKind::category ? categories.size() : 1; }
};

struct FeatureOptions {
  std::string target;
  std::vector<std::string> only;  // empty: every column but the target and `exclude`
  std::vector<std::string> exclude;
  std::size_t max_categories = 100;  // of one text column
};

// Learns the rules. Fails with not_found naming the nearest column, or invalid with the column as target.
Result<std::vector<Feature>> fit_features(const duckdb::Table& table, const FeatureOptions& options);

// rows × Σ width(), the features in their order. Fails when a column is missing or of another
// kind than in training.
Result<Matrix> encode(const std::vector<Feature>& features, const duckdb::Table& table);

// The classes of a target column, sorted as text, and each row's class. Rows without a target are ErrorCode::invalid.
struct Target {
  std::vector<std::string> labels;
  std::vector<int> classes;
};
Result<Target> target_of(const duckdb::Table& table, const std::string& column);
// The same against labels fixed before (a trained model's); rows of another class get −1.
Result<std::vector<int>> classes_of(const duckdb::Table& table, const std::string& column,
                                    const std::vector<std::string>& labels);

// The column, or not_found with the nearest name.
Result<const duckdb::Column*> require_column(const duckdb::Table& table, const std::string& name);

}  // namespace ciclo::learning
