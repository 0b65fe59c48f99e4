// MLflow's webhooks: what they listen to and where they go.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::outer_loop {

// "model_version" and "created", as MLflow writes them in payloads; in upper case in its API.
struct WebhookEvent {
  std::string entity;
  std::string action;
  auto operator<=>(const WebhookEvent&) const = default;
  std::string text() const { return entity + "." + action; }
};

// All that there are: 14 of models and prompts, and budget_policy.exceeded, which nothing here causes.
const std::vector<WebhookEvent>& webhook_events();
// From {"entity": "MODEL_VERSION", "action": "CREATED"}, the numbers of MLflow's protocol, or "model_version.created".
// Fails with invalid, naming what there is.
Result<WebhookEvent> parse_webhook_event(const Json& value);

enum class WebhookStatus : std::uint8_t { active, disabled };
std::string_view name_of(WebhookStatus status);  // "ACTIVE"
Result<WebhookStatus> parse_webhook_status(const Json& value);

struct Webhook {
  std::int64_t number = 0;  // internal; lists are paged by it
  std::string id;
  std::string workspace;
  std::string name;  // need not be unique
  std::string description;
  std::string url;
  std::vector<WebhookEvent> events;
  WebhookStatus status = WebhookStatus::active;
  // Who made or last changed it, as resources::remember() has it: it tells nothing that they may not read.
  Json owner;
  bool has_secret = false;
  // Events up to this one are from before it was, or while it was disabled.
  std::int64_t since_sequence = 0;
  TimePoint created_at;
  TimePoint updated_at;
};
// MLflow's form; without the secret.
Json to_json(const Webhook& webhook);

// MLflow's rule: 1–63 letters, digits, '.', '_' and '-', the first and last a letter or digit.
Result<void> check_webhook_name(std::string_view name);
// http or https with a host, at most 2000 bytes, no user and password in it. Where it leads is judged when it is
// called.
Result<void> check_webhook_url(std::string_view url);

}  // namespace ciclo::outer_loop
