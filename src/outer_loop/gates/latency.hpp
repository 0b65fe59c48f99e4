// How long a model takes to answer on this machine, measured: a scorer of its own is started on a copy of the model,
// asked one request at a time with a row of the model's input example (or one made from its signature), and ended.
//
// What it means: the time of one request at a time over the loopback, with the machine as busy as it is now.
//
// Thread safety: safe from any thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "outer_loop/endpoints/preparation.hpp"
#include "outer_loop/endpoints/scorer.hpp"
#include "outer_loop/gates/evaluation.hpp"

namespace ciclo::outer_loop {

struct LatencyRequest {
  std::string id;         // different for measurements at the same time
  std::string model_key;  // in the blob store
  Json signature;
  std::size_t requests = 100;
};

class LatencyProbe {
 public:
  virtual ~LatencyProbe() = default;
  // Takes seconds; minutes when a Python environment must be made.
  virtual Result<LatencyEvidence> measure(const LatencyRequest& request) = 0;
};

class ScorerLatencyProbe final : public LatencyProbe {
 public:
  // Works below `root`. `scorers` must outlive it.
  ScorerLatencyProbe(ScorerProcesses& scorers, Preparations::Make make, std::filesystem::path root)
      : scorers_(scorers), make_(std::move(make)), root_(std::move(root)) {}
  Result<LatencyEvidence> measure(const LatencyRequest& request) override;

 private:
  Result<LatencyEvidence> measure_in(const EndpointFolder& folder, const LatencyRequest& request);

  ScorerProcesses& scorers_;
  const Preparations::Make make_;
  const std::filesystem::path root_;
};

// A body for /score: the first row of an MLflow input example, else one row of zeros and empty texts by the signature.
// Null when there is neither.
Json sample_request(const Json& input_example, const Json& signature);
// The value that `percent` of 100 are not above; `times` may not be empty.
double percentile(std::vector<double> times, double percent);

}  // namespace ciclo::outer_loop
