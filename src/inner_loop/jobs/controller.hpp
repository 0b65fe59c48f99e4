// Brings jobs about: pipelines by way of their steps, command jobs by running them.
//
// Holds nothing that matters: a new server looks at every job that has not ended, and goes on with it from where it is.
//
// Thread safety: reconcile() is called by the ReconcileLoop, from any of its threads.
#pragma once

#include "inner_loop/jobs/executor.hpp"
#include "inner_loop/jobs/pipeline.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::inner_loop {

class JobController final : public resources::Controller {
 public:
  // `parts` and what it refers to, and `loop`, must outlive the controller.
  JobController(const JobParts& parts, JobSettings settings, resources::ReconcileLoop& loop);

  std::string kind() const override { return "job"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;
  // A job, and the pipeline it is a step of.
  std::vector<resources::ResourceKey> wakes(const events::Event& event) const override;

  const JobSettings& settings() const { return settings_; }
  // Call after the loop was stopped: returns when no step is followed any more. Their processes run on.
  void stop() { executor_.stop(); }

 private:
  Result<StepTurn> turn_of(const resources::Resource& job) const;

  const JobParts parts_;
  const JobSettings settings_;
  PipelineRunner pipelines_;
  JobExecutor executor_;
};

}  // namespace ciclo::inner_loop
