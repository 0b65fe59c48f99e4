// Time zones for schedules: "UTC", fixed offsets ("+05:30", "UTC-11"), IANA names ("America/Sao_Paulo") and the Windows
// names that Azure ML's YAML takes ("E. South America Standard Time").
//
// The rules come from the machine's TZif files (RFC 8536): the 64-bit transitions of version 2 and above and, beyond
// the last one, the POSIX rule in the footer. Leap seconds are not counted (as in POSIX time).
//
// Wall times that a change of the clock skips count from the other side of the gap (02:30 becomes 03:30); wall times
// that come twice mean the first.
//
// Thread safety: immutable after making; share freely.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::monitoring {

// One day in a year on which the clock changes, as POSIX TZ writes it: "M3.2.0/2".
struct RuleDate {
  enum class Form : std::uint8_t { month_week_day, julian_without_leap_day, day_of_year } form = Form::month_week_day;
  int month = 0;                           // 1 … 12
  int week = 0;                            // 1 … 5, 5 is the last
  int weekday = 0;                         // 0 is Sunday
  int day = 0;                             // of the year, for the other two forms
  std::chrono::seconds time_of_day{7200};  // local, may be negative or above a day
};

// What holds after the last transition.
struct PosixRule {
  std::chrono::seconds standard_offset{0};  // east of Greenwich is positive
  bool has_daylight = false;
  std::chrono::seconds daylight_offset{0};
  RuleDate daylight_from;
  RuleDate daylight_until;
};

class TimeZone {
 public:
  static TimeZone utc() { return TimeZone(); }
  // `folder` holds the TZif files by IANA name. Fails with invalid for a name that is none, hinting at the nearest
  // Windows name; unavailable when the machine has no time zone data.
  static Result<TimeZone> load(std::string_view name, const std::filesystem::path& folder = "/usr/share/zoneinfo");
  // The bytes of a TZif file. Fails with invalid for anything malformed or over the limits (64 KiB, 8192 transitions).
  static Result<TimeZone> parse_tzif(std::string_view bytes);

  std::chrono::seconds offset_at(std::chrono::sys_seconds time) const;
  std::chrono::local_seconds to_local(std::chrono::sys_seconds time) const;
  std::chrono::sys_seconds to_utc(std::chrono::local_seconds wall) const;

 private:
  struct Transition {
    std::chrono::sys_seconds from;
    std::chrono::seconds offset;  // from then on
  };

  std::chrono::seconds first_offset_{0};  // before the first transition
  std::vector<Transition> transitions_;   // rising
  PosixRule rule_;                        // after the last; used when has_rule_
  bool has_rule_ = true;
};

// "E. South America Standard Time" → "America/Sao_Paulo"; empty when the name is none of Windows'. Case is ignored.
std::string_view iana_name_of(std::string_view windows_name);
std::vector<std::string> windows_names();

// The footer of a TZif file, "EST5EDT,M3.2.0,M11.1.0". Fails with invalid.
Result<PosixRule> parse_posix_rule(std::string_view text);
// Offset by a rule alone.
std::chrono::seconds offset_by_rule(const PosixRule& rule, std::chrono::sys_seconds time);

}  // namespace ciclo::monitoring
