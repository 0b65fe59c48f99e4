// A deployment: one loaded model with the limits, counters and collection settings it serves under.
//
// Thread safety: safe from any thread; settings() and model() do not change once loaded.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "scoring/admission.hpp"
#include "scoring/model.hpp"
#include "scoring/onnx_model.hpp"
#include "scoring/settings.hpp"

namespace ciclo::scoring {

// Counters of one deployment name. They outlive reloads, so that rates do not jump.
struct DeploymentMetrics {
  // Upper bounds of the latency histogram, in microseconds.
  static constexpr std::array<std::uint32_t, 14> latency_bounds_us{
      50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000, 5'000'000};
  void count(int status, std::chrono::nanoseconds duration);

  std::array<std::atomic<std::uint64_t>, 6> by_class{};  // [2]: 2xx
  std::array<std::atomic<std::uint64_t>, latency_bounds_us.size() + 1> latency{};
  std::atomic<std::uint64_t> latency_sum_ns{0};
  std::atomic<std::uint64_t> model_failures{0};
  std::atomic<std::uint64_t> shadow_requests{0};
};

class Deployment {
 public:
  // Loads the model: ONNX where the folder holds it (unless the flavour says otherwise), else Python workers. Blocks
  // until the first request can be answered. Fails as the models do.
  static Result<std::shared_ptr<Deployment>> load(OnnxRuntime& runtime, DeploymentSettings settings,
                                                  std::shared_ptr<DeploymentMetrics> metrics);

  const DeploymentSettings& settings() const { return settings_; }
  const std::string& name() const { return settings_.name; }
  Model& model() const { return *model_; }
  Admission& admission() { return admission_; }
  DeploymentMetrics& metrics() const { return *metrics_; }
  std::chrono::nanoseconds load_time() const { return load_time_; }
  // True when a request may run on a connection's own thread.
  bool is_quick() const { return !admission_.is_limited() && model_->is_quick(); }
  // What was loaded: equal for equal settings and untouched files.
  const std::string& fingerprint() const { return fingerprint_; }
  Json status() const;

 private:
  Deployment(DeploymentSettings settings, std::shared_ptr<Model> model, std::shared_ptr<DeploymentMetrics> metrics);

  DeploymentSettings settings_;
  std::shared_ptr<Model> model_;
  std::shared_ptr<DeploymentMetrics> metrics_;
  Admission admission_;
  std::chrono::nanoseconds load_time_{};
  std::string fingerprint_;
};

// Settings, and size and time of the model's files.
std::string fingerprint_of(const DeploymentSettings& settings);

}  // namespace ciclo::scoring
