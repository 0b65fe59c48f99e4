#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "monitoring/times/recurrence.hpp"

namespace ciclo::monitoring {
namespace {

constexpr std::array<std::string_view, 7> kWeekDays{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 5> kFrequencies{"minute", "hour", "day", "week", "month"};

Failure invalid(std::string message, std::string pointer, std::string hint = {}) {
  return fail(ErrorCode::invalid, std::move(message), "/trigger" + std::move(pointer), std::move(hint));
}

// The member under the SDK's key or the documentation's.
const Json& either(const Json& object, std::string_view key, std::string_view other) {
  const Json& value = member(object, key);
  return value.is_null() ? member(object, other) : value;
}

template <class Read>
Result<std::vector<int>> one_or_many(const Json& value, const std::string& pointer, Read&& read) {
  std::vector<int> numbers;
  if (value.is_null()) return numbers;
  const Json list = value.is_array() ? value : Json::array({value});
  for (const Json& item : list) {
    const std::optional<int> number = read(item);
    if (!number) return invalid("this is not one of the possible values: " + to_text(item), pointer);
    numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  return numbers;
}

auto whole(int least, int most) {
  return [=](const Json& item) -> std::optional<int> {
    if (!item.is_number_integer()) return std::nullopt;
    const auto number = item.get<std::int64_t>();
    if (number < least || number > most) return std::nullopt;
    return static_cast<int>(number);
  };
}

std::optional<int> week_day(const Json& item) {
  if (!item.is_string()) return std::nullopt;
  const auto found = std::ranges::find(kWeekDays, to_lower(item.get<std::string>()));
  if (found == kWeekDays.end()) return std::nullopt;
  return static_cast<int>(found - kWeekDays.begin());
}

Result<Pattern> parse_pattern(const Json& json) {
  Pattern pattern;
  CICLO_TRY(pattern.hours, one_or_many(member(json, "hours"), "/schedule/hours", whole(0, 23)));
  CICLO_TRY(pattern.minutes, one_or_many(member(json, "minutes"), "/schedule/minutes", whole(0, 59)));
  CICLO_TRY(pattern.week_days, one_or_many(either(json, "week_days", "weekdays"), "/schedule/week_days", week_day));
  CICLO_TRY(pattern.month_days, one_or_many(member(json, "month_days"), "/schedule/month_days", whole(1, 31)));
  if (pattern.hours.empty()) pattern.hours = {0};
  if (pattern.minutes.empty()) pattern.minutes = {0};
  return pattern;
}

Result<Recurrence> parse_recurrence(const Json& trigger) {
  Recurrence recurrence;
  const auto frequency = std::ranges::find(kFrequencies, to_lower(text_or(trigger, "frequency")));
  if (frequency == kFrequencies.end())
    return invalid("there is no such frequency", "/frequency", "minute, hour, day, week or month");
  recurrence.frequency = static_cast<Recurrence::Frequency>(frequency - kFrequencies.begin());
  const auto interval = whole(1, 1'000'000)(member(trigger, "interval"));
  if (!interval) return invalid("the interval is not a whole number from 1 to 1000000", "/interval");
  recurrence.interval = *interval;
  const Json& pattern = either(trigger, "schedule", "pattern");
  if (pattern.is_null()) return recurrence;
  if (recurrence.frequency == Recurrence::Frequency::minute || recurrence.frequency == Recurrence::Frequency::hour) {
    return invalid("a schedule of hours and minutes needs frequency day, week or month", "/schedule",
                   "leave schedule out, or set frequency: day");
  }
  CICLO_TRY(recurrence.pattern, parse_pattern(pattern));
  return recurrence;
}

// "2026-03-01T10:00:00" or "2026-03-01 10:00", without an offset.
Result<TimePoint> parse_time(const Json& value, const TimeZone& zone, const std::string& pointer) {
  std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (const auto time = parse_rfc3339(text)) return *time;
  if (text.size() == 10) text += "T00:00:00";
  if (text.size() == 16) text += ":00";
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  if (const auto time = parse_rfc3339(text)) return *time;
  const auto wall = parse_rfc3339(text + "Z");
  if (!wall) return invalid("this is no time: '" + text + "'", pointer, "write 2026-03-01T10:00:00, or with an offset");
  const auto local = std::chrono::floor<std::chrono::seconds>(*wall).time_since_epoch();
  return TimePoint(zone.to_utc(std::chrono::local_seconds(local)));
}

}  // namespace

Result<ScheduleTrigger> parse_trigger(const Json& trigger, TimePoint created) {
  ScheduleTrigger parsed;
  const Json& zone = either(trigger, "time_zone", "timezone");
  if (zone.is_string()) {
    auto loaded = TimeZone::load(zone.get<std::string>());
    if (!loaded) return invalid(loaded.error().message, "/time_zone", loaded.error().hint);
    parsed.zone = *std::move(loaded);
  }
  parsed.start = created;
  if (const Json& start = member(trigger, "start_time"); !start.is_null()) {
    CICLO_TRY(parsed.start, parse_time(start, parsed.zone, "/start_time"));
  }
  if (const Json& end = member(trigger, "end_time"); !end.is_null()) {
    CICLO_TRY(parsed.end, parse_time(end, parsed.zone, "/end_time"));
    if (*parsed.end < parsed.start) return invalid("the schedule ends before it starts", "/end_time");
  }
  if (iequals(text_or(trigger, "type"), "cron")) {
    auto cron = CronExpression::parse(text_or(trigger, "expression"));
    if (!cron) return invalid(cron.error().message, "/expression", cron.error().hint);
    parsed.when = *std::move(cron);
  } else {
    CICLO_TRY(parsed.when, parse_recurrence(trigger));
  }
  return parsed;
}

}  // namespace ciclo::monitoring
