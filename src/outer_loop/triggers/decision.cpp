#include "outer_loop/triggers/decision.hpp"

#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/jmespath.hpp"

namespace ciclo::outer_loop {
namespace {

std::int64_t day_of(TimePoint time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

}  // namespace

TriggerDecision decide(const TriggerQuestion& question) {
  const auto& [event, definition, history, enabled_since] = question;
  if (!definition.enabled) return {Outcome::not_concerned, "the trigger is disabled"};
  if (event.workspace != definition.source_workspace) return {Outcome::not_concerned, "another workspace"};
  if (!matches_type(definition.event_pattern, event.type)) return {Outcome::not_concerned, "another type of event"};
  if (event.time < enabled_since) return {Outcome::not_concerned, "the event is from before the trigger was on"};
  if (!definition.filter.empty()) {
    const auto filter = JmesPath::compile(definition.filter);
    if (!filter) return {Outcome::skip, "the filter is malformed: " + filter.error().message};
    const auto answer = filter->search(events::to_cloud_event(event));
    if (!answer) return {Outcome::skip, "the filter failed: " + answer.error().message};
    if (!is_truthy(*answer)) return {Outcome::not_concerned, "the filter says no"};
  }
  const auto& limits = definition.limits;
  if (history.last_fired && event.time < *history.last_fired + limits.cooldown) {
    return {Outcome::skip, fmt::format("it rests for {} after {}", format_duration(limits.cooldown),
                                       format_rfc3339(*history.last_fired))};
  }
  if (history.day == day_of(event.time) && history.fired_on_day >= limits.max_per_day) {
    return {Outcome::skip, fmt::format("it fired {} times on this day already", history.fired_on_day)};
  }
  return {Outcome::fire, {}};
}

TriggerHistory fired(const TriggerHistory& history, const events::Event& event) {
  const std::int64_t day = day_of(event.time);
  return {event.time, day, history.day == day ? history.fired_on_day + 1 : 1};
}

}  // namespace ciclo::outer_loop
