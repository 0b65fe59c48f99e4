// Models that only Python can run: MLflow's python_function flavour, and
// score.py with init() and run().
//
// Each worker is a process of the deployment's own interpreter that runs
// python_worker.py (built into this program), loads the model once, and answers
// one request at a time over a socket pair. Free workers take the next request,
// so none is idle while another queues. A worker that dies is started again
// after a growing pause; workers die with this process.
//
// Thread safety: safe from any thread. score() blocks its thread until the
// answer is there.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "scoring/model.hpp"
#include "scoring/settings.hpp"

namespace ciclo::scoring {

struct PythonModelRequest {
  DeploymentSettings deployment;
  ModelDescription description;  // from the MLmodel file; columns may be empty
};

class PythonModel final : public Model {
 public:
  // Starts the workers and waits until all have loaded the model. Fails with
  // invalid or internal and the end of the Python traceback when the model
  // cannot be loaded, not_found without the interpreter, timeout past
  // start_timeout.
  static Result<std::shared_ptr<PythonModel>> load(PythonModelRequest request);
  ~PythonModel() override;

  const ModelDescription& description() const override;
  Result<ScoreAnswer> score(const ScoreRequest& request) override;
  Result<std::unique_ptr<PendingScore>> begin_score(const ScoreRequest&) override { return nullptr; }
  Result<std::vector<Tensor>> infer(const std::vector<Tensor>& inputs,
                                    std::chrono::steady_clock::time_point deadline) override;
  std::unique_ptr<Exchange> exchange_of(std::vector<Tensor>, std::vector<Tensor>) const override { return nullptr; }
  bool is_quick() const override { return false; }
  bool is_ready() const override;
  Json status() const override;

 private:
  class Impl;
  explicit PythonModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ciclo::scoring
