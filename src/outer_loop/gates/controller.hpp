// Runs the checks of approvals, lets those lapse whose time is over, and removes the bytes of models that were not
// promoted. A server that was killed during the checks runs them again.
//
// Thread safety: reconcile() of different approvals runs at the same time.
#pragma once

#include "outer_loop/gates/latency.hpp"
#include "outer_loop/gates/promote.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/log/log.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::outer_loop {

class GateController final : public resources::Controller {
 public:
  struct Parts {
    PromotionParts promotion;
    LatencyProbe& latency;
    blobs::BlobStore& blobs;
    log::Logger& logger;
  };
  explicit GateController(const Parts& parts) : parts_(parts) {}

  std::string kind() const override { return "approval"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;

 private:
  Result<void> check(const resources::Resource& approval);
  Result<GateEvidence> collect(const resources::Resource& approval);
  Result<ModelEvidence> describe(const resources::ResourceKey& version);
  Result<std::optional<resources::ResourceKey>> champion_of(const resources::Resource& approval);
  Result<void> lapse(const resources::Resource& approval);
  Result<void> discard_copy(const resources::Resource& approval);

  const Parts parts_;
};

}  // namespace ciclo::outer_loop
