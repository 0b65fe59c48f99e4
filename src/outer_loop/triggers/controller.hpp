// Brings triggers about: reads the event log from where each trigger is, and acts.
//
// For an event that fires, the trigger's new place in the log, the record of it and what the action makes are written
// in one transaction, so that a kill at any moment neither loses nor doubles it. Webhooks are sent after that
// transaction, at least once each, with the same id each time.
//
// A trigger acts with the rights of the person who last changed it. When that person has lost them, it is suspended
// until someone who has them changes it.
//
// Thread safety: reconcile() of different triggers runs at the same time.
#pragma once

#include <map>
#include <mutex>

#include "outer_loop/triggers/store.hpp"
#include "platform/http/client.hpp"
#include "platform/log/log.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::outer_loop {

struct TriggerControllerParts {
  resources::ResourceService& service;
  http::Client& client;  // for webhooks
  log::Logger& logger;
};

class TriggerController final : public resources::Controller {
 public:
  explicit TriggerController(TriggerControllerParts parts) : parts_(parts) {}

  std::string kind() const override { return "trigger"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;
  std::vector<resources::ResourceKey> wakes(const events::Event& event) const override;

 private:
  struct Interest {
    std::string workspace;
    std::string pattern;
  };
  struct Pass {
    const resources::Resource& trigger;
    const TriggerDefinition& definition;
    TriggerState state;
    std::int64_t seen = 0;  // the last event looked at
  };

  Result<TriggerState> state_of(const resources::Resource& trigger);
  // Goes on from pass.state.cursor; false when the trigger was suspended.
  Result<bool> handle_events(Pass& pass);
  Result<bool> handle(Pass& pass, const events::Event& event);
  Result<bool> fire(Pass& pass, const events::Event& event);
  Result<void> record(Pass& pass, const FireRecord& fire);
  Result<void> suspend(Pass& pass, const FireRecord& fire);
  Result<std::optional<std::chrono::milliseconds>> deliver(const Pass& pass);
  Result<void> send(const Pass& pass, FireRecord& record);

  TriggerControllerParts parts_;
  TriggerStore store_;
  mutable std::mutex mutex_;
  std::map<resources::ResourceKey, Interest> interests_;  // of the triggers that are on
};

}  // namespace ciclo::outer_loop
