#include "base/cron.hpp"

#include <gtest/gtest.h>

namespace ciclo {
namespace {

struct Next {
  std::string_view cron;
  std::string_view after;
  std::string_view next;
};

TEST(Cron, FindsTheNextTime) {
  // 2026-01-01 is a Thursday.
  const std::vector<Next> cases = {
      {"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00.000Z"},
      {"* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00.000Z"},
      {"0 * * * *", "2026-01-01T23:59:00Z", "2026-01-02T00:00:00.000Z"},
      {"*/15 * * * *", "2026-01-01T10:14:30Z", "2026-01-01T10:15:00.000Z"},
      {"*/15 * * * *", "2026-01-01T10:45:00Z", "2026-01-01T11:00:00.000Z"},
      {"5/20 * * * *", "2026-01-01T10:05:00Z", "2026-01-01T10:25:00.000Z"},
      {"1,2,40-42 * * * *", "2026-01-01T10:02:00Z", "2026-01-01T10:40:00.000Z"},
      {"40-50/5 * * * *", "2026-01-01T10:41:00Z", "2026-01-01T10:45:00.000Z"},
      {"30 6 * * mon-fri", "2026-01-02T06:30:00Z", "2026-01-05T06:30:00.000Z"},
      {"30 6 * * Sun", "2026-01-01T00:00:00Z", "2026-01-04T06:30:00.000Z"},
      {"0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00.000Z"},
      {"0 0 * * fri-sun", "2026-01-04T00:00:00Z", "2026-01-09T00:00:00.000Z"},
      {"0 0 1 * *", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00.000Z"},
      {"0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00.000Z"},
      {"0 0 29 feb *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"},
      {"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00.000Z"},
      {"59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00.000Z"},
      {"0 0 1 jan,JUL *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00.000Z"},
      // Both day fields: either counts, unless one begins with *.
      {"0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00.000Z"},
      {"0 0 13 * fri", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00.000Z"},
      {"0 0 */2 * mon", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00.000Z"},
      {"0 0 */2 * mon", "2026-01-05T00:00:00Z", "2026-01-19T00:00:00.000Z"},
      {"0 0 30 2 fri", "2026-01-30T00:00:00Z", "2026-02-06T00:00:00.000Z"},
      {"\t0  12 * * *  ", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00.000Z"},
      {"0 0 * * *", "1969-12-30T10:00:00Z", "1969-12-31T00:00:00.000Z"},
  };
  for (const Next& one : cases) {
    const auto cron = CronExpression::parse(one.cron);
    ASSERT_TRUE(cron) << one.cron << " " << cron.error().text();
    EXPECT_EQ(format_rfc3339(cron->next_after(parse_rfc3339(one.after).value())), one.next)
        << one.cron << " " << one.after;
  }
}

TEST(Cron, RefusesWhatMeansNothing) {
  struct Wrong {
    std::string_view cron;
    std::string_view target;
    std::string_view message;
  };
  const std::vector<Wrong> cases = {
      {"", "", "5 fields, found 0"},
      {"* * * *", "", "5 fields, found 4"},
      {"* * * * * *", "", "5 fields, found 6"},
      {"60 * * * *", "minute", "the minute 60 is out of range"},
      {"* 24 * * *", "hour", "the hour 24 is out of range"},
      {"* * 0 * *", "day of month", "the day of month 0 is out of range"},
      {"* * * 13 *", "month", "the month 13 is out of range"},
      {"* * * * 8", "day of week", "the day of week 8 is out of range"},
      {"* * * * monday", "day of week", "'monday' is no day of week"},
      {"*/0 * * * *", "minute", "the step '0'"},
      {"*/x * * * *", "minute", "the step 'x'"},
      {"5-1 * * * *", "minute", "runs backward"},
      {"1,,2 * * * *", "minute", "'' is no minute"},
      {"-1 * * * *", "minute", "'' is no minute"},
      {"a * * * *", "minute", "'a' is no minute"},
      {"0 0 30 2 *", "day of month", "never comes"},
      {"0 0 31 4,6 *", "day of month", "never comes"},
  };
  for (const Wrong& one : cases) {
    const auto cron = CronExpression::parse(one.cron);
    ASSERT_FALSE(cron) << one.cron;
    EXPECT_EQ(cron.error().code, ErrorCode::invalid);
    EXPECT_EQ(cron.error().target, one.target) << one.cron;
    EXPECT_NE(cron.error().message.find(one.message), std::string::npos) << one.cron << " " << cron.error().text();
    EXPECT_FALSE(cron.error().hint.empty()) << one.cron;
  }
}

}  // namespace
}  // namespace ciclo
