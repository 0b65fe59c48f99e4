// The endpoint that a scorer serves: its deployments and how traffic falls on them, replaced as one whole.
//
// A request takes the snapshot() once and works with it to its end; apply() loads what is new beside it and then
// switches. So a reload drops no request, and none sees half of a change. Deployments that did not change are kept.
//
// Thread safety: snapshot(), status(), metrics_text() and callers() from any thread; apply() from one at a time (it
// locks).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "scoring/callers.hpp"
#include "scoring/collector.hpp"
#include "scoring/deployment.hpp"
#include "scoring/secret_values.hpp"
#include "scoring/settings.hpp"

namespace ciclo::scoring {

struct FailedDeployment {
  std::string name;
  Error error;
};

struct EndpointSnapshot {
  std::uint64_t generation = 0;  // 0: nothing was applied yet
  ScorerSettings settings;
  std::vector<std::shared_ptr<Deployment>> deployments;
  std::vector<FailedDeployment> failed;  // of the first configuration only, see apply()
  std::shared_ptr<Collector> collector;  // null when nothing is collected
  bool is_quick = false;                 // every deployment is

  Deployment* find(std::string_view name) const;
};

// Which deployment is to answer. `wanted`: the header azureml-model-deployment; empty: by weight. Fails with not_found
// when there is none of that name, or no traffic goes anywhere; unavailable when its model could not be loaded.
Result<Deployment*> choose(const EndpointSnapshot& snapshot, std::string_view wanted, std::uint64_t draw);

class Endpoint {
 public:
  Endpoint(OnnxRuntime& runtime, const Clock& clock);

  // Loads and switches. On failure everything stays as it was, and status() says why. The first configuration has
  // nothing to fall back to: it is taken with the deployments that can be loaded, so that after a restart one broken
  // model does not take the others with it; the error of the first that failed is returned all the same.
  Result<void> apply(ScorerSettings settings);
  // Says in status() why a configuration file could not be read.
  void note_failure(const Error& error);
  std::shared_ptr<const EndpointSnapshot> snapshot() const;
  // Whether every deployment answers without waiting, see Model::is_quick().
  bool is_quick() const { return is_quick_.load(std::memory_order_relaxed); }
  Json status() const;
  std::string metrics_text() const;
  const Clock& clock() const { return clock_; }
  // Who was let in how often; kept over every configuration.
  Callers& callers() { return callers_; }
  // For deployments that are loaded from now on.
  SecretValues& secrets() { return secrets_; }

 private:
  Result<std::shared_ptr<Deployment>> load_or_keep(const EndpointSnapshot& old, const DeploymentSettings& wanted);
  // In the order of `wanted`.
  std::vector<Result<std::shared_ptr<Deployment>>> load_all(const EndpointSnapshot& old,
                                                            const std::vector<DeploymentSettings>& wanted);
  std::shared_ptr<Collector> collector_for(const EndpointSnapshot& old, const ScorerSettings& settings);
  std::shared_ptr<DeploymentMetrics> metrics_of(const std::string& deployment);

  OnnxRuntime& runtime_;
  const Clock& clock_;
  const std::string instance_;
  SecretValues secrets_;
  std::mutex apply_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const EndpointSnapshot> snapshot_;
  std::atomic<bool> is_quick_{false};
  Callers callers_;
  std::map<std::string, std::shared_ptr<DeploymentMetrics>> metrics_;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
  std::string last_error_;
};

}  // namespace ciclo::scoring
