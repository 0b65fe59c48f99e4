// Whether a trigger fires for an event: a pure function of the event, the trigger and when it fired before.
//
// Time is the event's, not the clock's: events handled late, after the server was down, are judged as they would have
// been then.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "outer_loop/triggers/types.hpp"
#include "platform/events/event_log.hpp"

namespace ciclo::outer_loop {

struct TriggerHistory {
  std::optional<TimePoint> last_fired;  // the time of the event
  std::int64_t day = 0;                 // days since 1970 of the last firing (UTC)
  std::int64_t fired_on_day = 0;
};

enum class Outcome : std::uint8_t {
  not_concerned,  // another type, workspace, or the filter says no: nothing to remember
  skip,           // it would, but a limit says no
  fire,
};

struct TriggerDecision {
  Outcome outcome = Outcome::not_concerned;
  std::string reason;
};

struct TriggerQuestion {
  const events::Event& event;
  const TriggerDefinition& definition;
  const TriggerHistory& history;
  // Events before this are from when the trigger was off.
  TimePoint enabled_since;
};

TriggerDecision decide(const TriggerQuestion& question);
// The history after it fired for an event.
TriggerHistory fired(const TriggerHistory& history, const events::Event& event);

}  // namespace ciclo::outer_loop
