// Webhooks: sending what controller.cpp wrote down.
#include <fmt/format.h>

#include <algorithm>

#include "outer_loop/triggers/controller.hpp"

namespace ciclo::outer_loop {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMaxAttempts = 10;
constexpr milliseconds kFirstPause{5'000};
constexpr milliseconds kLongestPause{3'600'000};

milliseconds pause_after(std::int64_t attempts) {
  return std::min(kLongestPause, kFirstPause * (std::int64_t{1} << std::min<std::int64_t>(attempts, 12)));
}

std::string refusal_of(int status) {
  const bool is_redirect = status >= 300 && status < 400;
  return fmt::format("the receiver answered {}{}", status, is_redirect ? "; redirects are not followed" : "");
}

std::string reason_of(const Error& error) {
  return error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
}

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
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = text_or(pass.definition.settings, "url");
    request.headers.set("content-type", "application/cloudevents+json; charset=utf-8");
    // The same for every attempt, so that a receiver can tell a repeat.
    request.headers.set("x-ciclo-delivery", fmt::format("{}-{}", record.trigger_uid, record.event_sequence));
    request.body = to_text(events::to_cloud_event(events.front()));
    const auto answer = parts_.client.send(request);
    if (answer && answer->status >= 200 && answer->status < 300) {
      record.state = "delivered";
    } else {
      record.reason = answer ? refusal_of(answer->status) : reason_of(answer.error());
      // What the address itself forbids is not cured by waiting.
      const bool is_final =
          !answer && (answer.error().code == ErrorCode::denied || answer.error().code == ErrorCode::invalid);
      if (is_final || record.attempts >= kMaxAttempts) record.state = "failed";
    }
  }
  record.next_attempt = parts.clock.now() + pause_after(record.attempts - 1);
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
