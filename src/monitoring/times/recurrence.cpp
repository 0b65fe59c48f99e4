#include "monitoring/times/recurrence.hpp"

#include <algorithm>

namespace ciclo::monitoring {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::months;
using std::chrono::seconds;
using std::chrono::year_month_day;
using Frequency = Recurrence::Frequency;

constexpr std::int64_t kMaxDays = 50 * 366;
constexpr int kMaxSteps = 100'000;  // of last_until; then it jumps

TimePoint to_point(const TimeZone& zone, local_seconds wall) {
  return TimePoint(zone.to_utc(wall));
}

local_seconds to_wall(const TimeZone& zone, TimePoint time) {
  return zone.to_local(floor<seconds>(time));
}

std::int64_t month_number(local_days day) {
  const year_month_day date(day);
  return std::int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
}

local_days monday_of(local_days day) {
  return day - days(std::chrono::weekday(day).iso_encoding() - 1);
}

// Floored, so that days before the start count down.
bool is_multiple(std::int64_t distance, int interval) {
  return distance >= 0 && distance % interval == 0;
}

// start + steps intervals, by the calendar.
local_seconds stepped(const Recurrence& recurrence, local_seconds start, std::int64_t steps) {
  const std::int64_t amount = steps * recurrence.interval;
  if (recurrence.frequency == Frequency::day) return start + days(amount);
  if (recurrence.frequency == Frequency::week) return start + days(7 * amount);
  const auto day = floor<days>(start);
  const year_month_day date(day);
  year_month_day then = date + months(static_cast<int>(amount));
  if (!then.ok()) then = then.year() / then.month() / std::chrono::last;
  return local_days(then) + (start - day);
}

std::optional<TimePoint> next_without_pattern(const ScheduleTrigger& trigger, const Recurrence& recurrence,
                                              TimePoint time) {
  if (time < trigger.start) return trigger.start;
  if (recurrence.frequency == Frequency::minute || recurrence.frequency == Frequency::hour) {
    const Milliseconds step = recurrence.frequency == Frequency::minute ? Milliseconds(minutes(recurrence.interval))
                                                                        : Milliseconds(hours(recurrence.interval));
    return trigger.start + ((time - trigger.start) / step + 1) * step;
  }
  const local_seconds start = to_wall(trigger.zone, trigger.start);
  const local_seconds now = to_wall(trigger.zone, time);
  const std::int64_t unit = recurrence.frequency == Frequency::month  ? 31
                            : recurrence.frequency == Frequency::week ? 7
                                                                      : 1;
  std::int64_t steps =
      std::max<std::int64_t>(0, (floor<days>(now) - floor<days>(start)).count() / (unit * recurrence.interval) - 1);
  for (;; ++steps) {
    const TimePoint candidate = to_point(trigger.zone, stepped(recurrence, start, steps));
    if (candidate > time) return candidate;
  }
}

bool fires_on(const Recurrence& recurrence, local_days start, local_days day) {
  const year_month_day date(day);
  const Pattern& pattern = *recurrence.pattern;
  const auto has = [](const std::vector<int>& wanted, unsigned value) {
    return std::ranges::find(wanted, static_cast<int>(value)) != wanted.end();
  };
  if (!pattern.week_days.empty() && !has(pattern.week_days, std::chrono::weekday(day).c_encoding())) return false;
  if (!pattern.month_days.empty() && !has(pattern.month_days, static_cast<unsigned>(date.day()))) return false;
  const bool any_day = pattern.week_days.empty() && pattern.month_days.empty();
  if (recurrence.frequency == Frequency::day) return is_multiple((day - start).count(), recurrence.interval);
  if (recurrence.frequency == Frequency::week) {
    if (any_day && std::chrono::weekday(day) != std::chrono::weekday(start)) return false;
    return is_multiple((monday_of(day) - monday_of(start)).count() / 7, recurrence.interval);
  }
  if (any_day && date.day() != year_month_day(start).day()) return false;
  return is_multiple(month_number(day) - month_number(start), recurrence.interval);
}

std::optional<TimePoint> next_by_pattern(const ScheduleTrigger& trigger, const Recurrence& recurrence, TimePoint time) {
  const TimePoint from = std::max(time, trigger.start - Milliseconds(1));
  const local_days start = floor<days>(to_wall(trigger.zone, trigger.start));
  // A day back: the wall time of `from` may come twice.
  local_days day = floor<days>(to_wall(trigger.zone, from)) - days(1);
  for (std::int64_t i = 0; i < kMaxDays; ++i, day += days(1)) {
    if (!fires_on(recurrence, start, day)) continue;
    std::optional<TimePoint> best;
    for (const int hour : recurrence.pattern->hours) {
      for (const int minute : recurrence.pattern->minutes) {
        const TimePoint candidate = to_point(trigger.zone, day + hours(hour) + minutes(minute));
        if (candidate > from && (!best || candidate < *best)) best = candidate;
      }
    }
    if (best) return best;
  }
  return std::nullopt;
}

// The expression is read in wall time: it is asked as if the zone's clock were UTC's.
std::optional<TimePoint> next_by_cron(const ScheduleTrigger& trigger, const CronExpression& cron, TimePoint time) {
  const TimePoint from = std::max(time, trigger.start - Milliseconds(1));
  auto wall = TimePoint(to_wall(trigger.zone, from).time_since_epoch());
  for (int i = 0; i < 10'000; ++i) {
    wall = cron.next_after(wall);
    const TimePoint candidate =
        to_point(trigger.zone, floor<seconds>(local_seconds(floor<seconds>(wall).time_since_epoch())));
    if (candidate > from) return candidate;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimePoint> next_after(const ScheduleTrigger& trigger, TimePoint time) {
  std::optional<TimePoint> next;
  if (const auto* cron = std::get_if<CronExpression>(&trigger.when)) {
    next = next_by_cron(trigger, *cron, time);
  } else {
    const auto& recurrence = std::get<Recurrence>(trigger.when);
    next = recurrence.pattern ? next_by_pattern(trigger, recurrence, time)
                              : next_without_pattern(trigger, recurrence, time);
  }
  if (next && trigger.end && *next > *trigger.end) return std::nullopt;
  return next;
}

std::optional<TimePoint> last_until(const ScheduleTrigger& trigger, TimePoint since, TimePoint time) {
  // Looked for in windows that double backwards from `time`, so that years of missed minutes are not gone through.
  for (Milliseconds window = minutes(2);; window *= 8) {
    const TimePoint from = std::max(since, time - window);
    std::optional<TimePoint> last;
    TimePoint at = from;
    for (int i = 0; i < kMaxSteps; ++i) {
      const auto next = next_after(trigger, at);
      if (!next || *next > time) break;
      last = at = *next;
    }
    if (last || from == since) return last;
  }
}

}  // namespace ciclo::monitoring
