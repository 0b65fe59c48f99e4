#include "administration/access/snapshot.hpp"

#include <gtest/gtest.h>

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::Place;

const TimePoint now = from_unix_ms(1'800'000'000'000);

Caller person(std::string name) {
  return {.principal = std::move(name), .only_workspace = {}, .token_id = {}, .request_id = {}};
}

Scope in(std::string workspace, std::string component = {}, std::string resource = {}) {
  return {.workspace = std::move(workspace), .component = std::move(component), .resource = std::move(resource)};
}

Membership member(const std::string& group, std::string who, std::string only_workspace = {}) {
  return {.group = group_id(group), .member = std::move(who), .only_workspace = std::move(only_workspace)};
}

struct World {
  AccessFacts facts;
  Assignment& give(std::string who, std::string role, Scope scope) {
    Assignment assignment;
    assignment.id = std::to_string(facts.assignments.size());
    assignment.principal = std::move(who);
    assignment.role = std::move(role);
    assignment.scope = std::move(scope);
    return facts.assignments.emplace_back(std::move(assignment));
  }
  void put(Membership membership) { facts.memberships.push_back(std::move(membership)); }
  bool may(const Caller& caller, std::string_view action, const Place& place, TimePoint at = now) const {
    return AccessSnapshot(facts).decide(caller, action, place, at).allowed;
  }
};

TEST(Snapshot, NobodyMayAnythingByDefault) {
  const World world;
  for (const char* action : {"workspace/read", "secrets/values/read", "organisation/read", "*"}) {
    EXPECT_FALSE(world.may(person("ana"), action, "dev"));
    EXPECT_FALSE(world.may(Caller{}, action, "dev"));
  }
  EXPECT_FALSE(world.may(Caller{}, "organisation/roles/read", ""));
}

TEST(Snapshot, RolesHoldInTheirScopeAlone) {
  World world;
  world.give("ana", "contributor", in("dev"));
  world.give("rui", "contributor", in("dev", "storage"));
  world.give("app", "endpoint-user", in("dev", {}, "online-endpoint/weather"));
  world.give("root", "administrator", in(""));
  struct Row {
    const char* who;
    const char* action;
    Place place;
    bool allowed;
  };
  const Row rows[] = {
      {"ana", "storage/write", "dev", true},
      {"ana", "storage/write", "prod", false},
      {"ana", "storage/write", "", false},
      {"ana", "storage/manage", "dev", false},
      {"ana", "secrets/values/read", "dev", false},
      {"rui", "storage/write", "dev", true},
      {"rui", "images/write", "dev", false},
      {"rui", "storage-of-others/write", "dev", false},
      {"app", "workspace/endpoints/use", Place("dev", "online-endpoint/weather"), true},
      {"app", "workspace/endpoints/use", Place("dev", "online-endpoint/weather2"), false},
      {"app", "workspace/endpoints/use", "dev", false},
      {"app", "workspace/endpoints/use", Place("prod", "online-endpoint/weather"), false},
      {"app", "workspace/endpoints/write", Place("dev", "online-endpoint/weather"), false},
      {"root", "secrets/values/manage", "prod", true},
      {"root", "organisation/manage", "", true},
  };
  for (const Row& row : rows)
    EXPECT_EQ(world.may(person(row.who), row.action, row.place), row.allowed)
        << row.who << " " << row.action << " in '" << row.place.workspace << "' " << row.place.resource;
}

TEST(Snapshot, TheAnswerNamesTheRule) {
  World world;
  world.give(group_id("team"), "reader", in("dev", "storage"));
  world.put(member("team", "ana"));
  const AccessSnapshot snapshot(world.facts);
  EXPECT_EQ(snapshot.decide(person("ana"), "storage/read", "dev", now).rule,
            "reader of storage in workspace 'dev', as a member of 'team'");
  EXPECT_EQ(snapshot.decide(person("ana"), "storage/write", "dev", now).rule, "no role of 'ana' allows storage/write");
}

TEST(Snapshot, GroupsNestAndCirclesEnd) {
  World world;
  world.give(group_id("top"), "contributor", in("dev"));
  world.put(member("top", group_id("middle")));
  world.put(member("middle", group_id("bottom")));
  world.put(member("bottom", group_id("top")));
  world.put(member("bottom", "ana"));
  EXPECT_TRUE(world.may(person("ana"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("rui"), "storage/write", "dev"));
  EXPECT_EQ(AccessSnapshot(world.facts).groups_of("ana").size(), 3U);
}

TEST(Snapshot, AMembershipOfOneWorkspaceNarrowsAllThatIsReachedThroughIt) {
  World world;
  world.give(group_id("support"), "owner", in("dev"));
  world.give(group_id("support"), "owner", in("prod"));
  world.put(member("support", "ana", "dev"));
  world.put(member("support", group_id("night-shift"), "prod"));
  world.put(member("night-shift", "rui"));
  world.put(member("night-shift", "eva", "dev"));  // two that differ lead nowhere
  EXPECT_TRUE(world.may(person("ana"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("ana"), "storage/write", "prod"));
  EXPECT_FALSE(world.may(person("rui"), "storage/write", "dev"));
  EXPECT_TRUE(world.may(person("rui"), "storage/write", "prod"));
  EXPECT_FALSE(world.may(person("eva"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("eva"), "storage/write", "prod"));
}

TEST(Snapshot, WhoIsInAGroupForOneWorkspaceIsNotInItForAnother) {
  World world;
  world.give(group_id("support"), "owner", in("prod")).mode = AssignmentMode::eligible;
  world.put(member("support", "ana", "dev"));
  world.put(member("security", group_id("guards"), "dev"));
  world.put(member("guards", "rui"));
  const AccessSnapshot snapshot(world.facts);
  EXPECT_TRUE(snapshot.eligible_of("ana").empty());
  EXPECT_TRUE(snapshot.is_in("rui", group_id("security"), "dev"));
  EXPECT_FALSE(snapshot.is_in("rui", group_id("security"), "prod"));
  EXPECT_TRUE(snapshot.is_in("rui", group_id("guards"), "prod"));
}

TEST(Snapshot, AssignmentsAndActivationsEnd) {
  World world;
  world.give("ana", "contributor", in("dev")).expires_at = now + std::chrono::hours(1);
  Assignment& eligible = world.give("rui", "owner", in("dev"));
  eligible.mode = AssignmentMode::eligible;
  EXPECT_TRUE(world.may(person("ana"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("ana"), "storage/write", "dev", now + std::chrono::hours(1)));
  EXPECT_FALSE(world.may(person("rui"), "storage/write", "dev"));
  EXPECT_EQ(AccessSnapshot(world.facts).decide(person("rui"), "storage/write", "dev", now).rule,
            "'rui' may activate owner of workspace 'dev' for a limited time: ciclo access activate --id 1");
  world.facts.activations.push_back({.id = "a",
                                     .assignment_id = "1",
                                     .principal = "rui",
                                     .role = "owner",
                                     .scope = in("dev"),
                                     .reason = "ticket 7",
                                     .state = ActivationState::active,
                                     .ends_at = now + std::chrono::minutes(5)});
  EXPECT_TRUE(world.may(person("rui"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("rui"), "storage/write", "dev", now + std::chrono::minutes(5)));
  world.facts.activations[0].principal = "ana";  // an activation is for the one who made it
  EXPECT_FALSE(world.may(person("rui"), "storage/write", "dev"));
}

TEST(Snapshot, ACredentialThatIsCutNeverReachesFurther) {
  World world;
  world.give("ana", "administrator", in(""));
  Caller job = person("ana");
  job.only_workspace = "dev";
  EXPECT_TRUE(world.may(job, "storage/write", "dev"));
  EXPECT_FALSE(world.may(job, "storage/write", "prod"));
  EXPECT_FALSE(world.may(job, "organisation/manage", ""));
  Caller reading = person("ana");
  reading.only_actions = {"*/read"};
  EXPECT_TRUE(world.may(reading, "storage/read", "dev"));
  EXPECT_FALSE(world.may(reading, "storage/write", "dev"));
}

TEST(Snapshot, AnIdentityThatActsForSomebodyNeverExceedsThem) {
  World world;
  world.give("workspace/dev", "contributor", in("dev", "storage"));
  world.give("workspace/dev", "contributor", in("dev", "images"));
  world.give("rui", "contributor", in("dev", "storage"));
  world.give("rui", "contributor", in("dev", "monitor"));
  Caller job = person("workspace/dev");
  job.on_behalf_of = "rui";
  EXPECT_TRUE(world.may(job, "storage/write", "dev"));
  EXPECT_FALSE(world.may(job, "images/write", "dev"));   // rui may not
  EXPECT_FALSE(world.may(job, "monitor/write", "dev"));  // the identity may not
}

TEST(Snapshot, CustomRolesTakeAwayWhatTheirNotActionsName) {
  World world;
  world.facts.custom_roles["labeller"] = {.name = "labeller",
                                          .short_name = {},
                                          .description = {},
                                          .actions = {"storage/*", "workspace/read"},
                                          .not_actions = {"*/manage"}};
  world.give("ana", "labeller", in("dev"));
  world.give("ana", "long-gone", in("dev"));
  EXPECT_TRUE(world.may(person("ana"), "storage/write", "dev"));
  EXPECT_FALSE(world.may(person("ana"), "storage/manage", "dev"));
  EXPECT_FALSE(world.may(person("ana"), "monitor/read", "dev"));
}

TEST(Snapshot, WhoHoldsNothingInAWorkspaceDoesNotKnowOfIt) {
  World world;
  world.give("ana", "monitoring-reader", in("dev", "monitor"));
  world.give("ops", "organisation-owner", in(""));
  const AccessSnapshot snapshot(world.facts);
  EXPECT_TRUE(snapshot.may_know(person("ana"), "dev", now));
  EXPECT_FALSE(snapshot.may_know(person("ana"), "prod", now));
  EXPECT_FALSE(snapshot.may_know(person("ops"), "dev", now));
  EXPECT_FALSE(snapshot.may_know(person("rui"), "dev", now));
}

}  // namespace
}  // namespace ciclo::administration
