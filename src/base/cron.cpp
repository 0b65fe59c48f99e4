#include "base/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"

namespace ciclo {
namespace {

constexpr std::array<std::string_view, 12> month_names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int first;
  int last;
  std::span<const std::string_view> names;  // names[i] is the value first + i
};

const std::array<Field, 5> fields = {{{"minute", 0, 59, {}},
                                      {"hour", 0, 23, {}},
                                      {"day of month", 1, 31, {}},
                                      {"month", 1, 12, month_names},
                                      {"day of week", 0, 7, day_names}}};

Failure invalid(const Field& field, std::string message) {
  std::string hint = fmt::format("the {} is {} to {}", field.name, field.first, field.last);
  if (!field.names.empty()) hint += fmt::format(" or {} to {}", field.names.front(), field.names.back());
  return fail(ErrorCode::invalid, std::move(message), std::string(field.name), std::move(hint));
}

Result<int> value_of(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (iequals(text, field.names[i])) return field.first + static_cast<int>(i);
  const auto number = parse_int(text);
  if (!number) return invalid(field, fmt::format("'{}' is no {}", text.substr(0, 40), field.name));
  if (*number < field.first || *number > field.last)
    return invalid(field, fmt::format("the {} {} is out of range", field.name, *number));
  return static_cast<int>(*number);
}

// One part of a list: "*", "5", "1-5", each with an optional "/step".
Result<std::vector<int>> values_of(const Field& field, std::string_view part) {
  int step = 1;
  const std::size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto number = parse_int(part.substr(slash + 1));
    if (!number || *number < 1 || *number > field.last)
      return invalid(field,
                     fmt::format("the step '{}' of the {} is not valid", part.substr(slash + 1, 40), field.name));
    step = static_cast<int>(*number);
  }
  const std::string_view range = part.substr(0, slash);
  int from = field.first;
  int to = field.last;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    CICLO_TRY(from, value_of(field, range.substr(0, dash)));
    if (dash != std::string_view::npos) {
      CICLO_TRY(to, value_of(field, range.substr(dash + 1)));
    } else if (slash == std::string_view::npos) {
      to = from;
    }
    // A week may end with Sunday by its name.
    if (to < from && to == 0 && field.last == 7) to = 7;
    if (to < from)
      return invalid(field, fmt::format("the range '{}' of the {} runs backward", range.substr(0, 40), field.name));
  }
  std::vector<int> values;
  for (int value = from; value <= to; value += step) values.push_back(value);
  return values;
}

template <std::size_t Size>
Result<void> fill(const Field& field, std::string_view text, std::bitset<Size>& out) {
  for (const std::string& part : split(text, ',')) {
    CICLO_TRY(const auto values, values_of(field, part));
    for (const int value : values) out.set(static_cast<std::size_t>(value));
  }
  return {};
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string& part : split(replace_all(std::string(text), "\t", " "), ' '))
    if (!part.empty()) out.push_back(part);
  return out;
}

}  // namespace

Result<CronExpression> CronExpression::parse(std::string_view text) {
  constexpr std::string_view example =
      "write 'minute hour day-of-month month day-of-week', for example '30 6 * * mon-fri'";
  if (text.size() > 1024) return fail(ErrorCode::invalid, "the cron expression is too long", {}, std::string(example));
  const std::vector<std::string> parts = words(text);
  if (parts.size() != fields.size())
    return fail(ErrorCode::invalid, fmt::format("a cron expression has 5 fields, found {}", parts.size()), {},
                std::string(example));
  CronExpression cron;
  CICLO_CHECK(fill(fields[0], parts[0], cron.minutes_));
  CICLO_CHECK(fill(fields[1], parts[1], cron.hours_));
  CICLO_CHECK(fill(fields[2], parts[2], cron.days_of_month_));
  CICLO_CHECK(fill(fields[3], parts[3], cron.months_));
  CICLO_CHECK(fill(fields[4], parts[4], cron.days_of_week_));
  if (cron.days_of_week_.test(7)) cron.days_of_week_.set(0);
  cron.any_day_of_month_ = parts[2].starts_with('*');
  cron.any_day_of_week_ = parts[4].starts_with('*');
  if (!cron.find_after(TimePoint()))
    return fail(ErrorCode::invalid, "this date never comes", "day of month", "no such day is in the months given");
  return cron;
}

bool CronExpression::fits_day(std::chrono::sys_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool of_month = days_of_month_.test(static_cast<unsigned>(date.day()));
  const bool of_week = days_of_week_.test(std::chrono::weekday(day).c_encoding());
  if (!any_day_of_month_ && !any_day_of_week_) return of_month || of_week;
  return of_month && of_week;
}

std::optional<TimePoint> CronExpression::find_after(TimePoint time) const {
  const auto earliest = std::chrono::floor<std::chrono::minutes>(time) + std::chrono::minutes(1);
  const auto first_day = std::chrono::floor<std::chrono::days>(earliest);
  // A date and a weekday step together ("*/31 2 ..") repeat after 28 years, or 40 across a century without a leap day.
  for (auto day = first_day; day < first_day + std::chrono::days(41 * 366); day += std::chrono::days(1)) {
    if (!fits_day(day)) continue;
    for (int hour = 0; hour < 24; ++hour) {
      if (!hours_.test(static_cast<std::size_t>(hour))) continue;
      for (int minute = 0; minute < 60; ++minute) {
        const auto at = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
        if (minutes_.test(static_cast<std::size_t>(minute)) && at >= earliest) return at;
      }
    }
  }
  return std::nullopt;
}

TimePoint CronExpression::next_after(TimePoint time) const {
  return find_after(time).value_or(TimePoint::max());
}

}  // namespace ciclo
