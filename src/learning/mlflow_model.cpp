#include "learning/mlflow_model.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <fstream>

#include "base/yaml.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t example_rows = 5;
constexpr std::uintmax_t max_mlmodel_bytes = 4U << 20U;

// The versions a Python user needs to load the model; the format is older than all of them.
constexpr std::string_view mlflow_version = "2.22.0";
constexpr std::string_view requirements = "mlflow>=2.9\nonnx>=1.12\nonnxruntime>=1.14\nnumpy\npandas\n";

std::string_view signature_type(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::real: return "double";
    case FeatureKind::integer: return "long";
    case FeatureKind::category: return "string";
  }
  return "double";
}

Json signature_of(const Classifier& classifier) {
  Json inputs = Json::array();
  for (const Feature& feature : classifier.features)
    inputs.push_back({{"type", signature_type(feature.kind)}, {"name", feature.name}, {"required", true}});
  const Json label = {{"type", "tensor"}, {"name", "label"}, {"tensor-spec", {{"dtype", "str"}, {"shape", {-1}}}}};
  const Json probabilities = {{"type", "tensor"},
                              {"name", "probabilities"},
                              {"tensor-spec", {{"dtype", "float32"}, {"shape", {-1, classifier.labels.size()}}}}};
  // MLflow keeps the schemas as JSON texts inside the YAML.
  return {{"inputs", to_text(inputs)}, {"outputs", to_text(Json::array({label, probabilities}))}, {"params", nullptr}};
}

Json example_of(const Classifier& classifier, const duckdb::Table& table) {
  Json example = {{"columns", Json::array()}, {"data", Json::array()}};
  for (const Feature& feature : classifier.features) example["columns"].push_back(feature.name);
  for (std::size_t row = 0; row < std::min(example_rows, table.rows); ++row) {
    Json values = Json::array();
    for (const Feature& feature : classifier.features) {
      const duckdb::Column* column = table.find(feature.name);
      if (column == nullptr || column->is_null(row)) {
        values.push_back(nullptr);
      } else if (feature.kind == FeatureKind::category) {
        values.push_back(column->text(row));
      } else if (feature.kind == FeatureKind::integer) {
        values.push_back(column->integers()[row]);
      } else {
        values.push_back(column->number(row));
      }
    }
    example["data"].push_back(std::move(values));
  }
  return example;
}

Json mlmodel_of(const ModelFolder& request, const Classifier& classifier, TimePoint created_at, std::size_t bytes) {
  const Json environment = {{"conda", "conda.yaml"}, {"virtualenv", "python_env.yaml"}};
  Json metadata = {{"target", request.target}, {"classes", classifier.labels}, {"trained_by", "ciclo-learn"}};
  merge_patch(metadata, request.metadata);
  Json model = {{"artifact_path", request.artifact_path},
                {"flavors",
                 {{"onnx",
                   {{"code", nullptr},
                    {"data", "model.onnx"},
                    {"onnx_session_options", nullptr},
                    {"onnx_version", "1.12.0"},
                    {"providers", {"CPUExecutionProvider"}}}},
                  {"python_function",
                   {{"data", "model.onnx"},
                    {"env", environment},
                    {"loader_module", "mlflow.onnx"},
                    {"python_version", "3.11.2"}}}}},
                {"metadata", metadata},
                {"mlflow_version", mlflow_version},
                {"model_size_bytes", bytes},
                {"model_uuid", request.model_uuid}};
  if (!request.run_id.empty()) model["run_id"] = request.run_id;
  model["saved_input_example_info"] = {
      {"artifact_path", "input_example.json"}, {"pandas_orient", "split"}, {"type", "dataframe"}};
  model["signature"] = signature_of(classifier);
  model["utc_time_created"] =
      fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::gmtime(std::chrono::system_clock::to_time_t(created_at)),
                  to_unix_ms(created_at) % 1000 * 1000);
  return model;
}

}  // namespace

Result<void> write_file(const fs::path& file, std::string_view text) {
  const fs::path beside = file.string() + ".partial";
  std::error_code error;
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    if (!out.flush()) {
      fs::remove(beside, error);
      return fail(ErrorCode::internal, "the file cannot be written", file.string(), "is the disk full or read-only?");
    }
  }
  fs::rename(beside, file, error);
  if (error) return fail(ErrorCode::internal, "the file cannot be written: " + error.message(), file.string());
  return {};
}

Result<std::string> read_file(const fs::path& file, std::uintmax_t max_bytes) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return fail(ErrorCode::not_found, "there is no such file", file.string());
  if (size > max_bytes) return fail(ErrorCode::too_large, "the file is too large", file.string());
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) return fail(ErrorCode::internal, "the file cannot be read", file.string());
  return text;
}

Result<void> write_model(const ModelFolder& request, const Classifier& classifier, const duckdb::Table& example,
                         TimePoint created_at) {
  std::error_code error;
  fs::create_directories(request.folder, error);
  if (error) {
    return fail(ErrorCode::internal, "the model folder cannot be made: " + error.message(), request.folder.string());
  }
  if (fs::exists(request.folder / "MLmodel", error))
    return fail(ErrorCode::already_exists, "the folder holds a model already", request.folder.string());
  CICLO_TRY(const std::string onnx, to_onnx(classifier));
  const Json conda = {
      {"name", "mlflow-env"},
      {"channels", {"conda-forge"}},
      {"dependencies",
       {"python=3.11", "pip", Json{{"pip", {"mlflow>=2.9", "onnx>=1.12", "onnxruntime>=1.14", "numpy", "pandas"}}}}}};
  const Json python = {
      {"python", "3.11.2"}, {"build_dependencies", {"pip"}}, {"dependencies", {"-r requirements.txt"}}};
  CICLO_CHECK(write_file(request.folder / "model.onnx", onnx));
  CICLO_CHECK(write_file(request.folder / "requirements.txt", requirements));
  CICLO_CHECK(write_file(request.folder / "conda.yaml", write_yaml(conda)));
  CICLO_CHECK(write_file(request.folder / "python_env.yaml", write_yaml(python)));
  CICLO_CHECK(write_file(request.folder / "input_example.json", to_text(example_of(classifier, example))));
  // Last: a folder with an MLmodel is whole.
  return write_file(request.folder / "MLmodel", write_yaml(mlmodel_of(request, classifier, created_at, onnx.size())));
}

Result<ModelDescription> read_model(const fs::path& folder) {
  const fs::path file = folder / "MLmodel";
  CICLO_TRY(const std::string text, read_file(file, max_mlmodel_bytes));
  CICLO_TRY(const YamlDocument document, parse_yaml(text, file.string()));
  const std::string data = text_or(at_pointer(document.value, "/flavors/onnx"), "data");
  if (data.empty()) {
    return fail(ErrorCode::unsupported, "the model has no onnx flavor", file.string(),
                "ciclo-learn evaluates ONNX models");
  }
  const fs::path relative = fs::path(data).lexically_normal();
  if (relative.is_absolute() || relative.begin()->string() == "..")
    return fail(ErrorCode::invalid, "the model's data lies outside its folder", file.string());
  return ModelDescription{folder / relative, text_or(document.value, "run_id"), text_or(document.value, "model_uuid"),
                          text_or(member(document.value, "metadata"), "target")};
}

}  // namespace ciclo::learning
