#include "cli/device_sign_in.hpp"

#include <gtest/gtest.h>

namespace ciclo::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds interval{5000};

ErrorCode failure(int status, const Json& answer) {
  const auto poll = judge_poll(status, answer, interval);
  EXPECT_FALSE(poll);
  return poll ? ErrorCode::internal : poll.error().code;
}

// RFC 8628 §3.5.
TEST(JudgePoll, GoesOnUntilThePersonIsDone) {
  const auto pending = judge_poll(400, {{"error", "authorization_pending"}}, interval);
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->id_token, "");
  EXPECT_EQ(pending->interval, interval);
  EXPECT_EQ(judge_poll(400, {{"error", "slow_down"}}, interval)->interval, milliseconds(10'000));
  EXPECT_EQ(judge_poll(200, {{"id_token", "i"}, {"access_token", "a"}}, interval)->id_token, "i");
}

TEST(JudgePoll, SaysWhyItIsOver) {
  EXPECT_EQ(failure(400, {{"error", "access_denied"}}), ErrorCode::denied);
  EXPECT_EQ(failure(400, {{"error", "expired_token"}}), ErrorCode::timeout);
  EXPECT_EQ(failure(400, {{"error", "invalid_client"}}), ErrorCode::unavailable);
  EXPECT_EQ(failure(500, Json()), ErrorCode::unavailable);
  EXPECT_EQ(failure(200, Json::object()), ErrorCode::unavailable) << "no ID token";
}

TEST(JudgePoll, LetsNothingOfTheProviderActOnTheTerminal) {
  const auto poll = judge_poll(400, {{"error", "bad\x1b[31m\nthing"}}, interval);
  ASSERT_FALSE(poll);
  EXPECT_EQ(poll.error().text().find('\x1b'), std::string::npos);
  EXPECT_EQ(poll.error().text().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace ciclo::cli
