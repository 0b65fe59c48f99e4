#include "outer_loop/webhooks/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "base/wipe.hpp"
#include "outer_loop/webhooks/payload.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Caller;

constexpr std::int64_t max_webhooks = 200;  // of a workspace
constexpr std::size_t max_secret_bytes = 1000;
constexpr std::size_t max_description_bytes = 1000;
constexpr std::size_t max_shown_body = 64U << 10U;

Result<void> check(const WebhookChange& change) {
  if (change.name) CICLO_CHECK(check_webhook_name(*change.name));
  if (change.url) CICLO_CHECK(check_webhook_url(*change.url));
  if (change.events && change.events->empty())
    return fail(ErrorCode::invalid, "Webhook events cannot be empty", "events", "name at least one");
  if (change.description && change.description->size() > max_description_bytes)
    return fail(ErrorCode::invalid, "the description is longer than 1000 bytes", "description");
  if (change.secret && change.secret->size() > max_secret_bytes)
    return fail(ErrorCode::invalid, "the secret is longer than 1000 bytes", "secret");
  return {};
}

void apply(Webhook& webhook, const WebhookChange& change) {
  if (change.name) webhook.name = *change.name;
  if (change.description) webhook.description = *change.description;
  if (change.url) webhook.url = *change.url;
  if (change.status) webhook.status = *change.status;
  if (!change.events) return;
  webhook.events = *change.events;
  std::ranges::sort(webhook.events);
  const auto repeated = std::ranges::unique(webhook.events);
  webhook.events.erase(repeated.begin(), repeated.end());
}

}  // namespace

std::string new_uuid() {
  const std::string hex = random_hex(16);
  return fmt::format("{}-{}-4{}-a{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3), hex.substr(17, 3),
                     hex.substr(20));
}

Result<Post> post_of(const WebhookRequest& request, const administration::Sealer& sealer,
                     const std::string& sealed_secret) {
  Post post{.url = request.webhook.url, .headers = {}, .body = request.body};
  const std::string seconds = std::to_string(to_unix_ms(request.now) / 1000);
  post.headers.set("content-type", "application/json");
  post.headers.set("x-mlflow-delivery-id", request.delivery_id);
  post.headers.set("x-mlflow-timestamp", seconds);
  if (sealed_secret.empty()) return post;
  CICLO_TRY(auto opened, sealer.open_sealed(sealed_secret, webhook_secret_place(request.webhook.id)));
  const WipedText secret(std::move(opened));
  post.headers.set("x-mlflow-signature", signature_of(secret.get(), {request.delivery_id, seconds, request.body}));
  return post;
}

Result<std::optional<std::string>> WebhookService::sealed(sql::Session& session, const std::string& id,
                                                          const WebhookChange& change) const {
  if (!change.secret) return std::optional<std::string>();
  if (change.secret->empty()) return std::optional<std::string>("");
  CICLO_CHECK(administration::hold_master_key(session, parts_.sealer));
  return std::optional<std::string>(parts_.sealer.seal(*change.secret, webhook_secret_place(id)));
}

Result<std::int64_t> WebhookService::record(sql::Session& session, const Caller& caller, const Webhook& webhook,
                                            const std::string& what) {
  const auto& parts = parts_.resources.parts();
  CICLO_TRY(const auto decision, resources::require(parts.access, caller, "automation/write", webhook.workspace));
  events::Event event;
  event.type = "ciclo.webhook." + what;
  event.source = "/workspaces/" + webhook.workspace;
  event.subject = "webhook/" + webhook.id;
  event.workspace = webhook.workspace;
  event.actor = caller.principal;
  event.data = {{"webhook_id", webhook.id}, {"name", webhook.name}, {"status", name_of(webhook.status)}};
  CICLO_TRY(const auto sequence, parts.events.append(session, std::move(event)));
  CICLO_CHECK(
      parts.audit.record(session, {.caller = caller,
                                   .action = "automation/write",
                                   .operation = what == "created"   ? "create"
                                                : what == "deleted" ? "delete"
                                                                    : "update",
                                   .workspace = webhook.workspace,
                                   .target = fmt::format("/workspaces/{}/webhook/{}", webhook.workspace, webhook.id),
                                   .decision = decision}));
  return sequence;
}

Result<Webhook> WebhookService::create(const Caller& caller, const std::string& workspace,
                                       const WebhookChange& request) {
  WebhookChange given = request;
  for (auto* needed : {&given.name, &given.url})
    if (!*needed) *needed = "";
  if (!given.events) given.events.emplace();
  CICLO_CHECK(check(given));
  const auto& parts = parts_.resources.parts();
  CICLO_CHECK(resources::require(parts.access, caller, "workspace/read", workspace));
  return parts.database.write([&](sql::Session& session) -> Result<Webhook> {
    CICLO_CHECK(parts.store.get(
        session, {.workspace = {}, .kind = "workspace", .parent = {}, .name = workspace, .version = {}}));
    CICLO_TRY(const auto count, store_.count(session, workspace));
    if (count >= max_webhooks)
      return fail(ErrorCode::quota, fmt::format("the workspace has {} webhooks, which is the most", count), {},
                  "delete some that are not needed");
    Webhook webhook;
    webhook.id = new_uuid();
    webhook.workspace = workspace;
    webhook.owner = resources::remember(caller);
    webhook.created_at = webhook.updated_at = parts.clock.now();
    apply(webhook, given);
    CICLO_TRY(const auto secret, sealed(session, webhook.id, given));
    CICLO_TRY(webhook.since_sequence, record(session, caller, webhook, "created"));
    return store_.insert(session, std::move(webhook), secret.value_or(""));
  });
}

Result<Webhook> WebhookService::get(const WebhookPlace& place) {
  return parts_.resources.parts().database.read(
      [&](sql::Session& session) { return store_.get(session, place.workspace, place.id); });
}

Result<WebhookPage> WebhookService::list(const std::string& workspace, std::size_t max_results,
                                         const std::string& page_token) {
  WebhookStore::ListRequest request{.workspace = workspace, .before = 0, .limit = max_results + 1};
  if (!page_token.empty()) {
    const auto before = parse_int(page_token);
    if (!before || *before < 1) return fail(ErrorCode::invalid, "Invalid page token", "page_token");
    request.before = *before;
  }
  CICLO_TRY(auto webhooks, parts_.resources.parts().database.read(
                               [&](sql::Session& session) { return store_.list(session, request); }));
  WebhookPage page{.webhooks = std::move(webhooks), .next_page_token = {}};
  if (page.webhooks.size() > max_results) {
    page.webhooks.resize(max_results);
    page.next_page_token = std::to_string(page.webhooks.back().number);
  }
  return page;
}

Result<Webhook> WebhookService::update(const Caller& caller, const WebhookPlace& place, const WebhookChange& change) {
  CICLO_CHECK(check(change));
  const auto& parts = parts_.resources.parts();
  return parts.database.write([&](sql::Session& session) -> Result<Webhook> {
    CICLO_TRY(auto webhook, store_.get(session, place.workspace, place.id));
    const bool was_on = webhook.status == WebhookStatus::active;
    apply(webhook, change);
    webhook.owner = resources::remember(caller);
    webhook.updated_at = parts.clock.now();
    CICLO_TRY(const auto secret, sealed(session, webhook.id, change));
    CICLO_TRY(const auto sequence, record(session, caller, webhook, "updated"));
    // What happened while it was off is not told afterwards.
    if (!was_on) webhook.since_sequence = sequence;
    CICLO_CHECK(store_.update(session, webhook, secret));
    return webhook;
  });
}

Result<void> WebhookService::remove(const Caller& caller, const WebhookPlace& place) {
  return parts_.resources.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto webhook, store_.get(session, place.workspace, place.id));
    CICLO_CHECK(store_.erase(session, webhook));
    CICLO_CHECK(record(session, caller, webhook, "deleted"));
    return {};
  });
}

Result<WebhookTest> WebhookService::test(const WebhookPlace& place, const std::optional<WebhookEvent>& event) {
  const auto& parts = parts_.resources.parts();
  std::string secret;
  CICLO_TRY(const auto webhook, parts.database.read([&](sql::Session& session) -> Result<Webhook> {
    CICLO_TRY(auto found, store_.get(session, place.workspace, place.id));
    CICLO_TRY(secret, store_.sealed_secret(session, found));
    return found;
  }));
  const auto message = example_of(event ? *event : webhook.events.front());
  const TimePoint now = parts.clock.now();
  CICLO_TRY(auto post, post_of({.webhook = webhook,
                                .delivery_id = new_uuid(),
                                .body = body_of(message, {.time = now, .workspace = webhook.workspace}),
                                .now = now},
                               parts_.sealer, secret));
  auto outcome = send_post(parts_.client, std::move(post));
  WebhookTest result;
  result.success = outcome.status > 0 && outcome.status < 400;
  if (outcome.status == 0) {
    result.error = "Failed to test webhook: " + outcome.reason;
    return result;
  }
  result.status = outcome.status;
  result.body = outcome.body.substr(0, max_shown_body);
  return result;
}

Result<std::vector<WebhookDelivery>> WebhookService::deliveries(const WebhookPlace& place, std::size_t limit) {
  return parts_.resources.parts().database.read([&](sql::Session& session) -> Result<std::vector<WebhookDelivery>> {
    CICLO_TRY(const auto webhook, store_.get(session, place.workspace, place.id));
    return store_.deliveries(session, webhook, limit);
  });
}

}  // namespace ciclo::outer_loop
