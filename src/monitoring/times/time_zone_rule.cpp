#include <cctype>
#include <charconv>

#include "monitoring/times/time_zone.hpp"

namespace ciclo::monitoring {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr int kMaxOffsetHours = 25;  // RFC 8536 §3.3.1 allows a rule's times up to 167 hours, its offsets up to 25
constexpr int kMaxTimeHours = 167;

// Reads from the front of a text; every function leaves `rest` behind what it took.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool abbreviation() {
    std::size_t length = 0;
    if (take('<')) {
      length = rest_.find('>');
      if (length == std::string_view::npos || length == 0) return false;
      rest_.remove_prefix(length + 1);
      return true;
    }
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length])) != 0) ++length;
    rest_.remove_prefix(length);
    return length >= 3;
  }

  bool number(int most, int& value) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || value < 0 || value > most) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }

  // [+-]hh[:mm[:ss]]
  bool time(int most_hours, seconds& value) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!number(most_hours, hour)) return false;
    if (take(':')) {
      if (!number(59, minute)) return false;
      if (take(':') && !number(59, second)) return false;
    }
    value = hours(hour) + minutes(minute) + seconds(second);
    if (negative) value = -value;
    return true;
  }

  bool date(RuleDate& date) {
    if (take('M')) {
      date.form = RuleDate::Form::month_week_day;
      if (!number(12, date.month) || date.month == 0 || !take('.') || !number(5, date.week) || date.week == 0 ||
          !take('.') || !number(6, date.weekday)) {
        return false;
      }
    } else if (take('J')) {
      date.form = RuleDate::Form::julian_without_leap_day;
      if (!number(365, date.day) || date.day == 0) return false;
    } else {
      date.form = RuleDate::Form::day_of_year;
      if (!number(365, date.day)) return false;
    }
    return !take('/') || time(kMaxTimeHours, date.time_of_day);
  }

 private:
  std::string_view rest_;
};

Failure malformed(std::string_view text) {
  return fail(ErrorCode::invalid, "the time zone's rule '" + std::string(text.substr(0, 80)) + "' is malformed");
}

// When the rule's change happens in a year, in local time counted without any offset.
seconds local_moment(const RuleDate& date, std::chrono::year year) {
  using std::chrono::month;
  using std::chrono::weekday;
  const sys_days first{year / 1 / 1};
  sys_days day = first;
  switch (date.form) {
    case RuleDate::Form::month_week_day: {
      const month in{static_cast<unsigned>(date.month)};
      const weekday on{static_cast<unsigned>(date.weekday)};
      day = date.week == 5 ? sys_days{year / in / on[std::chrono::last]}
                           : sys_days{year / in / on[static_cast<unsigned>(date.week)]};
      break;
    }
    case RuleDate::Form::julian_without_leap_day:
      day = first + days(date.day - 1 + (year.is_leap() && date.day >= 60 ? 1 : 0));
      break;
    case RuleDate::Form::day_of_year: day = first + days(date.day); break;
  }
  return day.time_since_epoch() + date.time_of_day;
}

}  // namespace

Result<PosixRule> parse_posix_rule(std::string_view text) {
  PosixRule rule;
  RuleReader reader(text);
  seconds west{0};
  if (!reader.abbreviation() || !reader.time(kMaxOffsetHours, west)) return malformed(text);
  rule.standard_offset = -west;
  if (reader.done()) return rule;
  if (!reader.abbreviation()) return malformed(text);
  rule.has_daylight = true;
  rule.daylight_offset = rule.standard_offset + hours(1);
  if (!reader.take(',')) {
    if (!reader.time(kMaxOffsetHours, west) || !reader.take(',')) return malformed(text);
    rule.daylight_offset = -west;
  }
  if (!reader.date(rule.daylight_from) || !reader.take(',') || !reader.date(rule.daylight_until) || !reader.done()) {
    return malformed(text);
  }
  return rule;
}

seconds offset_by_rule(const PosixRule& rule, sys_seconds time) {
  if (!rule.has_daylight) return rule.standard_offset;
  const auto local = std::chrono::floor<days>(time + rule.standard_offset);
  const auto year = std::chrono::year_month_day(local).year();
  const seconds now = time.time_since_epoch();
  const seconds from = local_moment(rule.daylight_from, year) - rule.standard_offset;
  const seconds until = local_moment(rule.daylight_until, year) - rule.daylight_offset;
  const bool daylight = from <= until ? now >= from && now < until : now >= from || now < until;
  return daylight ? rule.daylight_offset : rule.standard_offset;
}

}  // namespace ciclo::monitoring
