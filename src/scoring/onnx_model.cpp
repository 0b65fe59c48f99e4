#include "scoring/onnx_model.hpp"

#include <fmt/format.h>
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "scoring/predictions.hpp"

namespace ciclo::scoring {

class OnnxRuntime::Impl {
 public:
  // Warnings about unused initializers are of no use to those who run a model that was given to them.
  Ort::Env env{ORT_LOGGING_LEVEL_ERROR, "ciclo"};
};

OnnxRuntime::OnnxRuntime() : impl_(std::make_unique<Impl>()) {}
OnnxRuntime::~OnnxRuntime() = default;

namespace {

struct TypePair {
  DataType ours;
  ONNXTensorElementDataType theirs;
};
constexpr std::array<TypePair, 14> type_pairs{{{DataType::boolean, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
                                               {DataType::uint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
                                               {DataType::uint16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
                                               {DataType::uint32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
                                               {DataType::uint64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
                                               {DataType::int8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
                                               {DataType::int16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
                                               {DataType::int32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
                                               {DataType::int64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
                                               {DataType::float16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
                                               {DataType::float32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
                                               {DataType::float64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
                                               {DataType::bfloat16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16},
                                               {DataType::bytes, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING}}};

std::optional<DataType> data_type_of(ONNXTensorElementDataType type) {
  const auto* found = std::ranges::find(type_pairs, type, &TypePair::theirs);
  return found == type_pairs.end() ? std::nullopt : std::optional(found->ours);
}
ONNXTensorElementDataType onnx_type_of(DataType type) {
  return std::ranges::find(type_pairs, type, &TypePair::ours)->theirs;
}

Result<TensorSpec> spec_of(std::string name, const Ort::TypeInfo& info) {
  if (info.GetONNXType() != ONNX_TYPE_TENSOR) {
    return fail(ErrorCode::unsupported, fmt::format("'{}' is no tensor", name), "model",
                "export classifiers without ZipMap, so that probabilities are a tensor");
  }
  const auto tensor = info.GetTensorTypeAndShapeInfo();
  const auto type = data_type_of(tensor.GetElementType());
  if (!type)
    return fail(ErrorCode::unsupported, fmt::format("'{}' has an element type that no request can bring", name),
                "model");
  return TensorSpec{std::move(name), *type, tensor.GetShape()};
}

Ort::Value value_of(const Ort::MemoryInfo& memory, const Tensor& tensor) {
  if (tensor.type != DataType::bytes) {
    // ONNX Runtime does not write to inputs; its interface only lacks the const.
    return Ort::Value::CreateTensor(memory, const_cast<char*>(tensor.raw.data()), tensor.raw.size(),
                                    tensor.shape.data(), tensor.shape.size(), onnx_type_of(tensor.type));
  }
  Ort::AllocatorWithDefaultOptions allocator;
  auto value = Ort::Value::CreateTensor(allocator, tensor.shape.data(), tensor.shape.size(),
                                        ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
  for (std::size_t i = 0; i < tensor.strings.size(); ++i) {
    const auto& text = tensor.strings[i];
    char* to = value.GetResizedStringTensorElementBuffer(i, text.size());
    std::memcpy(to, text.data(), text.size());
  }
  return value;
}

Result<Tensor> tensor_of(const Ort::Value& value, const TensorSpec& spec) {
  if (!value.IsTensor())
    return fail(ErrorCode::internal, fmt::format("the output '{}' has no value", spec.name),
                std::string(model_failure));
  const auto info = value.GetTensorTypeAndShapeInfo();
  Tensor tensor;
  tensor.type = spec.type;
  tensor.shape = info.GetShape();
  const auto count = info.GetElementCount();
  if (spec.type != DataType::bytes) {
    tensor.raw.assign(static_cast<const char*>(value.GetTensorRawData()), count * size_of(spec.type));
    return tensor;
  }
  tensor.strings.reserve(count);
  for (std::size_t i = 0; i < count; ++i) tensor.strings.push_back(value.GetStringTensorElement(i));
  return tensor;
}

ErrorCode code_of(const Ort::Exception& e) {
  switch (e.GetOrtErrorCode()) {
    case ORT_NO_SUCHFILE: return ErrorCode::not_found;
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_INVALID_ARGUMENT: return ErrorCode::invalid;
    case ORT_NOT_IMPLEMENTED: return ErrorCode::unsupported;
    default: return ErrorCode::internal;
  }
}

}  // namespace

class OnnxModel::Impl {
 public:
  explicit Impl(Ort::Session session) : session_(std::move(session)) {}

  Result<void> describe(const OnnxModelRequest& request) {
    input_names_ = session_.GetInputNames();
    output_names_ = session_.GetOutputNames();
    for (std::size_t i = 0; i < input_names_.size(); ++i) {
      CICLO_TRY(auto spec, spec_of(input_names_[i], session_.GetInputTypeInfo(i)));
      description_.inputs.push_back(std::move(spec));
    }
    for (std::size_t i = 0; i < output_names_.size(); ++i) {
      CICLO_TRY(auto spec, spec_of(output_names_[i], session_.GetOutputTypeInfo(i)));
      description_.outputs.push_back(std::move(spec));
    }
    for (const auto& name : input_names_) input_pointers_.push_back(name.c_str());
    for (const auto& name : output_names_) output_pointers_.push_back(name.c_str());
    description_.name = request.name;
    description_.version = request.version;
    description_.platform = "onnxruntime_onnx";
    CICLO_TRY(layout_, make_layout(description_.inputs, request.columns));
    description_.columns = layout_.columns;
    return {};
  }

  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) const {
    try {
      std::vector<Ort::Value> values;
      values.reserve(inputs.size());
      for (const auto& input : inputs) values.push_back(value_of(memory_, input));
      std::vector<Ort::Value> results;
      results.reserve(output_pointers_.size());
      for (std::size_t i = 0; i < output_pointers_.size(); ++i) results.emplace_back(nullptr);
      // Run() is safe from many threads; only the C++ interface lacks the const.
      const_cast<Ort::Session&>(session_).Run(run_options_, input_pointers_.data(), values.data(), values.size(),
                                              output_pointers_.data(), results.data(), results.size());
      std::vector<Tensor> outputs;
      outputs.reserve(results.size());
      for (std::size_t i = 0; i < results.size(); ++i) {
        CICLO_TRY(auto tensor, tensor_of(results[i], description_.outputs[i]));
        outputs.push_back(std::move(tensor));
      }
      return outputs;
    } catch (const Ort::Exception& e) {
      return fail(e.GetOrtErrorCode() == ORT_INVALID_ARGUMENT ? ErrorCode::invalid : ErrorCode::internal,
                  fmt::format("the model failed: {}", e.what()), std::string(model_failure));
    }
  }

  // One run over zeros. Models may refuse zeros (a lookup that has no such key): that is no reason to refuse them.
  void warm_up() {
    std::vector<Tensor> zeros;
    for (const auto& input : description_.inputs) {
      auto shape = input.shape;
      for (auto& size : shape) size = size < 0 ? 1 : size;
      if (element_count(shape).value_or(1U << 30U) > (1U << 26U)) return;
      zeros.emplace_back(input.type, shape);
    }
    for (int i = 0; i < 2; ++i) {
      const auto start = std::chrono::steady_clock::now();
      if (!run(zeros)) return;
      run_time_ = std::chrono::steady_clock::now() - start;
    }
  }

  Ort::Session session_;
  Ort::RunOptions run_options_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  std::vector<std::string> input_names_;
  std::vector<std::string> output_names_;
  std::vector<const char*> input_pointers_;
  std::vector<const char*> output_pointers_;
  ModelDescription description_;
  InputLayout layout_;
  std::chrono::nanoseconds run_time_{};
};

Result<std::shared_ptr<OnnxModel>> OnnxModel::load(OnnxRuntime& runtime, OnnxModelRequest request) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(request.file, ignored))
    return fail(ErrorCode::not_found, "there is no ONNX model here", request.file.string());
  try {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.SetInterOpNumThreads(1);
    options.SetExecutionMode(ORT_SEQUENTIAL);
    options.DisableCpuMemArena();
    options.DisableMemPattern();
    auto impl = std::make_shared<Impl>(Ort::Session(runtime.impl_->env, request.file.c_str(), options));
    if (auto described = impl->describe(request); !described) {
      auto error = std::move(described).error();
      error.add_context("cannot serve " + request.file.string());
      return std::unexpected(std::move(error));
    }
    impl->warm_up();
    return std::shared_ptr<OnnxModel>(new OnnxModel(std::move(impl)));
  } catch (const Ort::Exception& e) {
    return fail(code_of(e), fmt::format("cannot load the ONNX model: {}", e.what()), request.file.string());
  }
}

OnnxModel::~OnnxModel() = default;

namespace {

class OnnxExchange final : public Exchange {
 public:
  // `layout` and `description` point into `owner`, which they keep alive.
  OnnxExchange(std::shared_ptr<const InputLayout> layout, std::shared_ptr<const ModelDescription> description,
               std::vector<Tensor> inputs, std::vector<Tensor> outputs)
      : layout_(std::move(layout)),
        description_(std::move(description)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)) {}
  void append_inputs(std::string& json) const override { append_input_records(json, *layout_, inputs_); }
  void append_outputs(std::string& json) const override {
    append_output_records(json, description_->outputs, outputs_);
  }

 private:
  std::shared_ptr<const InputLayout> layout_;
  std::shared_ptr<const ModelDescription> description_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
};

}  // namespace

const ModelDescription& OnnxModel::description() const {
  return impl_->description_;
}
const InputLayout& OnnxModel::layout() const {
  return impl_->layout_;
}

Result<ScoreAnswer> OnnxModel::score(const ScoreRequest& request) {
  CICLO_TRY(auto inputs, read_rows(request.body, impl_->layout_));
  CICLO_TRY(auto outputs, impl_->run(inputs));
  ScoreAnswer answer;
  append_predictions(answer.body, impl_->description_.outputs, outputs);
  if (request.keep_exchange) answer.exchange = exchange_of(std::move(inputs), std::move(outputs));
  return answer;
}

Result<std::vector<Tensor>> OnnxModel::infer(const std::vector<Tensor>& inputs,
                                             std::chrono::steady_clock::time_point /*deadline*/) {
  return impl_->run(inputs);
}

std::unique_ptr<Exchange> OnnxModel::exchange_of(std::vector<Tensor> inputs, std::vector<Tensor> outputs) const {
  return std::make_unique<OnnxExchange>(std::shared_ptr<const InputLayout>(impl_, &impl_->layout_),
                                        std::shared_ptr<const ModelDescription>(impl_, &impl_->description_),
                                        std::move(inputs), std::move(outputs));
}

bool OnnxModel::is_quick() const {
  // Above this a run would hold up the other connections of its I/O thread.
  constexpr std::chrono::microseconds limit{500};
  return impl_->run_time_.count() > 0 && impl_->run_time_ < limit;
}

Json OnnxModel::status() const {
  return Json{{"run_time_us", std::chrono::duration<double, std::micro>(impl_->run_time_).count()}};
}

}  // namespace ciclo::scoring
