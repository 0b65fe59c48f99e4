#include "learning/onnx_classifier.hpp"

#include <fmt/format.h>
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "learning/features.hpp"

namespace ciclo::learning {
namespace {

constexpr std::size_t batch_rows = 4096;

}  // namespace

struct OnnxClassifier::Impl {
  // Holds one batch of one column in the form its tensor points to.
  struct Buffer {
    std::vector<float> floats;
    std::vector<std::int64_t> integers;
    std::vector<const char*> texts;
    std::vector<std::string> kept;
  };

  Ort::Env environment{ORT_LOGGING_LEVEL_ERROR, "ciclo-learn"};
  Ort::Session session{nullptr};
  std::vector<std::string> labels;
  std::vector<std::string> inputs;
  std::vector<ONNXTensorElementDataType> types;

  Result<void> open(const std::filesystem::path& file);
  Result<Ort::Value> tensor(const duckdb::Column& column, std::size_t input, std::size_t from, std::size_t rows,
                            Buffer& buffer) const;
  Result<void> score(const std::vector<const duckdb::Column*>& columns, std::size_t from, std::size_t rows,
                     Matrix& out);
};

Result<void> OnnxClassifier::Impl::open(const std::filesystem::path& file) {
  try {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    session = Ort::Session(environment, file.c_str(), options);
    const Ort::AllocatorWithDefaultOptions allocator;
    for (std::size_t i = 0; i < session.GetInputCount(); ++i) {
      inputs.emplace_back(session.GetInputNameAllocated(i, allocator).get());
      types.push_back(session.GetInputTypeInfo(i).GetTensorTypeAndShapeInfo().GetElementType());
    }
    const auto classes = session.GetModelMetadata().LookupCustomMetadataMapAllocated("classes", allocator);
    if (!classes) return fail(ErrorCode::invalid, "the ONNX model does not say its classes", file.string());
    CICLO_TRY(const Json names, parse_json(classes.get()));
    for (const Json& name : names) labels.push_back(name.is_string() ? name.get<std::string>() : "");
  } catch (const Ort::Exception& error) {
    return fail(ErrorCode::invalid, std::string("the ONNX model cannot be loaded: ") + error.what(), file.string());
  }
  return {};
}

Result<Ort::Value> OnnxClassifier::Impl::tensor(const duckdb::Column& column, std::size_t input, std::size_t from,
                                                std::size_t rows, Buffer& buffer) const {
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), 1};
  if (types[input] == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    for (std::size_t row = from; row < from + rows; ++row) buffer.kept.push_back(column.text(row));
    for (const std::string& text : buffer.kept) buffer.texts.push_back(text.c_str());
    Ort::AllocatorWithDefaultOptions allocator;
    Ort::Value value = Ort::Value::CreateTensor(allocator, shape, 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
    value.FillStringTensor(buffer.texts.data(), rows);
    return value;
  }
  const bool whole = types[input] == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
  for (std::size_t row = from; row < from + rows; ++row) {
    const double number = column.number(row);
    if ((std::isnan(number) && !column.is_null(row) && column.type() == duckdb::ColumnType::text) ||
        (whole && !std::isfinite(number))) {
      return fail(ErrorCode::invalid,
                  fmt::format("row {} holds no {}, which the model needs", row + 1, whole ? "whole number" : "number"),
                  column.name());
    }
    if (whole) {
      buffer.integers.push_back(std::llround(number));
    } else {
      buffer.floats.push_back(static_cast<float>(number));
    }
  }
  if (whole) return Ort::Value::CreateTensor<std::int64_t>(memory, buffer.integers.data(), rows, shape, 2);
  return Ort::Value::CreateTensor<float>(memory, buffer.floats.data(), rows, shape, 2);
}

Result<void> OnnxClassifier::Impl::score(const std::vector<const duckdb::Column*>& columns, std::size_t from,
                                         std::size_t rows, Matrix& out) {
  std::vector<Buffer> buffers(columns.size());
  std::vector<Ort::Value> values;
  std::vector<const char*> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    CICLO_TRY(Ort::Value value, tensor(*columns[i], i, from, rows, buffers[i]));
    values.push_back(std::move(value));
    names.push_back(inputs[i].c_str());
  }
  const char* const wanted[] = {"probabilities"};
  const auto answers = session.Run(Ort::RunOptions{nullptr}, names.data(), values.data(), values.size(), wanted, 1);
  const float* scores = answers[0].GetTensorData<float>();
  const auto shape = answers[0].GetTensorTypeAndShapeInfo().GetShape();
  if (shape != std::vector<std::int64_t>{static_cast<std::int64_t>(rows), out.cols()})
    return fail(ErrorCode::invalid, "the model's probabilities do not match its classes");
  for (std::size_t i = 0; i < rows * labels.size(); ++i)
    out.data()[from * labels.size() + i] = static_cast<double>(scores[i]);
  return {};
}

OnnxClassifier::OnnxClassifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnnxClassifier::~OnnxClassifier() = default;
OnnxClassifier::OnnxClassifier(OnnxClassifier&&) noexcept = default;
OnnxClassifier& OnnxClassifier::operator=(OnnxClassifier&&) noexcept = default;

Result<OnnxClassifier> OnnxClassifier::load(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    return fail(ErrorCode::not_found, "there is no such model file", file.string());
  auto impl = std::make_unique<Impl>();
  CICLO_CHECK(impl->open(file));
  return OnnxClassifier(std::move(impl));
}

const std::vector<std::string>& OnnxClassifier::labels() const {
  return impl_->labels;
}
const std::vector<std::string>& OnnxClassifier::inputs() const {
  return impl_->inputs;
}

Result<Matrix> OnnxClassifier::probabilities(const duckdb::Table& table) {
  std::vector<const duckdb::Column*> columns;
  for (const std::string& name : impl_->inputs) {
    CICLO_TRY(const duckdb::Column* column, require_column(table, name));
    columns.push_back(column);
  }
  Matrix out(static_cast<Eigen::Index>(table.rows), static_cast<Eigen::Index>(impl_->labels.size()));
  try {
    for (std::size_t from = 0; from < table.rows; from += batch_rows)
      CICLO_CHECK(impl_->score(columns, from, std::min(batch_rows, table.rows - from), out));
  } catch (const Ort::Exception& error) {
    return fail(ErrorCode::invalid, std::string("the model cannot score these rows: ") + error.what());
  }
  return out;
}

}  // namespace ciclo::learning
