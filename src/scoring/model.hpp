// A model that answers requests, whatever runs it: ONNX Runtime in this
// process, or Python workers beside it.
//
// Thread safety: every function of a Model may be called from any thread at
// once.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "scoring/tensor.hpp"

namespace ciclo::scoring {

// A raw column that a request brings, as the model's signature names it.
struct Column {
  std::string name;
  DataType type = DataType::float64;
  bool required = true;  // false: a request may leave the column out; it is then
                         // missing in every row
};

struct ModelDescription {
  std::string name;
  std::string version;
  std::string platform;  // "onnxruntime_onnx" or "mlflow_python"
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<Column> columns;  // empty when the model takes tensors only
};

// What a request brought and what the model said to it, kept for collection.
// Rendering is left to the reader, so that it costs nothing on the request's
// path.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Append a JSON array of records, one a row:
  // [{"temp_max":12.8,"wind":4.7},…].
  virtual void append_inputs(std::string& json) const = 0;
  virtual void append_outputs(std::string& json) const = 0;
};

struct ScoreRequest {
  std::string_view body;  // JSON, see docs/formats/scorer-config.md
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool keep_exchange = false;  // fill ScoreAnswer::exchange
};

struct ScoreAnswer {
  std::string body;                    // JSON: the predictions, for classifiers a plain list of labels
  std::unique_ptr<Exchange> exchange;  // null unless asked for
};

// A score() in two halves: what is begun on one thread before the first
// finish() there is computed together.
class PendingScore {
 public:
  virtual ~PendingScore() = default;
  // Call once, on the thread that began it.
  virtual Result<ScoreAnswer> finish() = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelDescription& description() const = 0;

  // Answers rows of raw columns. Fails with invalid when the body does not fit
  // the signature (the message names column, row and what was expected),
  // timeout past the deadline, unavailable when no worker is there, and
  // ErrorCode::internal when the model itself failed: only then is
  // `Error::target` "model".
  virtual Result<ScoreAnswer> score(const ScoreRequest& request) = 0;

  // Begins a score(); the body is not needed after it returns. Null for models
  // that do not gain by it.
  virtual Result<std::unique_ptr<PendingScore>> begin_score(const ScoreRequest& request) = 0;

  // Answers tensors, one per description().inputs in that order; the answer is
  // one per description().outputs. Fails like score(), and with unsupported for
  // models that know no tensors.
  virtual Result<std::vector<Tensor>> infer(const std::vector<Tensor>& inputs,
                                            std::chrono::steady_clock::time_point deadline) = 0;

  // What infer() took and gave, for collection: in the same records as those of
  // score().
  virtual std::unique_ptr<Exchange> exchange_of(std::vector<Tensor> inputs, std::vector<Tensor> outputs) const = 0;

  // True when score() only computes, in microseconds, and never waits.
  virtual bool is_quick() const = 0;
  // False while it cannot answer (every worker is down).
  virtual bool is_ready() const = 0;
  // For the status page: workers, restarts, measured run time …
  virtual Json status() const = 0;
};

// The target of errors that are the model's own (an exception in run(), a
// failing graph), which are answered with 424.
inline constexpr std::string_view model_failure = "model";

}  // namespace ciclo::scoring
