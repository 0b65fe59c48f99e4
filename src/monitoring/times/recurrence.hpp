// When a schedule fires: Azure ML's recurrence and cron triggers as a pure function of the trigger and a time.
//
// All wall times are in the trigger's time zone. Without a pattern, a recurrence counts its interval from its start:
// minutes and hours as exact spans; days, weeks and months by the calendar, at the start's time of day (a day that a
// month lacks is its last). With a pattern (frequency day, week or month), every interval-th day, week (from Monday)
// or month, counted from that of the start, fires on the pattern's days (else on the start's day) at each of its hours
// and minutes; days that a month lacks are left out.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/cron.hpp"
#include "base/json.hpp"
#include "monitoring/times/time_zone.hpp"

namespace ciclo::monitoring {

struct Pattern {
  std::vector<int> hours;       // 0 … 23, rising
  std::vector<int> minutes;     // 0 … 59, rising
  std::vector<int> week_days;   // 0 is Sunday; empty: any
  std::vector<int> month_days;  // 1 … 31; empty: any
};

struct Recurrence {
  enum class Frequency : std::uint8_t { minute, hour, day, week, month } frequency = Frequency::day;
  int interval = 1;
  std::optional<Pattern> pattern;
};

struct ScheduleTrigger {
  std::variant<Recurrence, CronExpression> when;
  TimePoint start;               // nothing fires before it; a recurrence counts from it
  std::optional<TimePoint> end;  // nothing fires after it
  TimeZone zone = TimeZone::utc();
};

// Reads `trigger` of a schedule's YAML. `created` stands in for a missing start_time. Times without offset are wall
// times. Fails with invalid and a JSON pointer into the schedule ("/trigger/schedule") for what the schema cannot tell.
Result<ScheduleTrigger> parse_trigger(const Json& trigger, TimePoint created);

// The first time after `time` at which it fires; nothing when there is none (past its end, or never in 50 years).
std::optional<TimePoint> next_after(const ScheduleTrigger& trigger, TimePoint time);
// The last time at or before `time`, and after `since`; nothing when there is none.
std::optional<TimePoint> last_until(const ScheduleTrigger& trigger, TimePoint since, TimePoint time);

}  // namespace ciclo::monitoring
