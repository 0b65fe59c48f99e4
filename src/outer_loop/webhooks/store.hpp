// The bytes of webhooks: tables webhooks, webhook_events, webhook_deliveries and webhook_cursor.
//
// The secret is sealed by the server's master key and leaves this store only sealed. A delivery's key is (webhook,
// event, place among the event's messages), so one event is written down at most once for each webhook.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/secrets/rotation.hpp"
#include "outer_loop/webhooks/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::outer_loop {

struct WebhookDelivery {
  std::int64_t webhook_number = 0;
  std::int64_t event_sequence = 0;
  std::int64_t part = 0;  // 0 for the event's first message
  std::string delivery_id;
  std::string event;   // "model_version.created"
  std::string body;    // empty once it is over
  std::string state;   // "pending"; "delivered", "failed", "skipped"
  std::string reason;  // of the last attempt
  std::int64_t attempts = 0;
  TimePoint next_attempt;
  TimePoint created_at;
};
Json to_json(const WebhookDelivery& delivery);

class WebhookStore {
 public:
  // Gives it its number.
  Result<Webhook> insert(sql::Session& session, Webhook webhook, const std::string& sealed_secret) const;
  // Writes all but the secret; that too when it is given.
  Result<void> update(sql::Session& session, const Webhook& webhook,
                      const std::optional<std::string>& sealed_secret) const;
  // With its deliveries.
  Result<void> erase(sql::Session& session, const Webhook& webhook) const;
  // Fails with not_found.
  Result<Webhook> get(sql::Session& session, const std::string& workspace, const std::string& id) const;
  Result<std::optional<Webhook>> find_number(sql::Session& session, std::int64_t number) const;
  Result<std::string> sealed_secret(sql::Session& session, const Webhook& webhook) const;
  // Newest first, below the number `before` when it is not 0.
  struct ListRequest {
    std::string workspace;
    std::int64_t before = 0;
    std::size_t limit = 100;
  };
  Result<std::vector<Webhook>> list(sql::Session& session, const ListRequest& request) const;
  Result<std::int64_t> count(sql::Session& session, const std::string& workspace) const;
  // The active ones of a workspace.
  Result<std::vector<Webhook>> listening(sql::Session& session, const std::string& workspace) const;

  // How far the event log was read; nothing before the first time.
  Result<std::optional<std::int64_t>> cursor(sql::Session& session) const;
  // Fails with conflict when another server has moved it from where this one knew it.
  Result<void> move_cursor(sql::Session& session, std::optional<std::int64_t> from, std::int64_t to) const;

  // Nothing happens when it was written down before.
  Result<void> put(sql::Session& session, const WebhookDelivery& delivery) const;
  Result<void> update(sql::Session& session, const WebhookDelivery& delivery) const;
  // The oldest that is due.
  Result<std::optional<WebhookDelivery>> next_due(sql::Session& session, std::int64_t webhook_number,
                                                  TimePoint now) const;
  // For every webhook with something pending: when its next one is due.
  Result<std::vector<std::pair<std::int64_t, TimePoint>>> due_times(sql::Session& session) const;
  // Newest first.
  Result<std::vector<WebhookDelivery>> deliveries(sql::Session& session, const Webhook& webhook,
                                                  std::size_t limit) const;
  // Those that are over and older.
  Result<void> forget_before(sql::Session& session, TimePoint time) const;
};

administration::SealedColumns webhook_sealed_columns();
std::string webhook_secret_place(const std::string& webhook_id);
std::vector<sql::Migration> webhook_migrations();

}  // namespace ciclo::outer_loop
