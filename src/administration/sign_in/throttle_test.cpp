#include "administration/sign_in/throttle.hpp"

#include <gtest/gtest.h>

#include "administration/sign_in/attempts.hpp"

namespace ciclo::administration {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint start(Milliseconds(1'700'000'000'000));

TEST(Throttle, WaitsLongerWithEveryFailureUpToABound) {
  struct Row {
    int failures;
    milliseconds since;
    ThrottlePolicy policy;
    milliseconds wait;
  };
  for (const Row& row :
       {Row{0, seconds(0), pair_policy, seconds(0)}, Row{4, seconds(0), pair_policy, seconds(0)},
        Row{5, seconds(0), pair_policy, seconds(1)}, Row{5, milliseconds(999), pair_policy, milliseconds(1)},
        Row{5, seconds(1), pair_policy, seconds(0)}, Row{6, seconds(0), pair_policy, seconds(2)},
        Row{7, seconds(1), pair_policy, seconds(3)}, Row{14, seconds(0), pair_policy, seconds(512)},
        Row{15, seconds(0), pair_policy, minutes(15)}, Row{2'000'000'000, seconds(0), pair_policy, minutes(15)},
        Row{19, seconds(0), address_policy, seconds(0)}, Row{20, seconds(0), address_policy, seconds(1)},
        Row{49, seconds(0), name_policy, seconds(0)}, Row{50, seconds(0), name_policy, seconds(1)},
        Row{1'000, seconds(0), name_policy, minutes(1)},
        Row{15, -hours(1), pair_policy, seconds(0)}})  // the clock was set back
    EXPECT_EQ(wait_of({row.failures, start}, row.policy, start + row.since), row.wait)
        << row.failures << " failures, " << row.since.count() << " ms ago";
}

TEST(Throttle, FailuresHalveWithEveryQuietHour) {
  const Failures failures{20, start};
  for (const auto& [since, left] : std::initializer_list<std::pair<milliseconds, int>>{
           {minutes(59), 20}, {hours(1), 10}, {hours(2), 5}, {hours(4), 1}, {hours(5), 0}, {hours(100'000), 0}})
    EXPECT_EQ(failures_left(failures, start + since), left) << since.count();
  EXPECT_EQ(one_more(failures, start + hours(2)).count, 6);
  EXPECT_EQ(one_more(failures, start + hours(2)).last, start + hours(2));
}

TEST(AddressFailures, AreBoundedAndTakenBack) {
  AddressFailures failures(2);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(failures.charge("a", start).count(), 0);
  EXPECT_EQ(failures.charge("a", start), seconds(1));
  failures.take_back("a");
  EXPECT_EQ(failures.charge("a", start).count(), 0);
  EXPECT_EQ(failures.charge("b", start + seconds(1)).count(), 0);
  EXPECT_EQ(failures.charge("c", start + seconds(2)).count(), 0);  // takes the place of "a", the oldest
  EXPECT_EQ(failures.charge("a", start + seconds(2)).count(), 0);
}

TEST(AttemptAddress, IsOneForEverybodyWhoSharesIt) {
  EXPECT_EQ(attempt_address_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(attempt_address_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(attempt_address_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(attempt_address_of("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(attempt_address_of(""), "");
}

TEST(AttemptName, OfNobodyIsNotWhatWasTyped) {
  const std::string name = attempt_name_of_unknown("correct horse battery staple");
  EXPECT_EQ(name.size(), std::string("unknown:").size() + 4);
  EXPECT_EQ(name, attempt_name_of_unknown("correct horse battery staple"));
}

}  // namespace
}  // namespace ciclo::administration
