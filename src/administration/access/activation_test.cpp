#include "administration/access/activation.hpp"

#include <gtest/gtest.h>

#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using std::chrono::hours;
using std::chrono::minutes;

std::vector<sql::Migration> tables() {
  auto all = migrations();
  const auto access = access_migrations();
  all.insert(all.end(), access.begin(), access.end());
  return all;
}

Caller person(std::string name) {
  return {.principal = std::move(name), .only_workspace = {}, .token_id = {}, .request_id = {}};
}

class ActivationTest : public ::testing::Test {
 protected:
  ActivationTest() {
    give("boss", "owner", AssignmentMode::active);
    eligible_ = give("rui", "owner", AssignmentMode::eligible).id;
  }
  Assignment give(const std::string& who, const std::string& role, AssignmentMode mode, ActivationRules rules = {}) {
    auto stored = resources_.database->write([&](sql::Session& session) {
      return access_.assign_in(session, {.principal = who,
                                         .role = role,
                                         .scope = {.workspace = "dev", .component = {}, .resource = {}},
                                         .mode = mode,
                                         .rules = std::move(rules)});
    });
    EXPECT_TRUE(stored);
    return *stored;
  }
  Result<std::vector<Activation>> activate(const Caller& caller, std::optional<std::chrono::seconds> duration = {}) {
    return activations_.activate(caller, {{eligible_}, "ticket 12: restart", duration});
  }
  bool may(const std::string& who) { return access_.decide(person(who), "storage/write", "dev").allowed; }
  std::vector<std::string> events() {
    const auto all = resources_.events->read_after(0, 100);
    std::vector<std::string> types;
    for (const auto& event : *all) types.push_back(event.type);
    return types;
  }

  resources::TestResources resources_{resources::KindTable(), tables()};
  AccessService access_{*resources_.database, resources_.clock};
  Activations activations_{access_, *resources_.service};
  std::string eligible_;
};

TEST_F(ActivationTest, HoldsForItsTimeWithoutAnythingHavingToRun) {
  EXPECT_FALSE(may("rui"));
  ASSERT_TRUE(activate(person("rui"), hours(1)));
  EXPECT_TRUE(may("rui"));
  EXPECT_FALSE(may("eva"));
  resources_.clock.advance(minutes(59));
  EXPECT_TRUE(may("rui"));
  resources_.clock.advance(minutes(1));
  EXPECT_FALSE(may("rui"));
  ASSERT_TRUE(activations_.sweep());
  EXPECT_EQ(activations_.list("dev")->front().state, ActivationState::expired);
}

TEST_F(ActivationTest, WhoIsNotEligibleOrCutOrSilentIsRefused) {
  EXPECT_EQ(activate(person("eva")).error().code, ErrorCode::not_found);
  Caller job = person("rui");
  job.only_workspace = "dev";
  EXPECT_EQ(activate(job).error().code, ErrorCode::denied);
  EXPECT_EQ(activations_.activate(person("rui"), {{eligible_}, " ", {}}).error().target, "/reason");
  EXPECT_EQ(activate(person("rui"), hours(9)).error().target, "/duration");
  EXPECT_EQ(activate(person("rui"), std::chrono::seconds(0)).error().target, "/duration");
  ASSERT_TRUE(activate(person("rui")));
  EXPECT_EQ(activate(person("rui")).error().code, ErrorCode::conflict);
}

TEST_F(ActivationTest, AllOrNone) {
  const std::string other = give("rui", "reader", AssignmentMode::eligible).id;
  EXPECT_FALSE(activations_.activate(person("rui"), {{other, "nothing"}, "ticket 12", {}}));
  EXPECT_FALSE(access_.decide(person("rui"), "storage/read", "dev").allowed);
  EXPECT_TRUE(activations_.list("dev")->empty());
}

TEST_F(ActivationTest, EndsEarlyByItsHolderOrWhoeverMayGiveTheRole) {
  const auto first = activate(person("rui"));
  EXPECT_EQ(activations_.end(person("eva"), first->front().id, "").error().code, ErrorCode::not_found);
  ASSERT_TRUE(activations_.end(person("rui"), first->front().id, "done"));
  EXPECT_FALSE(may("rui"));
  const auto second = activate(person("rui"));
  ASSERT_TRUE(activations_.end(person("boss"), second->front().id, "enough"));
  EXPECT_FALSE(may("rui"));
  EXPECT_EQ(activations_.end(person("boss"), second->front().id, "").error().code, ErrorCode::conflict);
}

TEST_F(ActivationTest, WaitsForAnotherPerson) {
  give("rui", "owner", AssignmentMode::eligible, {.longest = hours(2), .needs_approval = true, .approver = {}});
  const auto asked = activate(person("rui"));
  ASSERT_TRUE(asked);
  const std::string id = asked->front().id;
  EXPECT_FALSE(may("rui"));
  EXPECT_EQ(activations_.approve(person("rui"), id, "").error().code, ErrorCode::denied);
  EXPECT_FALSE(activations_.approve(person("eva"), id, ""));
  // The time that was asked for begins with the approval.
  resources_.clock.advance(hours(3));
  ASSERT_TRUE(activations_.approve(person("boss"), id, "go on"));
  EXPECT_TRUE(may("rui"));
  resources_.clock.advance(hours(2));
  EXPECT_FALSE(may("rui"));
  EXPECT_EQ(events(), (std::vector<std::string>{"ciclo.access.requested", "ciclo.notification.raised",
                                                "ciclo.access.activated"}));
}

TEST_F(ActivationTest, WhatNobodyDecidesOnLapses) {
  give("rui", "owner", AssignmentMode::eligible, {.longest = hours(2), .needs_approval = true, .approver = "boss"});
  const std::string id = activate(person("rui"))->front().id;
  resources_.clock.advance(longest_pending);
  EXPECT_EQ(activations_.approve(person("boss"), id, "").error().code, ErrorCode::conflict);
  ASSERT_TRUE(activations_.sweep());
  EXPECT_EQ(activations_.list("dev")->front().state, ActivationState::expired);
  EXPECT_TRUE(activate(person("rui")));
}

TEST_F(ActivationTest, IsOverWhenTheAssignmentIs) {
  const auto made = activate(person("rui"));
  ASSERT_TRUE(resources_.database->write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto found, access_.store().find(session, eligible_));
    return access_.withdraw_in(session, *found);
  }));
  EXPECT_FALSE(may("rui"));
}

}  // namespace
}  // namespace ciclo::administration
