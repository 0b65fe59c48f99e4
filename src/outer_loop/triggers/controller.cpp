#include "outer_loop/triggers/controller.hpp"

#include <fmt/format.h>

#include "outer_loop/triggers/actions.hpp"
#include "outer_loop/triggers/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;
using std::chrono::milliseconds;

constexpr std::size_t kEventsPerRead = 200;

// Whether the same will happen again however often it is tried.
bool is_final(ErrorCode code) {
  return code != ErrorCode::unavailable && code != ErrorCode::timeout && code != ErrorCode::quota &&
         code != ErrorCode::internal;
}

FireRecord record_for(const Resource& trigger, const events::Event& event, TimePoint now) {
  FireRecord record;
  record.trigger_uid = trigger.uid;
  record.event_sequence = event.sequence;
  record.workspace = trigger.key.workspace;
  record.trigger_name = trigger.key.name;
  record.event_id = event.id;
  record.event_type = event.type;
  record.event_subject = event.subject;
  record.time = now;
  record.next_attempt = now;
  return record;
}

}  // namespace

std::vector<ResourceKey> TriggerController::wakes(const events::Event& event) const {
  auto keys = Controller::wakes(event);
  const std::lock_guard lock(mutex_);
  for (const auto& [key, interest] : interests_) {
    if (interest.workspace == event.workspace && matches_type(interest.pattern, event.type)) keys.push_back(key);
  }
  return keys;
}

Result<std::optional<milliseconds>> TriggerController::reconcile(const ResourceKey& key) {
  const auto& parts = parts_.service.parts();
  CICLO_TRY(const auto trigger,
            parts.database.read([&](sql::Session& session) { return parts.store.find(session, key); }));
  const bool is_on = trigger && !trigger->archived && text_or(trigger->status, "state") == "Active";
  if (!is_on) {
    const std::lock_guard lock(mutex_);
    interests_.erase(key);
    return std::nullopt;
  }
  CICLO_TRY(const TriggerDefinition definition, parse_trigger_definition(*trigger));
  {
    // Before the log is read: an event that is written while it is read wakes this trigger again.
    const std::lock_guard lock(mutex_);
    interests_[key] = {definition.source_workspace, definition.event_pattern};
  }
  CICLO_TRY(TriggerState state, state_of(*trigger));
  Pass pass{*trigger, definition, std::move(state)};
  CICLO_TRY(const bool goes_on, handle_events(pass));
  if (!goes_on) return std::nullopt;
  if (definition.action != ActionKind::webhook) return std::nullopt;
  return deliver(pass);
}

// A new trigger begins right after its own creation.
Result<TriggerState> TriggerController::state_of(const Resource& trigger) {
  const auto& parts = parts_.service.parts();
  CICLO_TRY(const auto state,
            parts.database.read([&](sql::Session& session) { return store_.find_state(session, trigger.uid); }));
  if (state) return *state;
  CICLO_TRY(const auto created, parts.events.list({.workspace = trigger.key.workspace,
                                                   .type_prefix = "ciclo.trigger.created",
                                                   .subject = trigger.key.subject(),
                                                   .limit = 1,
                                                   .order = events::ListRequest::Order::newest_first}));
  TriggerState first;
  first.cursor = created.empty() ? 0 : created.front().sequence;
  CICLO_CHECK(
      parts.database.write([&](sql::Session& session) { return store_.put_state(session, trigger.uid, first); }));
  return first;
}

Result<bool> TriggerController::handle_events(Pass& pass) {
  const auto& parts = parts_.service.parts();
  pass.seen = pass.state.cursor;
  std::size_t read = 0;
  for (bool more = true; more;) {
    CICLO_TRY(const auto events,
              parts.events.list({.workspace = pass.definition.source_workspace,
                                 .type_prefix = std::string(type_prefix(pass.definition.event_pattern)),
                                 .after = pass.seen,
                                 .limit = kEventsPerRead}));
    more = events.size() == kEventsPerRead;
    read += events.size();
    for (const auto& event : events) {
      CICLO_TRY(const bool goes_on, handle(pass, event));
      if (!goes_on) return false;
      pass.seen = event.sequence;
    }
  }
  // Events that the filter let through unread are not gone over for ever, nor is each of them worth a write.
  if (read >= kEventsPerRead && pass.seen > pass.state.cursor) {
    pass.state.cursor = pass.seen;
    CICLO_CHECK(parts.database.write(
        [&](sql::Session& session) { return store_.put_state(session, pass.trigger.uid, pass.state); }));
  }
  return true;
}

Result<bool> TriggerController::handle(Pass& pass, const events::Event& event) {
  // Never its own echo.
  if (event.workspace == pass.trigger.key.workspace && event.subject == pass.trigger.key.subject()) return true;
  const auto since = parse_rfc3339(text_or(pass.trigger.status, "enabled_since")).value_or(TimePoint{});
  const auto decision = decide({event, pass.definition, pass.state.history, since});
  if (decision.outcome == Outcome::not_concerned) return true;
  if (decision.outcome == Outcome::fire) return fire(pass, event);
  FireRecord skipped = record_for(pass.trigger, event, parts_.service.parts().clock.now());
  skipped.state = "skipped";
  skipped.reason = decision.reason;
  CICLO_CHECK(record(pass, skipped));
  return true;
}

Result<bool> TriggerController::fire(Pass& pass, const events::Event& event) {
  const auto& parts = parts_.service.parts();
  const resources::Caller owner = owner_of(pass.trigger);
  FireRecord done = record_for(pass.trigger, event, parts.clock.now());
  const auto readable = parts.access.decide(owner, "logs/read", pass.definition.source_workspace);
  const auto acts = parts.access.decide(owner, "automation/write", pass.trigger.key.workspace);
  if (!readable.allowed || !acts.allowed) {
    done.state = "denied";
    done.reason =
        fmt::format("{} may not do this any more: {}", owner.principal, (readable.allowed ? acts : readable).rule);
    CICLO_CHECK(suspend(pass, done));
    return false;
  }
  TriggerState after{event.sequence, fired(pass.state.history, event)};
  const auto acted = parts.database.write([&](sql::Session& session) -> Result<void> {
    // Whoever changed or removed the trigger meanwhile wins.
    CICLO_TRY(const Resource now, parts.store.get(session, pass.trigger.key));
    if (now.uid != pass.trigger.uid || now.generation != pass.trigger.generation || now.archived) {
      return fail(ErrorCode::unavailable, "the trigger was changed meanwhile");
    }
    CICLO_TRY(const ActionResult result, act(session, {parts_.service, now, pass.definition, event, owner}));
    done.state = result.state;
    done.result = result.result;
    CICLO_CHECK(store_.insert(session, done));
    CICLO_CHECK(store_.put_state(session, pass.trigger.uid, after));
    const auto mutate = [&](Resource& resource) {
      resource.status["last_fired"] = format_rfc3339(done.time);
      resource.status["last_event"] = event.id;
      resource.status["last_result"] = done.result;
      return true;
    };
    CICLO_CHECK(parts_.service.change_status_in(session, pass.trigger.key, mutate,
                                                {.event = "fired",
                                                 .event_data = {{"event_id", event.id},
                                                                {"event_type", event.type},
                                                                {"action", name_of(pass.definition.action)},
                                                                {"result", done.result}},
                                                 .links = result.links}));
    return {};
  });
  if (acted) {
    pass.state = after;
    parts_.logger.info(
        "trigger", "fired",
        {{"workspace", pass.trigger.key.workspace}, {"trigger", pass.trigger.key.name}, {"event", event.type}});
    return true;
  }
  if (!is_final(acted.error().code)) return Failure(acted.error());
  done.state = acted.error().code == ErrorCode::denied ? "denied" : "failed";
  done.reason = acted.error().text();
  done.result = Json::object();
  parts_.logger.warning(
      "trigger", "could not act",
      {{"workspace", pass.trigger.key.workspace}, {"trigger", pass.trigger.key.name}, {"reason", done.reason}});
  if (done.state == "denied") {
    CICLO_CHECK(suspend(pass, done));
    return false;
  }
  CICLO_CHECK(record(pass, done));
  return true;
}

Result<void> TriggerController::record(Pass& pass, const FireRecord& fire) {
  pass.state.cursor = fire.event_sequence;
  return parts_.service.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(store_.insert(session, fire));
    CICLO_CHECK(store_.put_state(session, pass.trigger.uid, pass.state));
    if (fire.state == "skipped") return {};
    const auto mutate = [&](Resource& resource) {
      resource.status["last_failure"] = {
          {"time", format_rfc3339(fire.time)}, {"event", fire.event_id}, {"reason", fire.reason}};
      return true;
    };
    CICLO_CHECK(parts_.service.change_status_in(
        session, pass.trigger.key, mutate, {.event = "failed", .event_data = {{"reason", fire.reason}}, .links = {}}));
    return {};
  });
}

Result<void> TriggerController::suspend(Pass& pass, const FireRecord& fire) {
  pass.state.cursor = fire.event_sequence;
  CICLO_CHECK(parts_.service.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(store_.insert(session, fire));
    CICLO_CHECK(store_.put_state(session, pass.trigger.uid, pass.state));
    const auto mutate = [&](Resource& resource) {
      resource.status["state"] = "Suspended";
      resource.status["reason"] = fire.reason;
      return true;
    };
    CICLO_CHECK(
        parts_.service.change_status_in(session, pass.trigger.key, mutate,
                                        {.event = "suspended", .event_data = {{"reason", fire.reason}}, .links = {}}));
    return {};
  }));
  const std::lock_guard lock(mutex_);
  interests_.erase(pass.trigger.key);
  return {};
}

}  // namespace ciclo::outer_loop
