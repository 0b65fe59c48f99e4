// A classifier in an ONNX file, run by ONNX Runtime on tables of raw columns: what evaluation scores with, so that what
// is measured is what an endpoint serves.
//
// Takes graphs as onnx_export writes them: one input per raw column, shape [rows, 1]; a float matrix of probabilities
// and the class names in the metadata.
//
// Thread safety: one thread at a time. Ownership: holds the runtime's session.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "learning/softmax_regression.hpp"
#include "platform/duckdb/database.hpp"

namespace ciclo::learning {

class OnnxClassifier {
 public:
  // Fails with not_found, or invalid when the file is no such classifier.
  static Result<OnnxClassifier> load(const std::filesystem::path& file);
  ~OnnxClassifier();
  OnnxClassifier(OnnxClassifier&&) noexcept;
  OnnxClassifier& operator=(OnnxClassifier&&) noexcept;

  const std::vector<std::string>& labels() const;
  // The names of the raw columns.
  const std::vector<std::string>& inputs() const;
  // rows × labels. Fails when a column is missing, or text where a number belongs.
  Result<Matrix> probabilities(const duckdb::Table& table);

 private:
  struct Impl;
  explicit OnnxClassifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ciclo::learning
