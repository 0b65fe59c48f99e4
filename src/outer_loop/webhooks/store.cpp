#include "outer_loop/webhooks/store.hpp"

#include <fmt/format.h>

#include <map>

namespace ciclo::outer_loop {
namespace {

constexpr std::string_view webhook_columns =
    "number, id, workspace, name, description, url, status, owner, CASE WHEN sealed_secret = '' THEN 0 ELSE 1 END, "
    "since_sequence, created_ms, "
    "updated_ms";
constexpr std::string_view delivery_columns =
    "webhook_number, event_sequence, part, delivery_id, event, body, state, reason, attempts, next_attempt_ms, "
    "created_ms";

Result<Webhook> webhook_from(const sql::Row& row) {
  Webhook webhook;
  webhook.number = row.integer(0);
  webhook.id = row.text(1);
  webhook.workspace = row.text(2);
  webhook.name = row.text(3);
  webhook.description = row.text(4);
  webhook.url = row.text(5);
  webhook.status = row.text(6) == name_of(WebhookStatus::active) ? WebhookStatus::active : WebhookStatus::disabled;
  CICLO_TRY(webhook.owner, parse_json(row.text(7)));
  webhook.has_secret = row.integer(8) != 0;
  webhook.since_sequence = row.integer(9);
  webhook.created_at = from_unix_ms(row.integer(10));
  webhook.updated_at = from_unix_ms(row.integer(11));
  return webhook;
}

WebhookDelivery delivery_from(const sql::Row& row) {
  WebhookDelivery delivery;
  delivery.webhook_number = row.integer(0);
  delivery.event_sequence = row.integer(1);
  delivery.part = row.integer(2);
  delivery.delivery_id = row.text(3);
  delivery.event = row.text(4);
  delivery.body = row.text(5);
  delivery.state = row.text(6);
  delivery.reason = row.text(7);
  delivery.attempts = row.integer(8);
  delivery.next_attempt = from_unix_ms(row.integer(9));
  delivery.created_at = from_unix_ms(row.integer(10));
  return delivery;
}

Result<void> put_events(sql::Session& session, const Webhook& webhook) {
  CICLO_CHECK(session.execute("DELETE FROM webhook_events WHERE webhook_number = ?", {webhook.number}));
  for (const WebhookEvent& event : webhook.events)
    CICLO_CHECK(
        session.execute("INSERT INTO webhook_events (webhook_number, entity, action) VALUES (?,?,?) ON CONFLICT "
                        "DO NOTHING",
                        {webhook.number, event.entity, event.action}));
  return {};
}

Result<std::vector<Webhook>> with_events(sql::Session& session, const std::vector<sql::Row>& rows) {
  std::vector<Webhook> webhooks;
  for (const sql::Row& row : rows) {
    CICLO_TRY(auto webhook, webhook_from(row));
    CICLO_TRY(const auto events, session.query("SELECT entity, action FROM webhook_events WHERE webhook_number = ? "
                                               "ORDER BY entity, action",
                                               {webhook.number}));
    for (const sql::Row& event : events) webhook.events.push_back({event.text(0), event.text(1)});
    webhooks.push_back(std::move(webhook));
  }
  return webhooks;
}

}  // namespace

Json to_json(const WebhookDelivery& delivery) {
  Json json{{"delivery_id", delivery.delivery_id},
            {"event", delivery.event},
            {"state", delivery.state},
            {"attempts", delivery.attempts},
            {"created_at", format_rfc3339(delivery.created_at)}};
  if (!delivery.reason.empty()) json["reason"] = delivery.reason;
  if (delivery.state == "pending") json["next_attempt_at"] = format_rfc3339(delivery.next_attempt);
  return json;
}

Result<Webhook> WebhookStore::insert(sql::Session& session, Webhook webhook, const std::string& sealed_secret) const {
  CICLO_TRY(const auto rows,
            session.query("INSERT INTO webhooks (id, workspace, name, description, url, status, owner, sealed_secret, "
                          "since_sequence, created_ms, updated_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?) RETURNING number",
                          {webhook.id, webhook.workspace, webhook.name, webhook.description, webhook.url,
                           name_of(webhook.status), to_text(webhook.owner), sealed_secret, webhook.since_sequence,
                           to_unix_ms(webhook.created_at), to_unix_ms(webhook.updated_at)}));
  webhook.number = rows.front().integer(0);
  webhook.has_secret = !sealed_secret.empty();
  CICLO_CHECK(put_events(session, webhook));
  return webhook;
}

Result<void> WebhookStore::update(sql::Session& session, const Webhook& webhook,
                                  const std::optional<std::string>& sealed_secret) const {
  CICLO_CHECK(
      session.execute("UPDATE webhooks SET name = ?, description = ?, url = ?, status = ?, owner = ?, since_sequence = "
                      "?, updated_ms = ? "
                      "WHERE number = ?",
                      {webhook.name, webhook.description, webhook.url, name_of(webhook.status), to_text(webhook.owner),
                       webhook.since_sequence, to_unix_ms(webhook.updated_at), webhook.number}));
  if (sealed_secret)
    CICLO_CHECK(
        session.execute("UPDATE webhooks SET sealed_secret = ? WHERE number = ?", {*sealed_secret, webhook.number}));
  return put_events(session, webhook);
}

Result<void> WebhookStore::erase(sql::Session& session, const Webhook& webhook) const {
  for (const char* table : {"webhook_events", "webhook_deliveries"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE webhook_number = ?", table), {webhook.number}));
  CICLO_CHECK(session.execute("DELETE FROM webhooks WHERE number = ?", {webhook.number}));
  return {};
}

Result<Webhook> WebhookStore::get(sql::Session& session, const std::string& workspace, const std::string& id) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM webhooks WHERE workspace = ? AND id = ?", webhook_columns),
                          {workspace, id}));
  CICLO_TRY(auto webhooks, with_events(session, rows));
  if (!webhooks.empty()) return std::move(webhooks.front());
  return fail(ErrorCode::not_found, fmt::format("Webhook with ID {} not found", id.substr(0, 64)), "webhook_id");
}

Result<std::optional<Webhook>> WebhookStore::find_number(sql::Session& session, std::int64_t number) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM webhooks WHERE number = ?", webhook_columns), {number}));
  CICLO_TRY(auto webhooks, with_events(session, rows));
  if (webhooks.empty()) return std::optional<Webhook>();
  return std::optional<Webhook>(std::move(webhooks.front()));
}

Result<std::string> WebhookStore::sealed_secret(sql::Session& session, const Webhook& webhook) const {
  CICLO_TRY(const auto row, session.query_one("SELECT sealed_secret FROM webhooks WHERE number = ?", {webhook.number}));
  return row ? row->text(0) : std::string();
}

Result<std::vector<Webhook>> WebhookStore::list(sql::Session& session, const ListRequest& request) const {
  const std::int64_t before = request.before > 0 ? request.before : INT64_MAX;
  CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM webhooks WHERE workspace = ? AND number < ? "
                                                       "ORDER BY number DESC LIMIT ?",
                                                       webhook_columns),
                                           {request.workspace, before, request.limit}));
  return with_events(session, rows);
}

Result<std::int64_t> WebhookStore::count(sql::Session& session, const std::string& workspace) const {
  CICLO_TRY(const auto row, session.query_one("SELECT COUNT(*) FROM webhooks WHERE workspace = ?", {workspace}));
  return row ? row->integer(0) : 0;
}

Result<std::vector<Webhook>> WebhookStore::listening(sql::Session& session, const std::string& workspace) const {
  CICLO_TRY(
      const auto rows,
      session.query(fmt::format("SELECT {} FROM webhooks WHERE workspace = ? AND status = 'ACTIVE' ORDER BY number",
                                webhook_columns),
                    {workspace}));
  return with_events(session, rows);
}

Result<std::optional<std::int64_t>> WebhookStore::cursor(sql::Session& session) const {
  CICLO_TRY(const auto row, session.query_one("SELECT read_sequence FROM webhook_cursor WHERE id = 1"));
  if (!row) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(row->integer(0));
}

Result<void> WebhookStore::move_cursor(sql::Session& session, std::optional<std::int64_t> from, std::int64_t to) const {
  std::int64_t changed = 0;
  if (from) {
    CICLO_TRY(changed, session.execute("UPDATE webhook_cursor SET read_sequence = ? WHERE id = 1 AND read_sequence = ?",
                                       {to, *from}));
  } else {
    CICLO_TRY(changed, session.execute("INSERT INTO webhook_cursor (id, read_sequence) VALUES (1, ?) ON CONFLICT DO "
                                       "NOTHING",
                                       {to}));
  }
  if (changed == 1) return {};
  return fail(ErrorCode::conflict, "another server reads the event log for webhooks, too");
}

Result<void> WebhookStore::put(sql::Session& session, const WebhookDelivery& delivery) const {
  CICLO_CHECK(session.execute(
      fmt::format("INSERT INTO webhook_deliveries ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                  delivery_columns),
      {delivery.webhook_number, delivery.event_sequence, delivery.part, delivery.delivery_id, delivery.event,
       delivery.body, delivery.state, delivery.reason, delivery.attempts, to_unix_ms(delivery.next_attempt),
       to_unix_ms(delivery.created_at)}));
  return {};
}

Result<void> WebhookStore::update(sql::Session& session, const WebhookDelivery& delivery) const {
  CICLO_CHECK(session.execute(
      "UPDATE webhook_deliveries SET body = ?, state = ?, reason = ?, attempts = ?, next_attempt_ms = ? WHERE "
      "webhook_number = ? AND event_sequence = ? AND part = ?",
      {delivery.body, delivery.state, delivery.reason, delivery.attempts, to_unix_ms(delivery.next_attempt),
       delivery.webhook_number, delivery.event_sequence, delivery.part}));
  return {};
}

Result<std::optional<WebhookDelivery>> WebhookStore::next_due(sql::Session& session, std::int64_t webhook_number,
                                                              TimePoint now) const {
  CICLO_TRY(
      const auto row,
      session.query_one(fmt::format("SELECT {} FROM webhook_deliveries WHERE state = 'pending' AND webhook_number "
                                    "= ? AND next_attempt_ms <= ? ORDER BY event_sequence, part LIMIT 1",
                                    delivery_columns),
                        {webhook_number, to_unix_ms(now)}));
  if (!row) return std::optional<WebhookDelivery>();
  return std::optional<WebhookDelivery>(delivery_from(*row));
}

Result<std::vector<std::pair<std::int64_t, TimePoint>>> WebhookStore::due_times(sql::Session& session) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT webhook_number, MIN(next_attempt_ms) FROM webhook_deliveries WHERE state = 'pending' "
                          "GROUP BY webhook_number"));
  std::vector<std::pair<std::int64_t, TimePoint>> times;
  for (const sql::Row& row : rows) times.emplace_back(row.integer(0), from_unix_ms(row.integer(1)));
  return times;
}

Result<std::vector<WebhookDelivery>> WebhookStore::deliveries(sql::Session& session, const Webhook& webhook,
                                                              std::size_t limit) const {
  CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM webhook_deliveries WHERE webhook_number = ? "
                                                       "ORDER BY event_sequence DESC, part DESC LIMIT ?",
                                                       delivery_columns),
                                           {webhook.number, limit}));
  std::vector<WebhookDelivery> deliveries;
  for (const sql::Row& row : rows) deliveries.push_back(delivery_from(row));
  return deliveries;
}

Result<void> WebhookStore::forget_before(sql::Session& session, TimePoint time) const {
  CICLO_CHECK(session.execute("DELETE FROM webhook_deliveries WHERE state <> 'pending' AND created_ms < ?",
                              {to_unix_ms(time)}));
  return {};
}

std::string webhook_secret_place(const std::string& webhook_id) {
  return administration::sealed_place("webhooks", "sealed_secret", {webhook_id});
}

administration::SealedColumns webhook_sealed_columns() {
  return {{.table = "webhooks", .key = {"id"}, .column = "sealed_secret"}};
}

std::vector<sql::Migration> webhook_migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE webhooks (
  number {{auto_id}},
  id TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  status TEXT NOT NULL,
  owner TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  since_sequence BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX webhooks_by_workspace ON webhooks (workspace, number);
CREATE TABLE webhook_events (
  webhook_number BIGINT NOT NULL,
  entity TEXT NOT NULL,
  action TEXT NOT NULL,
  PRIMARY KEY (webhook_number, entity, action)
){{clustered}};
CREATE TABLE webhook_deliveries (
  webhook_number BIGINT NOT NULL,
  event_sequence BIGINT NOT NULL,
  part BIGINT NOT NULL,
  delivery_id TEXT NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_attempt_ms BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (webhook_number, event_sequence, part)
);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, webhook_number, next_attempt_ms);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (created_ms);
CREATE TABLE webhook_cursor (
  id BIGINT NOT NULL PRIMARY KEY,
  read_sequence BIGINT NOT NULL
);
)";
  return {{.module = "webhooks", .version = 1, .statements = first}};
}

}  // namespace ciclo::outer_loop
