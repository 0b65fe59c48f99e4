// MLflow model folders holding an ONNX classifier: MLmodel, model.onnx, requirements.txt, conda.yaml, python_env.yaml
// and input_example.json. MLflow's own `mlflow.onnx` flavor reads them; so do Ciclo's endpoints.
//
// Thread safety: plain functions over one folder, used by one process at a time.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "learning/onnx_export.hpp"
#include "platform/duckdb/database.hpp"

namespace ciclo::learning {

struct ModelFolder {
  std::filesystem::path folder;  // made when missing; must not hold an MLmodel already
  std::string artifact_path = "model";
  std::string run_id;              // empty: none
  std::string model_uuid;          // 32 hexadecimal characters
  std::string target;              // the column predicted; kept in the metadata
  Json metadata = Json::object();  // further entries of MLmodel's `metadata`
};

Result<void> write_model(const ModelFolder& request, const Classifier& classifier, const duckdb::Table& example,
                         TimePoint created_at);

struct ModelDescription {
  std::filesystem::path onnx_file;
  std::string run_id;
  std::string model_uuid;
  std::string target;  // from the metadata; may be empty
};

// Reads the MLmodel of a folder with an onnx flavor. Fails with not_found or invalid, naming the file.
Result<ModelDescription> read_model(const std::filesystem::path& folder);

// Whole text into a file, by way of a file beside it, so that no half-written one is left.
Result<void> write_file(const std::filesystem::path& file, std::string_view text);
Result<std::string> read_file(const std::filesystem::path& file, std::uintmax_t max_bytes);

}  // namespace ciclo::learning
