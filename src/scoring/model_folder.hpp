// What an MLflow model folder says about its model: the file `MLmodel`, its signature and flavours.
//
// Thread safety: pure functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "scoring/model.hpp"

namespace ciclo::scoring {

struct ModelFolder {
  std::filesystem::path folder;
  std::filesystem::path onnx_file;  // empty when the folder has no onnx flavour
  bool has_python_function = false;
  std::vector<Column> columns;      // of a column signature
  std::vector<TensorSpec> tensors;  // of a tensor signature
  std::vector<Column> output_columns;
  std::string run_id;
  std::string model_uuid;
};

// Reads `folder`/MLmodel. Fails with not_found when there is none, invalid (with file and line) when it is malformed.
Result<ModelFolder> read_model_folder(const std::filesystem::path& folder);

// The text of an MLmodel file, for tests and the fuzzer.
Result<ModelFolder> parse_model_file(const std::string& text, const std::string& file_name);

}  // namespace ciclo::scoring
