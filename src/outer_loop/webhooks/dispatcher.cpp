#include "outer_loop/webhooks/dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "outer_loop/webhooks/payload.hpp"
#include "outer_loop/webhooks/posting.hpp"
#include "registry/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t events_per_read = 500;
// Events that concern no webhook are not gone over again after a restart, nor is each of them worth a write.
constexpr std::int64_t cursor_may_lag = 1000;
constexpr std::size_t max_workers = 32;
// How often the log is read when no wake-up came: another server over the same database may have written to it.
constexpr milliseconds poll_interval{2'000};
constexpr milliseconds pause_after_failure{1'000};
constexpr std::chrono::hours kept{24 * 7};

constexpr std::string_view concerned = "ciclo.model.";

}  // namespace

struct WebhookDispatcher::Listeners {
  std::map<std::string, std::vector<Webhook>> by_workspace;
};

WebhookDispatcher::~WebhookDispatcher() {
  stop();
}

void WebhookDispatcher::start() {
  subscription_ = parts_.resources.parts().events.subscribe([this] { wake(); });
  reader_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void WebhookDispatcher::stop() {
  subscription_.reset();
  std::map<std::int64_t, std::jthread> workers;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  reader_.request_stop();
  wake();
  if (reader_.joinable()) reader_.join();
  {
    const std::lock_guard lock(mutex_);
    workers.swap(workers_);
  }
  workers.clear();  // joins
}

void WebhookDispatcher::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

void WebhookDispatcher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      is_woken_ = false;
    }
    SteadyTime next = std::chrono::steady_clock::now() + pause_after_failure;
    if (const auto read = read_log(); !read)
      parts_.logger.error("webhook", "cannot read the event log", {{"error", read.error().text()}});
    if (const auto started = start_workers(); started) next = *started;
    else parts_.logger.error("webhook", "cannot read the deliveries", {{"error", started.error().text()}});
    join_finished();
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, next, [&] { return is_woken_; });
  }
}

Result<void> WebhookDispatcher::read_log() {
  const auto& parts = parts_.resources.parts();
  if (!knows_cursor_) {
    CICLO_TRY(stored_cursor_, parts.database.read([&](sql::Session& session) { return store_.cursor(session); }));
    if (stored_cursor_) {
      cursor_ = *stored_cursor_;
    } else {
      CICLO_TRY(cursor_, parts.events.last_sequence());
      CICLO_CHECK(parts.database.write(
          [&](sql::Session& session) { return store_.move_cursor(session, std::nullopt, cursor_); }));
      stored_cursor_ = cursor_;
    }
    knows_cursor_ = true;
  }
  for (;;) {
    CICLO_TRY(const auto events, parts.events.read_after(cursor_, events_per_read));
    if (events.empty()) return {};
    if (auto noted = note(events); !noted) {
      knows_cursor_ = false;  // another server may have gone on: look again
      return noted;
    }
    if (events.size() < events_per_read) return {};
  }
}

Result<void> WebhookDispatcher::note(const std::vector<events::Event>& events) {
  const auto is_concerned = [](const events::Event& event) { return event.type.starts_with(concerned); };
  const std::int64_t end = events.back().sequence;
  const bool lags = end - stored_cursor_.value_or(0) >= cursor_may_lag;
  if (!lags && std::ranges::none_of(events, is_concerned)) {
    cursor_ = end;
    return {};
  }
  bool moved = false;
  CICLO_CHECK(parts_.resources.parts().database.write([&](sql::Session& session) -> Result<void> {
    Listeners listeners;
    bool wrote = false;
    for (const events::Event& event : events)
      if (is_concerned(event)) CICLO_CHECK(note_event(session, listeners, event, wrote));
    moved = wrote || lags;
    if (!moved) return {};
    CICLO_CHECK(store_.forget_before(session, parts_.resources.parts().clock.now() - kept));
    return store_.move_cursor(session, stored_cursor_, end);
  }));
  cursor_ = end;
  if (moved) stored_cursor_ = end;
  return {};
}

Result<bool> WebhookDispatcher::is_prompt(sql::Session& session, const events::Event& event) const {
  resources::ResourceKey key{.workspace = event.workspace, .kind = "model", .parent = {}, .name = {}, .version = {}};
  key.name = text_or(event.data, "name");
  CICLO_TRY(const auto model, parts_.resources.parts().store.find_container(session, key));
  return model && registry::is_prompt(model->tags);
}

Result<void> WebhookDispatcher::note_event(sql::Session& session, Listeners& listeners, const events::Event& event,
                                           bool& wrote) {
  if (!listeners.by_workspace.contains(event.workspace)) {
    CICLO_TRY(listeners.by_workspace[event.workspace], store_.listening(session, event.workspace));
  }
  const auto& webhooks = listeners.by_workspace[event.workspace];
  if (webhooks.empty()) return {};
  CICLO_TRY(const bool prompt, is_prompt(session, event));
  const auto messages = messages_of(event, prompt);
  const auto& parts = parts_.resources.parts();
  const std::string model = "model/" + text_or(event.data, "name");
  for (const Webhook& webhook : webhooks) {
    if (event.sequence <= webhook.since_sequence) continue;
    const auto owner = resources::recall(webhook.owner);
    for (std::size_t part = 0; part < messages.size(); ++part) {
      if (std::ranges::find(webhook.events, messages[part].event) == webhook.events.end()) continue;
      if (!parts.access.decide(owner, "workspace/read", {std::string_view(event.workspace), model}).allowed) break;
      WebhookDelivery delivery;
      delivery.webhook_number = webhook.number;
      delivery.event_sequence = event.sequence;
      delivery.part = static_cast<std::int64_t>(part);
      delivery.delivery_id = new_uuid();
      delivery.event = messages[part].event.text();
      delivery.body = body_of(messages[part], {.time = event.time, .workspace = event.workspace});
      delivery.state = "pending";
      delivery.next_attempt = delivery.created_at = parts.clock.now();
      CICLO_CHECK(store_.put(session, delivery));
      wrote = true;
    }
  }
  return {};
}

Result<WebhookDispatcher::SteadyTime> WebhookDispatcher::start_workers() {
  const auto& parts = parts_.resources.parts();
  CICLO_TRY(const auto times, parts.database.read([&](sql::Session& session) { return store_.due_times(session); }));
  const TimePoint now = parts.clock.now();
  milliseconds wait = poll_interval;
  const std::lock_guard lock(mutex_);
  for (const auto& [webhook, due] : times) {
    if (stopping_ || workers_.contains(webhook)) continue;
    if (due > now) wait = std::min(wait, std::max(milliseconds(1), due - now));
    else if (workers_.size() < max_workers)
      workers_[webhook] = std::jthread([this, number = webhook] { work(number); });
  }
  return std::chrono::steady_clock::now() + wait;
}

void WebhookDispatcher::work(std::int64_t webhook_number) {
  if (const auto done = deliver(webhook_number); !done) {
    parts_.logger.error("webhook", "cannot deliver", {{"error", done.error().text()}});
    std::unique_lock lock(mutex_);  // it is tried again at once: not in a circle without a pause
    changed_.wait_for(lock, pause_after_failure, [&] { return stopping_; });
  }
  {
    const std::lock_guard lock(mutex_);
    finished_.insert(webhook_number);
  }
  wake();
}

void WebhookDispatcher::join_finished() {
  std::vector<std::jthread> ended;
  bool may_be_more = false;
  {
    const std::lock_guard lock(mutex_);
    for (const std::int64_t number : finished_)
      if (auto worker = workers_.extract(number)) ended.push_back(std::move(worker.mapped()));
    may_be_more = !finished_.empty();
    finished_.clear();
    // What became due while a worker was ending is looked for once more.
    if (may_be_more) is_woken_ = true;
  }
}

Result<void> WebhookDispatcher::deliver(std::int64_t webhook_number) {
  const auto& parts = parts_.resources.parts();
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {};
    }
    std::optional<Webhook> webhook;
    std::string secret;
    CICLO_TRY(auto due, parts.database.read([&](sql::Session& session) -> Result<std::optional<WebhookDelivery>> {
      CICLO_TRY(webhook, store_.find_number(session, webhook_number));
      if (!webhook) return std::optional<WebhookDelivery>();
      CICLO_TRY(secret, store_.sealed_secret(session, *webhook));
      return store_.next_due(session, webhook_number, parts.clock.now());
    }));
    if (!due) return {};
    CICLO_CHECK(send(*webhook, *std::move(due), secret));
  }
}

Result<void> WebhookDispatcher::send(const Webhook& webhook, WebhookDelivery delivery,
                                     const std::string& sealed_secret) {
  const auto& parts = parts_.resources.parts();
  delivery.reason.clear();
  if (webhook.status != WebhookStatus::active) {
    delivery.state = "skipped";
    delivery.reason = "the webhook was disabled";
  } else {
    ++delivery.attempts;
    auto post = post_of(
        {.webhook = webhook, .delivery_id = delivery.delivery_id, .body = delivery.body, .now = parts.clock.now()},
        parts_.sealer, sealed_secret);
    PostOutcome outcome;
    if (post) outcome = send_post(parts_.client, *std::move(post));
    else outcome.reason = post.error().message;
    delivery.reason = outcome.reason;
    if (outcome.state == PostOutcome::State::delivered) delivery.state = "delivered";
    else if (outcome.state == PostOutcome::State::refused || delivery.attempts >= max_post_attempts)
      delivery.state = "failed";
    delivery.next_attempt = parts.clock.now() + pause_after_attempts(delivery.attempts);
  }
  if (delivery.state != "pending") delivery.body.clear();
  if (delivery.state != "delivered") {
    parts_.logger.warning("webhook", "not delivered",
                          {{"workspace", webhook.workspace},
                           {"webhook", webhook.name},
                           {"event", delivery.event},
                           {"attempt", delivery.attempts},
                           {"reason", delivery.reason}});
  }
  return parts.database.write([&](sql::Session& session) { return store_.update(session, delivery); });
}

}  // namespace ciclo::outer_loop
