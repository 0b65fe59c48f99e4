#include "scoring/model_folder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/json.hpp"

namespace ciclo::scoring {
namespace {

constexpr std::size_t max_model_file_bytes = 4U << 20U;

// MLflow's column types. Dates and binary columns travel as text.
std::optional<DataType> type_of_column(std::string_view name) {
  static const std::map<std::string_view, DataType> types{{"boolean", DataType::boolean}, {"integer", DataType::int32},
                                                          {"long", DataType::int64},      {"float", DataType::float32},
                                                          {"double", DataType::float64},  {"string", DataType::bytes},
                                                          {"binary", DataType::bytes},    {"datetime", DataType::bytes},
                                                          {"object", DataType::bytes},    {"any", DataType::bytes}};
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

// numpy's names, as tensor signatures use them.
std::optional<DataType> type_of_tensor(std::string_view name) {
  static const std::map<std::string_view, DataType> types{
      {"bool", DataType::boolean},    {"uint8", DataType::uint8},     {"uint16", DataType::uint16},
      {"uint32", DataType::uint32},   {"uint64", DataType::uint64},   {"int8", DataType::int8},
      {"int16", DataType::int16},     {"int32", DataType::int32},     {"int64", DataType::int64},
      {"float16", DataType::float16}, {"float32", DataType::float32}, {"float64", DataType::float64},
      {"str", DataType::bytes},       {"object", DataType::bytes}};
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

Result<void> read_schema_entry(const Json& entry, std::vector<Column>& columns, std::vector<TensorSpec>& tensors) {
  const auto type = text_or(entry, "type");
  if (type == "tensor") {
    const auto& spec = member(entry, "tensor-spec");
    const auto dtype = text_or(spec, "dtype");
    const auto data_type = type_of_tensor(dtype);
    if (!data_type) return fail(ErrorCode::unsupported, fmt::format("the signature has the tensor type '{}'", dtype));
    TensorSpec tensor{text_or(entry, "name"), *data_type, {}};
    for (const auto& size : member(spec, "shape")) {
      if (!size.is_number_integer())
        return fail(ErrorCode::invalid, "the signature has a shape that is no list of whole numbers");
      tensor.shape.push_back(size.get<std::int64_t>());
    }
    tensors.push_back(std::move(tensor));
    return {};
  }
  // Nested types ({"type":"array",…}) reach Python models as they are; no ONNX model of columns has them.
  const auto data_type = type_of_column(type);
  const auto& required = member(entry, "required");
  columns.push_back(
      {text_or(entry, "name"), data_type.value_or(DataType::bytes), !required.is_boolean() || required.get<bool>()});
  return {};
}

Result<void> read_schema(const YAML::Node& node, std::vector<Column>& columns, std::vector<TensorSpec>& tensors) {
  if (!node || !node.IsScalar()) return {};
  CICLO_TRY(const auto entries, parse_json(node.Scalar()));
  if (!entries.is_array()) return fail(ErrorCode::invalid, "the signature is no list of columns");
  for (const auto& entry : entries) CICLO_CHECK(read_schema_entry(entry, columns, tensors));
  // Columns without names are called by their position, as pandas does.
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name.empty()) columns[i].name = std::to_string(i);
  }
  return {};
}

std::string scalar(const YAML::Node& node, const char* key) {
  return node.IsMap() && node[key] && node[key].IsScalar() ? node[key].Scalar() : std::string();
}

Result<ModelFolder> read_document(const YAML::Node& root) {
  if (!root.IsMap()) return fail(ErrorCode::invalid, "this is no MLmodel file: a mapping with 'flavors' was expected");
  ModelFolder model;
  model.run_id = scalar(root, "run_id");
  model.model_uuid = scalar(root, "model_uuid");
  if (const auto flavors = root["flavors"]; flavors && flavors.IsMap()) {
    if (const auto onnx = flavors["onnx"]; onnx && onnx.IsMap()) {
      model.onnx_file = scalar(onnx, "data");
      if (model.onnx_file.empty()) model.onnx_file = "model.onnx";
    }
    model.has_python_function = static_cast<bool>(flavors["python_function"]);
  }
  if (const auto signature = root["signature"]; signature && signature.IsMap()) {
    CICLO_CHECK(read_schema(signature["inputs"], model.columns, model.tensors));
    std::vector<TensorSpec> output_tensors;
    CICLO_CHECK(read_schema(signature["outputs"], model.output_columns, output_tensors));
  }
  return model;
}

}  // namespace

Result<ModelFolder> parse_model_file(const std::string& text, const std::string& file_name) {
  if (text.size() > max_model_file_bytes) return fail(ErrorCode::too_large, "the file is over 4 MiB", file_name);
  try {
    auto model = read_document(YAML::Load(text));
    if (!model) {
      auto error = std::move(model).error();
      if (error.target.empty()) error.target = file_name;
      error.add_context("cannot read the model's description");
      return std::unexpected(std::move(error));
    }
    return model;
  } catch (const YAML::Exception& e) {
    return fail(ErrorCode::invalid, fmt::format("cannot read the model's description: {}", e.msg),
                fmt::format("{}:{}:{}", file_name, e.mark.line + 1, e.mark.column + 1));
  }
}

Result<ModelFolder> read_model_folder(const std::filesystem::path& folder) {
  const auto file = folder / "MLmodel";
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return fail(ErrorCode::not_found, "there is no MLflow model: the file MLmodel is missing", folder.string(),
                "give the folder that holds MLmodel, or an .onnx file");
  }
  std::stringstream text;
  text << in.rdbuf();
  CICLO_TRY(auto model, parse_model_file(text.str(), file.string()));
  model.folder = folder;
  if (!model.onnx_file.empty()) {
    // A model must not reach outside its own folder.
    const auto relative = model.onnx_file.lexically_normal();
    if (relative.is_absolute() || relative.begin()->string() == "..") {
      return fail(ErrorCode::invalid,
                  fmt::format("the onnx flavour's data '{}' lies outside the model", relative.string()), file.string());
    }
    model.onnx_file = folder / relative;
  }
  return model;
}

}  // namespace ciclo::scoring
