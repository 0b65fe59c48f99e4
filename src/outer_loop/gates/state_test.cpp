#include "outer_loop/gates/state.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ciclo::outer_loop {
namespace {

TEST(ApprovalState, OnlyTheseStepsAreTaken) {
  using State = ApprovalState;
  using Act = ApprovalAct;
  const std::vector<State> states = {State::checking, State::pending, State::approved,
                                     State::rejected, State::failed,  State::expired};
  const std::vector<std::tuple<State, Act, State>> good = {
      {State::checking, Act::pass_checks, State::pending}, {State::checking, Act::fail_checks, State::failed},
      {State::checking, Act::lapse, State::expired},       {State::pending, Act::approve, State::approved},
      {State::pending, Act::reject, State::rejected},      {State::pending, Act::lapse, State::expired}};
  for (const State from : states) {
    for (const Act act : {Act::pass_checks, Act::fail_checks, Act::approve, Act::reject, Act::lapse}) {
      const auto step =
          std::ranges::find_if(good, [&](const auto& s) { return std::get<0>(s) == from && std::get<1>(s) == act; });
      const auto reached = after(from, act);
      EXPECT_EQ(reached.has_value(), step != good.end()) << name_of(from) << " " << static_cast<int>(act);
      if (step != good.end()) {
        EXPECT_EQ(*reached, std::get<2>(*step));
      } else {
        EXPECT_EQ(reached.error().code, ErrorCode::conflict);
      }
    }
    EXPECT_EQ(approval_state_named(name_of(from)), from);
  }
  EXPECT_EQ(approval_state_named("aproved"), State::failed);
}

TEST(FourEyes, NeitherMakerNorRequesterDecides) {
  const auto code = [](const Voter& voter) {
    const auto allowed = may_decide(voter);
    return allowed ? "" : std::string(name_of(allowed.error().code));
  };
  EXPECT_EQ(code({"ana", "admin", "maria", {}}), "");
  EXPECT_EQ(code({"ana", "admin", "maria", {"rui"}}), "");
  EXPECT_EQ(code({"maria", "admin", "maria", {}}), "denied");
  EXPECT_EQ(code({"admin", "admin", "maria", {}}), "denied");
  EXPECT_EQ(code({"ana", "admin", "maria", {"rui", "ana"}}), "conflict");
}

TEST(Expiry, IsADurationOrATime) {
  const TimePoint now = *parse_rfc3339("2026-01-01T00:00:00Z");
  const auto text = [&](std::string_view expires) {
    const auto time = expiry_of(expires, now);
    return time ? format_rfc3339(*time) : std::string(name_of(time.error().code));
  };
  EXPECT_EQ(text(""), "2026-01-08T00:00:00.000Z");
  EXPECT_EQ(text("PT12H"), "2026-01-01T12:00:00.000Z");
  EXPECT_EQ(text("2026-02-01T00:00:00Z"), "2026-02-01T00:00:00.000Z");
  EXPECT_EQ(text("2025-02-01T00:00:00Z"), "invalid");
  EXPECT_EQ(text("PT0S"), "invalid");
  EXPECT_EQ(text("soon"), "invalid");
}

}  // namespace
}  // namespace ciclo::outer_loop
