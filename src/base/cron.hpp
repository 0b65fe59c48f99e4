// Cron expressions of five fields, in UTC: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or jan-dec),
// day of week (0-7 or sun-sat; 0 and 7 are Sunday).
//
// A field is * or a list of values and ranges, with steps: "*/15", "1,15", "mon-fri", "8-18/2", "5/20" (from 5 to the
// end). When day of month and day of week are both restricted (neither begins with *), a day that fits either counts,
// as in every cron.
//
// Thread safety: plain values.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo {

class CronExpression {
 public:
  // Fails with ErrorCode::invalid and the field's name as the target; also for a date that never comes (30 February).
  static Result<CronExpression> parse(std::string_view text);

  // The first matching minute after `time`.
  TimePoint next_after(TimePoint time) const;

 private:
  CronExpression() = default;

  bool fits_day(std::chrono::sys_days day) const;
  // Nothing when no day of the next 41 years fits.
  std::optional<TimePoint> find_after(TimePoint time) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_of_month_;
  std::bitset<13> months_;
  std::bitset<8> days_of_week_;  // Sunday is 0
  bool any_day_of_month_ = true;
  bool any_day_of_week_ = true;
};

}  // namespace ciclo
