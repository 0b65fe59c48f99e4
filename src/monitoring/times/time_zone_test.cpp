#include "monitoring/times/time_zone.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace ciclo::monitoring {
namespace {

using std::chrono::hours;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

sys_seconds utc(std::string_view text) {
  return std::chrono::time_point_cast<seconds>(parse_rfc3339(text).value_or(TimePoint{}));
}

local_seconds wall(std::string_view text) {
  return local_seconds(utc(std::string(text) + "Z").time_since_epoch());
}

TimeZone zone(std::string_view name) {
  auto loaded = TimeZone::load(name);
  EXPECT_TRUE(loaded.has_value()) << name;
  return loaded ? *loaded : TimeZone::utc();
}

TEST(TimeZone, UtcAndFixedOffsets) {
  EXPECT_EQ(zone("UTC").offset_at(utc("2026-07-01T00:00:00Z")), seconds(0));
  EXPECT_EQ(zone("UTC-11").offset_at(utc("2026-07-01T00:00:00Z")), -hours(11));
  EXPECT_EQ(zone("+05:30").offset_at(utc("2026-07-01T00:00:00Z")), hours(5) + minutes(30));
  EXPECT_EQ(zone("-03:00").to_utc(wall("2026-07-01T21:00:00")), utc("2026-07-02T00:00:00Z"));
}

TEST(TimeZone, WindowsAndIanaNamesAreTheSameZone) {
  for (const auto* time : {"2018-01-15T12:00:00Z", "2018-07-15T12:00:00Z", "2026-01-15T12:00:00Z"}) {
    EXPECT_EQ(zone("E. South America Standard Time").offset_at(utc(time)),
              zone("America/Sao_Paulo").offset_at(utc(time)));
  }
  // Brazil gave up daylight saving time in 2019.
  EXPECT_EQ(zone("America/Sao_Paulo").offset_at(utc("2018-01-15T12:00:00Z")), -hours(2));
  EXPECT_EQ(zone("America/Sao_Paulo").offset_at(utc("2026-01-15T12:00:00Z")), -hours(3));
}

TEST(TimeZone, RulesHoldBeyondTheLastTransition) {
  const auto new_york = zone("Eastern Standard Time");
  EXPECT_EQ(new_york.offset_at(utc("2026-01-15T12:00:00Z")), -hours(5));
  EXPECT_EQ(new_york.offset_at(utc("2026-07-15T12:00:00Z")), -hours(4));
  EXPECT_EQ(new_york.offset_at(utc("2090-01-15T12:00:00Z")), -hours(5));
  EXPECT_EQ(new_york.offset_at(utc("2090-07-15T12:00:00Z")), -hours(4));
  // South of the equator daylight saving time spans the new year.
  const auto sydney = zone("AUS Eastern Standard Time");
  EXPECT_EQ(sydney.offset_at(utc("2090-01-15T12:00:00Z")), hours(11));
  EXPECT_EQ(sydney.offset_at(utc("2090-07-15T12:00:00Z")), hours(10));
}

TEST(TimeZone, ChangesOfTheClock) {
  const auto berlin = zone("Europe/Berlin");
  // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
  EXPECT_EQ(berlin.to_utc(wall("2026-03-29T01:59:59")), utc("2026-03-29T00:59:59Z"));
  EXPECT_EQ(berlin.to_utc(wall("2026-03-29T02:30:00")), utc("2026-03-29T01:30:00Z"));
  EXPECT_EQ(berlin.to_utc(wall("2026-03-29T03:00:00")), utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(berlin.to_utc(wall("2026-10-25T02:30:00")), utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.to_utc(wall("2026-10-25T03:00:00")), utc("2026-10-25T02:00:00Z"));
}

TEST(TimeZone, EveryWindowsNameLoads) {
  for (const auto& name : windows_names()) EXPECT_TRUE(TimeZone::load(name).has_value()) << name;
}

TEST(TimeZone, UnknownNamesAndPathsAreRefused) {
  for (const auto* name :
       {"Nowhere/City", "../../etc/passwd", "/etc/localtime", "America", "posix/../UTC", "a\n", "UTC+99"}) {
    EXPECT_FALSE(TimeZone::load(name).has_value()) << name;
  }
  const auto failed = TimeZone::load("E. South Amerca Standard Time");
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().hint, "did you mean 'E. South America Standard Time'?");
}

TEST(TimeZone, AMachineWithoutDataSaysSo) {
  const auto failed = TimeZone::load("Europe/Berlin", "/nonexistent");
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
}

TEST(TimeZone, MalformedFilesAreRefused) {
  EXPECT_FALSE(TimeZone::parse_tzif("").has_value());
  EXPECT_FALSE(TimeZone::parse_tzif("TZif2").has_value());
  EXPECT_FALSE(TimeZone::parse_tzif(std::string("TZif2") + std::string(200, '\xff')).has_value());
}

TEST(PosixRule, Forms) {
  EXPECT_TRUE(parse_posix_rule("<-03>3").has_value());
  EXPECT_TRUE(parse_posix_rule("CET-1CEST,M3.5.0,M10.5.0/3").has_value());
  EXPECT_TRUE(parse_posix_rule("IST-1GMT0,M10.5.0,M3.5.0/1").has_value());
  EXPECT_TRUE(parse_posix_rule("XXX3YYY,J60/-1,300/25:30").has_value());
  for (const auto* bad : {"", "E5", "EST", "EST5EDT", "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.2.0", "<>3", "EST99"}) {
    EXPECT_FALSE(parse_posix_rule(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace ciclo::monitoring
