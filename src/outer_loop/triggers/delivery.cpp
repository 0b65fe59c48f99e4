// Webhooks: sending what controller.cpp wrote down.
#include <fmt/format.h>

#include <algorithm>

#include "outer_loop/triggers/controller.hpp"
#include "outer_loop/webhooks/posting.hpp"

namespace ciclo::outer_loop {
namespace {

using std::chrono::milliseconds;

}  // namespace

Result<std::optional<milliseconds>> TriggerController::deliver(const Pass& pass) {
  const auto& parts = parts_.service.parts();
  CICLO_TRY(auto waiting,
            parts.database.read([&](sql::Session& session) { return store_.pending(session, pass.trigger.uid); }));
  std::optional<milliseconds> next;
  for (FireRecord& record : waiting) {
    const TimePoint now = parts.clock.now();
    if (record.next_attempt <= now) CICLO_CHECK(send(pass, record));
    if (record.state != "pending") continue;
    const milliseconds wait = std::max(milliseconds(1), record.next_attempt - now);
    next = next ? std::min(*next, wait) : wait;
  }
  return next;
}

Result<void> TriggerController::send(const Pass& pass, FireRecord& record) {
  const auto& parts = parts_.service.parts();
  CICLO_TRY(const auto events, parts.events.list({.workspace = pass.definition.source_workspace,
                                                  .after = record.event_sequence - 1,
                                                  .before = record.event_sequence + 1,
                                                  .limit = 1}));
  ++record.attempts;
  record.reason.clear();
  if (events.empty()) {
    record.state = "failed";
    record.reason = "the event is not in the log any more";
  } else {
    Post post{.url = text_or(pass.definition.settings, "url"),
              .headers = {},
              .body = to_text(events::to_cloud_event(events.front()))};
    post.headers.set("content-type", "application/cloudevents+json; charset=utf-8");
    // The same for every attempt, so that a receiver can tell a repeat.
    post.headers.set("x-ciclo-delivery", fmt::format("{}-{}", record.trigger_uid, record.event_sequence));
    const PostOutcome outcome = send_post(parts_.client, std::move(post));
    record.reason = outcome.reason;
    if (outcome.state == PostOutcome::State::delivered) record.state = "delivered";
    else if (outcome.state == PostOutcome::State::refused || record.attempts >= max_post_attempts)
      record.state = "failed";
  }
  record.next_attempt = parts.clock.now() + pause_after_attempts(record.attempts);
  if (record.state != "delivered") {
    parts_.logger.warning("trigger", "webhook not delivered",
                          {{"workspace", record.workspace},
                           {"trigger", record.trigger_name},
                           {"attempt", record.attempts},
                           {"reason", record.reason}});
  }
  return parts.database.write([&](sql::Session& session) { return store_.update(session, record); });
}

}  // namespace ciclo::outer_loop
