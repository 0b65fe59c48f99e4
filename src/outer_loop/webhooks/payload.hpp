// What MLflow tells a webhook, from an event of Ciclo's log: so `ciclo model …`, a pipeline's output and a promotion
// tell it, too.
//
//   ciclo.model.registered            registered_model.created        prompt.created
//   ciclo.model.created               model_version.created           prompt_version.created
//       of a name that was new: and   registered_model.created        prompt.created before it
//   ciclo.model.updated               model_version_tag.set|deleted   prompt_version_tag.set|deleted, prompt_tag.…
//   ciclo.model.labelled, unlabelled  model_version_alias.created|…   prompt_alias.created|deleted
//
// A tag that is set to the value it had changes nothing and is not told.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "outer_loop/webhooks/types.hpp"
#include "platform/events/event_log.hpp"

namespace ciclo::outer_loop {

struct WebhookMessage {
  WebhookEvent event;
  Json data;
};

// In the order to be told. `is_prompt`: whether the model that the event is about is one, for events that do not say.
std::vector<WebhookMessage> messages_of(const events::Event& event, bool is_prompt);

// The body of a request: {"entity","action","timestamp","data","workspace"}; the time is the event's.
struct Telling {
  TimePoint time;
  std::string workspace;
};
std::string body_of(const WebhookMessage& message, const Telling& telling);

// MLflow's own example of an event, for tests of a webhook.
WebhookMessage example_of(const WebhookEvent& event);

// "v1,<base64 of HMAC-SHA-256 of <delivery id>.<timestamp>.<body>>" (MLflow, after Standard Webhooks).
struct SignedContent {
  std::string_view delivery_id;
  std::string_view timestamp;  // Unix seconds
  std::string_view body;
};
std::string signature_of(std::string_view secret, const SignedContent& content);

}  // namespace ciclo::outer_loop
