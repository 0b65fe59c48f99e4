// Brings pipeline jobs about: makes a job of every step when the pipeline starts, and queues or cancels them as
// decide() says until all have ended.
//
// Thread safety: safe from any thread; one call at a time for one pipeline (the ReconcileLoop sees to that).
#pragma once

#include <map>
#include <string>

#include "inner_loop/jobs/ledger.hpp"
#include "inner_loop/jobs/schedule.hpp"
#include "resources/service.hpp"

namespace ciclo::inner_loop {

class PipelineRunner {
 public:
  // `service` must outlive this.
  explicit PipelineRunner(resources::ResourceService& service) : service_(service), ledger_(service) {}

  // Takes the next step; called whenever the pipeline or one of its steps has changed.
  Result<void> advance(const resources::Resource& pipeline) const;

 private:
  Result<void> start(const resources::Resource& pipeline) const;
  Result<void> start_in(sql::Session& session, const resources::Resource& pipeline) const;
  Result<void> go_on_in(sql::Session& session, const resources::ResourceKey& key) const;
  // What decide() says now, and each node's job.
  Result<PipelineDecision> decision_in(sql::Session& session, const resources::Resource& pipeline,
                                       std::map<std::string, resources::Resource>& jobs) const;

  resources::ResourceService& service_;
  JobLedger ledger_;
};

}  // namespace ciclo::inner_loop
