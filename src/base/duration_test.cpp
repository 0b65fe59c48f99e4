#include "base/duration.hpp"

#include <gtest/gtest.h>

namespace ciclo {
namespace {

TEST(Duration, ReadsAndWrites) {
  struct Case {
    std::string_view text;
    std::int64_t milliseconds;
    std::string_view shortest;
  };
  const std::vector<Case> cases = {
      {"P7D", 604'800'000, "P7D"},
      {"PT15M", 900'000, "PT15M"},
      {"P1DT2H", 93'600'000, "P1DT2H"},
      {"P2W", 1'209'600'000, "P14D"},
      {"P1W1D", 691'200'000, "P8D"},
      {"PT36H", 129'600'000, "P1DT12H"},
      {"PT0S", 0, "PT0S"},
      {"P0D", 0, "PT0S"},
      {"PT1.5S", 1'500, "PT1.5S"},
      {"PT0,25S", 250, "PT0.25S"},
      {"PT0.0019S", 1, "PT0.001S"},
      {"PT90S", 90'000, "PT1M30S"},
      {"P1DT2H3M4S", 93'784'000, "P1DT2H3M4S"},
      {"P36525D", 3'155'760'000'000, "P36525D"},
      {"PT1H1S", 3'601'000, "PT1H1S"},
  };
  for (const Case& one : cases) {
    const auto duration = parse_duration(one.text);
    ASSERT_TRUE(duration) << one.text << " " << duration.error().text();
    EXPECT_EQ(duration->count(), one.milliseconds) << one.text;
    EXPECT_EQ(format_duration(*duration), one.shortest);
    EXPECT_EQ(parse_duration(format_duration(*duration)).value(), *duration);
  }
  EXPECT_EQ(format_duration(Milliseconds(-1500)), "-PT1.5S");
  EXPECT_EQ(format_duration(Milliseconds::min()), "-P106751991167DT7H12M55.808S");
}

TEST(Duration, RefusesWhatIsNone) {
  struct Wrong {
    std::string_view text;
    std::string_view message;
  };
  const std::vector<Wrong> cases = {
      {"", "begins with 'P'"},
      {"7D", "begins with 'P'"},
      {"-P1D", "negative"},
      {"P-1D", "expected a number"},
      {"P", "expected a number"},
      {"PT", "expected a number"},
      {"P1DT", "expected a number"},
      {"P1", "expected a number"},
      {"P1M", "no fixed length"},
      {"P1Y", "no fixed length"},
      {"PT1Y", "no fixed length"},
      {"P1H", "in this order"},
      {"PT1D", "in this order"},
      {"PT1S1M", "in this order"},
      {"P1D1D", "in this order"},
      {"P1D1W", "in this order"},
      {"PT1X", "in this order"},
      {"P1.5D", "only seconds"},
      {"PT1.S", "expected a number"},
      {"PT.5S", "expected a number"},
      {"P36526D", "at most 100 years"},
      {"P36525DT1S", "at most 100 years"},
      {"PT999999999999999H", "at most 100 years"},
      {"PT9999999999999999999S", "expected a number"},
      {"PT1HT1M", "expected a number"},
      {"P1D ", "expected a number"},
  };
  for (const Wrong& one : cases) {
    const auto duration = parse_duration(one.text);
    ASSERT_FALSE(duration) << one.text;
    EXPECT_EQ(duration.error().code, ErrorCode::invalid);
    EXPECT_NE(duration.error().message.find(one.message), std::string::npos)
        << one.text << " " << duration.error().text();
    EXPECT_EQ(duration.error().target, one.text);
  }
}

}  // namespace
}  // namespace ciclo
