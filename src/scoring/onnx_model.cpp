#include "scoring/onnx_model.hpp"

#include <fmt/format.h>
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "scoring/batch.hpp"
#include "scoring/predictions.hpp"

namespace ciclo::scoring {

class OnnxRuntime::Impl {
 public:
  // Warnings about unused initializers are of no use to those who run a model
  // that was given to them.
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
                "export classifiers without ZipMap, so that probabilities are "
                "a tensor");
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
    // ONNX Runtime does not write to inputs; its interface only lacks the
    // const.
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

namespace {

template <class T>
bool is_near_as(const Tensor& a, const Tensor& b) {
  constexpr double tolerance = 1e-4;
  return std::ranges::equal(a.values<T>(), b.values<T>(), [](T x, T y) {
    const double gap = std::abs(static_cast<double>(x) - static_cast<double>(y));
    return x == y || (std::isnan(x) && std::isnan(y)) ||
           gap <= tolerance * std::max(1.0, std::abs(static_cast<double>(x)));
  });
}

bool is_near(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) {
    if (x.shape != y.shape || x.strings != y.strings) return false;
    if (x.type == DataType::float32) return is_near_as<float>(x, y);
    if (x.type == DataType::float64) return is_near_as<double>(x, y);
    return x.raw == y.raw;
  });
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
      // Run() is safe from many threads; only the C++ interface lacks the
      // const.
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

  // One run over zeros. Models may refuse zeros (a lookup that has no such
  // key): that is no reason to refuse them.
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

  // Whether rows are answered alike together and alone. Compared on two
  // different rows, with the tolerance that another order of sums needs.
  void probe_batching() {
    if (layout_.form == InputLayout::Form::tensors) return;
    Batch batch;
    std::vector<Result<std::vector<Tensor>>> alone;
    for (const int row : {0, 1}) {
      auto inputs = probe_row(row);
      alone.push_back(run(inputs));
      batch.add(std::move(inputs));
    }
    bool together = true;
    int runs = 0;
    batch.run([&](const std::vector<Tensor>& inputs) {
      together = together && ++runs == 1;
      return run(inputs);
    });
    can_batch_ = together && alone[0] && alone[1] && is_near(*alone[0], *batch.take_outputs(0)) &&
                 is_near(*alone[1], *batch.take_outputs(1));
  }

  std::vector<Tensor> probe_row(int row) const {
    std::vector<Tensor> tensors;
    for (const auto& input : description_.inputs) {
      auto shape = input.shape;
      shape[0] = 1;
      if (shape.size() == 2 && shape[1] < 0) shape[1] = static_cast<std::int64_t>(layout_.columns.size());
      Tensor tensor(input.type, shape);
      for (auto& text : tensor.strings) text = row == 0 ? "" : "x";
      if (input.type == DataType::float32) std::ranges::fill(tensor.values<float>(), static_cast<float>(row));
      if (input.type == DataType::float64) std::ranges::fill(tensor.values<double>(), row);
      if (input.type == DataType::int64) std::ranges::fill(tensor.values<std::int64_t>(), row);
      if (input.type == DataType::int32) std::ranges::fill(tensor.values<std::int32_t>(), row);
      tensors.push_back(std::move(tensor));
    }
    return tensors;
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
  bool can_batch_ = false;
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
    impl->probe_batching();
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
  return answer(request.keep_exchange, std::move(inputs), std::move(outputs));
}

ScoreAnswer OnnxModel::answer(bool keep_exchange, std::vector<Tensor> inputs, std::vector<Tensor> outputs) const {
  ScoreAnswer answer;
  append_predictions(answer.body, impl_->description_.outputs, outputs);
  if (keep_exchange) answer.exchange = exchange_of(std::move(inputs), std::move(outputs));
  return answer;
}

// Makes the answer of one request from what the model gave.
class OnnxModel::Pending final : public PendingScore {
 public:
  Pending(const OnnxModel& model, std::shared_ptr<Batch> batch, std::size_t entry, bool keep_exchange)
      : impl_(model.impl_), batch_(std::move(batch)), entry_(entry), keep_exchange_(keep_exchange) {}

  Result<ScoreAnswer> finish() override {
    if (!batch_->has_run()) {
      if (open_batch(*impl_) == batch_) open_batch(*impl_).reset();
      batch_->run([&](const std::vector<Tensor>& inputs) { return impl_->run(inputs); });
    }
    CICLO_TRY(auto outputs, batch_->take_outputs(entry_));
    return OnnxModel(impl_).answer(keep_exchange_, batch_->take_inputs(entry_), std::move(outputs));
  }

  // The calling thread's batch that still takes requests, of one model at a
  // time: another model closes it.
  static std::shared_ptr<Batch>& open_batch(const Impl& impl) {
    thread_local const Impl* owner = nullptr;
    thread_local std::shared_ptr<Batch> batch;
    if (owner != &impl) batch.reset();
    owner = &impl;
    return batch;
  }

 private:
  std::shared_ptr<Impl> impl_;
  std::shared_ptr<Batch> batch_;
  std::size_t entry_;
  bool keep_exchange_;
};

Result<std::unique_ptr<PendingScore>> OnnxModel::begin_score(const ScoreRequest& request) {
  if (!impl_->can_batch_) return nullptr;
  CICLO_TRY(auto inputs, read_rows(request.body, impl_->layout_));
  const bool is_small = inputs.front().shape[0] <= static_cast<std::int64_t>(Batch::max_rows_of_entry);
  auto& open = Pending::open_batch(*impl_);
  auto batch = is_small ? open : std::make_shared<Batch>();
  if (!batch || batch->is_full()) batch = open = std::make_shared<Batch>();
  const auto entry = batch->add(std::move(inputs));
  return std::make_unique<Pending>(*this, std::move(batch), entry, request.keep_exchange);
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
  return Json{{"run_time_us", std::chrono::duration<double, std::micro>(impl_->run_time_).count()},
              {"batches", impl_->can_batch_}};
}

}  // namespace ciclo::scoring
