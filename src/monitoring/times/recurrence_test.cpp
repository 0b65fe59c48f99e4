#include "monitoring/times/recurrence.hpp"

#include <gtest/gtest.h>

namespace ciclo::monitoring {
namespace {

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value_or(TimePoint{});
}
constexpr std::string_view kCreated = "2026-01-01T00:00:30Z";

ScheduleTrigger trigger_of(std::string_view json) {
  auto trigger = parse_trigger(parse_json(json).value_or(Json()), at(kCreated));
  EXPECT_TRUE(trigger.has_value()) << json << trigger.error().text();
  return trigger ? *trigger : ScheduleTrigger{};
}

// The next `count` times after `from`.
std::vector<std::string> times(std::string_view json, std::string_view from, int count) {
  const auto trigger = trigger_of(json);
  std::vector<std::string> found;
  TimePoint time = at(from);
  for (int i = 0; i < count; ++i) {
    const auto next = next_after(trigger, time);
    if (!next) break;
    EXPECT_GT(*next, time);
    time = *next;
    found.push_back(format_rfc3339(time).substr(0, 16));
  }
  return found;
}

using Times = std::vector<std::string>;

TEST(Recurrence, CountsFromTheStart) {
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"minute","interval":15,"start_time":"2026-03-01T10:05:00Z"})",
                  "2026-03-01T10:20:00Z", 2),
            (Times{"2026-03-01T10:35", "2026-03-01T10:50"}));
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"hour","interval":5,"start_time":"2026-03-01T10:05:00Z"})",
                  "2026-02-01T00:00:00Z", 2),
            (Times{"2026-03-01T10:05", "2026-03-01T15:05"}));
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"day","interval":2,"start_time":"2026-03-01T10:05:00Z"})",
                  "2027-03-01T10:05:00Z", 2),
            (Times{"2027-03-02T10:05", "2027-03-04T10:05"}));
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"week","interval":1,"start_time":"2026-03-01T10:05:00Z"})",
                  "2026-03-05T00:00:00Z", 2),
            (Times{"2026-03-08T10:05", "2026-03-15T10:05"}));
}

TEST(Recurrence, WithoutStartItCountsFromCreation) {
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"hour","interval":1})", kCreated, 2),
            (Times{"2026-01-01T01:00", "2026-01-01T02:00"}));
}

TEST(Recurrence, AMonthWithoutTheDayTakesItsLast) {
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"month","interval":1,"start_time":"2026-01-31T08:00:00Z"})",
                  "2026-01-31T08:00:00Z", 3),
            (Times{"2026-02-28T08:00", "2026-03-31T08:00", "2026-04-30T08:00"}));
}

TEST(Recurrence, PatternOfHoursAndMinutesAsScalarOrList) {
  EXPECT_EQ(
      times(R"({"type":"recurrence","frequency":"day","interval":1,"schedule":{"hours":[10,4],"minutes":[0,30]}})",
            "2026-01-05T05:00:00Z", 3),
      (Times{"2026-01-05T10:00", "2026-01-05T10:30", "2026-01-06T04:00"}));
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"day","interval":3,"schedule":{"hours":3,"minutes":15}})",
                  "2026-01-01T12:00:00Z", 2),
            (Times{"2026-01-04T03:15", "2026-01-07T03:15"}));
}

TEST(Recurrence, PatternOfWeekDays) {
  // 5 January 2026 is a Monday; the start is in the week before, so every second week is that of 12 January.
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"week","interval":2,
                      "schedule":{"hours":9,"minutes":0,"week_days":["Monday","friday"]}})",
                  "2026-01-02T10:00:00Z", 3),
            (Times{"2026-01-12T09:00", "2026-01-16T09:00", "2026-01-26T09:00"}));
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"week","interval":1,
                      "schedule":{"hours":9,"minutes":0,"week_days":"tuesday"}})",
                  "2026-01-02T10:00:00Z", 1),
            (Times{"2026-01-06T09:00"}));
}

TEST(Recurrence, PatternOfMonthDaysLeavesOutMonthsWithoutThem) {
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"month","interval":1,
                      "schedule":{"hours":0,"minutes":0,"month_days":[1,31]}})",
                  "2026-01-31T12:00:00Z", 3),
            (Times{"2026-02-01T00:00", "2026-03-01T00:00", "2026-03-31T00:00"}));
}

TEST(Recurrence, WallTimesInATimeZone) {
  // 09:00 in New York is 14:00 UTC in winter and 13:00 in summer; the clock changes on 8 March 2026.
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"day","interval":1,"time_zone":"Eastern Standard Time",
                      "schedule":{"hours":9,"minutes":0}})",
                  "2026-03-07T00:00:00Z", 2),
            (Times{"2026-03-07T14:00", "2026-03-08T13:00"}));
  // A start without offset is a wall time.
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"day","interval":1,"timezone":"America/Sao_Paulo",
                      "start_time":"2026-02-01T21:30:00"})",
                  kCreated, 1),
            (Times{"2026-02-02T00:30"}));
}

TEST(Recurrence, TheHourThatComesTwiceFiresOnce) {
  EXPECT_EQ(times(R"({"type":"recurrence","frequency":"day","interval":1,"time_zone":"Europe/Berlin",
                      "schedule":{"hours":2,"minutes":30}})",
                  "2026-10-24T12:00:00Z", 2),
            (Times{"2026-10-25T00:30", "2026-10-26T01:30"}));
}

TEST(Recurrence, CronInATimeZone) {
  EXPECT_EQ(times(R"({"type":"cron","expression":"0 15 * * 1-5","time_zone":"India Standard Time"})",
                  "2026-01-02T12:00:00Z", 2),
            (Times{"2026-01-05T09:30", "2026-01-06T09:30"}));
  EXPECT_EQ(
      times(R"({"type":"cron","expression":"*/30 2 * * *","time_zone":"Europe/Berlin"})", "2026-10-25T00:40:00Z", 1),
      (Times{"2026-10-26T01:00"}));
}

TEST(Recurrence, EndsAndStarts) {
  EXPECT_EQ(times(R"({"type":"cron","expression":"0 0 * * *","start_time":"2026-02-01T00:00:00Z",
                      "end_time":"2026-02-03T00:00:00Z"})",
                  kCreated, 10),
            (Times{"2026-02-01T00:00", "2026-02-02T00:00", "2026-02-03T00:00"}));
}

TEST(Recurrence, LastUntilSkipsYearsOfMissedTimes) {
  const auto trigger = trigger_of(R"({"type":"recurrence","frequency":"minute","interval":1})");
  EXPECT_EQ(last_until(trigger, at(kCreated), at("2029-05-01T12:00:00Z")), at("2029-05-01T11:59:30Z"));
  EXPECT_EQ(last_until(trigger, at("2026-05-01T12:00:00Z"), at("2026-05-01T12:00:10Z")), std::nullopt);
  const auto yearly = trigger_of(R"({"type":"cron","expression":"0 0 1 6 *"})");
  EXPECT_EQ(last_until(yearly, at(kCreated), at("2029-05-01T12:00:00Z")), at("2028-06-01T00:00:00Z"));
}

TEST(Recurrence, WhatTheSchemaCannotTellIsRefused) {
  const auto pointer_of = [](std::string_view json) {
    const auto parsed = parse_trigger(parse_json(json).value_or(Json()), at(kCreated));
    return parsed ? std::string("accepted") : parsed.error().target;
  };
  EXPECT_EQ(pointer_of(R"({"type":"cron","expression":"61 * * * *"})"), "/trigger/expression");
  EXPECT_EQ(pointer_of(R"({"type":"cron","expression":"* * * * *","time_zone":"Mars"})"), "/trigger/time_zone");
  EXPECT_EQ(pointer_of(R"({"type":"cron","expression":"* * * * *","start_time":"soon"})"), "/trigger/start_time");
  EXPECT_EQ(pointer_of(R"({"type":"cron","expression":"* * * * *","start_time":"2026-03-01","end_time":"2026-02-01"})"),
            "/trigger/end_time");
  EXPECT_EQ(pointer_of(R"({"type":"recurrence","frequency":"hour","interval":1,"schedule":{"hours":1,"minutes":1}})"),
            "/trigger/schedule");
  EXPECT_EQ(pointer_of(R"({"type":"recurrence","frequency":"day","interval":0})"), "/trigger/interval");
  EXPECT_EQ(pointer_of(R"({"type":"recurrence","frequency":"day","interval":1,"schedule":{"hours":25,"minutes":1}})"),
            "/trigger/schedule/hours");
}

}  // namespace
}  // namespace ciclo::monitoring
