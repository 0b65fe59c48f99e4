// What triggers do, all of it inside the transaction that moves the trigger's place in the event log: jobs, approvals
// and traffic are changed there; a webhook is only written down, and sent after.
//
// Thread safety: works in the session it is handed.
#pragma once

#include <string>

#include "base/error.hpp"
#include "outer_loop/triggers/types.hpp"
#include "platform/events/event_log.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

struct ActionRequest {
  resources::ResourceService& service;
  const resources::Resource& trigger;
  const TriggerDefinition& definition;
  const events::Event& event;
  resources::Caller caller;  // the trigger's owner
};

struct ActionResult {
  std::string state = "fired";  // "pending" for a webhook
  Json result = Json::object();
  std::vector<resources::Link> links;
};

// Fails as the resource service does: denied when the owner may not (any more), invalid when the document is wrong,
// not_found when what it is about is gone. After a failure the session's changes must be undone.
Result<ActionResult> act(sql::Session& session, const ActionRequest& request);

}  // namespace ciclo::outer_loop
