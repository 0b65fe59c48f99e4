#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace ciclo {
namespace {

TEST(Error, HasOneFormForTerminals) {
  Error error{ErrorCode::not_found, "there is no model 'x'", "models/x", "the nearest is 'y'", {}};
  EXPECT_EQ(error.text(), "models/x: there is no model 'x' (the nearest is 'y')");
  error.add_context("cannot deploy");
  error.details.push_back({ErrorCode::invalid, "also this", "", "", {}});
  EXPECT_EQ(error.text(), "models/x: cannot deploy: there is no model 'x' (the nearest is 'y')\n  also this");
}

TEST(Error, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code)
    names.insert(name_of(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
  EXPECT_EQ(name_of(ErrorCode::too_large), "too_large");
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::invalid, "odd");
  return value / 2;
}
Result<int> quarter(int value) {
  CICLO_TRY(const int first, half(value));
  CICLO_TRY(const int second, half(first));
  return second;
}
Result<void> check(int value) {
  CICLO_CHECK(quarter(value));
  return {};
}

TEST(Result, MacrosPassErrorsOn) {
  EXPECT_EQ(quarter(12), 3);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(check(4));
  EXPECT_FALSE(check(5));
}

TEST(Clock, FormatsAndParsesRfc3339) {
  struct Case {
    std::string_view text;
    std::int64_t unix_ms;
  };
  const std::vector<Case> cases = {
      {"1970-01-01T00:00:00.000Z", 0},
      {"2026-01-31T08:15:30.123Z", 1'769'847'330'123},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2024-02-29T12:00:00.000Z", 1'709'208'000'000},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(format_rfc3339(from_unix_ms(one.unix_ms)), one.text);
    ASSERT_TRUE(parse_rfc3339(one.text)) << one.text;
    EXPECT_EQ(to_unix_ms(*parse_rfc3339(one.text)), one.unix_ms);
  }
  const std::vector<Case> others = {
      {"1970-01-01T01:00:00+01:00", 0}, {"1969-12-31T22:30:00-01:30", 0},        {"1970-01-01 00:00:00z", 0},
      {"1970-01-01t00:00:00.5Z", 500},  {"1970-01-01T00:00:00.123456789Z", 123}, {"1970-01-01T00:00:00.0009Z", 0},
  };
  for (const Case& one : others) {
    ASSERT_TRUE(parse_rfc3339(one.text)) << one.text;
    EXPECT_EQ(to_unix_ms(*parse_rfc3339(one.text)), one.unix_ms) << one.text;
  }
  for (const std::string_view text :
       {"", "2026-01-31", "2026-01-31T08:15:30", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00Zx", "26-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Clock, TheFakeOneMovesOnlyWhenTold) {
  FakeClock clock(from_unix_ms(1000));
  EXPECT_EQ(to_unix_ms(clock.now()), 1000);
  clock.advance(Milliseconds(500));
  EXPECT_EQ(to_unix_ms(clock.now()), 1500);
  EXPECT_GT(to_unix_ms(SystemClock().now()), 1'700'000'000'000);
}

TEST(Ids, AreRandomAndHaveTheirForm) {
  EXPECT_EQ(random_hex(4).size(), 8U);
  EXPECT_EQ(random_hex(0), "");
  std::set<std::string> uids;
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    const std::string uid = new_uid();
    EXPECT_EQ(uid.size(), 32U);
    EXPECT_EQ(uid.find_first_not_of("0123456789abcdef"), std::string::npos);
    uids.insert(uid);
    const std::string name = new_friendly_name();
    EXPECT_EQ(std::ranges::count(name, '_'), 2) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos) << name;
    names.insert(name);
  }
  EXPECT_EQ(uids.size(), 1000U);
  EXPECT_EQ(names.size(), 1000U);
}

}  // namespace
}  // namespace ciclo
