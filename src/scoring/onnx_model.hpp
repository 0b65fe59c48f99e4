// ONNX models in this process, run by ONNX Runtime.
//
// One session a model, one thread a run: the callers' threads are the
// parallelism, so that a small model is not slower here than in ONNX Runtime
// alone. No memory arena: what a large batch needed is given back after it.
//
// Requests that are ready at the same moment are run together (begin_score),
// one after another if that fails. At load a probe compares rows run together
// with the same rows run alone; a model whose rows influence each other never
// gets a batch.
//
// Thread safety: OnnxRuntime and OnnxModel may be used from any thread. The
// OnnxRuntime must outlive its models.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "scoring/model.hpp"
#include "scoring/rows.hpp"

namespace ciclo::scoring {

// The library's process-wide state. Make one at start.
class OnnxRuntime {
 public:
  OnnxRuntime();
  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

 private:
  friend class OnnxModel;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct OnnxModelRequest {
  std::filesystem::path file;
  std::vector<Column> columns;  // of the signature; may be empty
  std::string name;
  std::string version;
};

class OnnxModel final : public Model {
 public:
  // Loads and runs it once with zeros, so that the first request finds it warm.
  // Fails with not_found, invalid (no ONNX model, or types that no request can
  // bring), unsupported (operators this runtime lacks).
  static Result<std::shared_ptr<OnnxModel>> load(OnnxRuntime& runtime, OnnxModelRequest request);
  ~OnnxModel() override;

  const ModelDescription& description() const override;
  Result<ScoreAnswer> score(const ScoreRequest& request) override;
  Result<std::unique_ptr<PendingScore>> begin_score(const ScoreRequest& request) override;
  Result<std::vector<Tensor>> infer(const std::vector<Tensor>& inputs,
                                    std::chrono::steady_clock::time_point deadline) override;
  std::unique_ptr<Exchange> exchange_of(std::vector<Tensor> inputs, std::vector<Tensor> outputs) const override;
  bool is_quick() const override;
  bool is_ready() const override { return true; }
  Json status() const override;

  const InputLayout& layout() const;

 private:
  class Impl;
  class Pending;
  ScoreAnswer answer(bool keep_exchange, std::vector<Tensor> inputs, std::vector<Tensor> outputs) const;
  explicit OnnxModel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace ciclo::scoring
