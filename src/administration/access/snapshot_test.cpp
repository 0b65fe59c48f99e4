#include "administration/access/snapshot.hpp"

#include <gtest/gtest.h>

#include <random>

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

TEST(Snapshot, ReachNamesTheSingleResourcesOfAKind) {
  World world;
  world.give("bia", "reader", in("dev", {}, "experiment/3"));
  world.give(group_id("team"), "contributor", in("dev", {}, "experiment/12"));
  world.give("bia", "reader", in("dev", {}, "model/weather"));
  world.give("bia", "reader", in("dev", {}, "model/prices:2"));  // one version is not the model
  world.give("bia", "reader", in("prod", {}, "experiment/7"));
  world.give("bia", "reader", in("dev", {}, "experiment/9")).expires_at = now;
  world.put(member("team", "bia"));
  world.give("owner", "owner", in("dev"));
  const AccessSnapshot snapshot(world.facts);
  using Names = std::vector<std::string>;
  const auto reach = [&](const Caller& caller, std::string_view action, std::string_view workspace,
                         std::string_view kind) { return snapshot.reach(caller, action, workspace, kind, now); };
  EXPECT_EQ(reach(person("bia"), "workspace/read", "dev", "experiment").names, (Names{"12", "3"}));
  EXPECT_EQ(reach(person("bia"), "workspace/write", "dev", "experiment").names, (Names{"12"}));
  EXPECT_EQ(reach(person("bia"), "workspace/read", "dev", "model").names, (Names{"weather"}));
  EXPECT_EQ(reach(person("bia"), "workspace/read", "prod", "experiment").names, (Names{"7"}));
  EXPECT_TRUE(reach(person("bia"), "workspace/read", "", "experiment").is_empty());
  EXPECT_TRUE(reach(person("eva"), "workspace/read", "dev", "experiment").is_empty());
  EXPECT_TRUE(reach(Caller{}, "workspace/read", "dev", "experiment").is_empty());
  EXPECT_TRUE(reach(person("owner"), "workspace/read", "dev", "experiment").everything);
  Caller cut = person("bia");
  cut.only_workspace = "prod";
  EXPECT_TRUE(reach(cut, "workspace/read", "dev", "experiment").is_empty());
  cut = person("bia");
  cut.only_actions = {"*/read"};
  EXPECT_TRUE(reach(cut, "workspace/write", "dev", "experiment").is_empty());
  Caller job = person("owner");
  job.on_behalf_of = "bia";
  EXPECT_EQ(reach(job, "workspace/read", "dev", "experiment").names, (Names{"12", "3"}));
}

// What reach() names is exactly what decide() allows, whatever was given to whom.
TEST(Snapshot, ReachAgreesWithDecisions) {
  std::mt19937 random(20'261);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto pick = [&](std::size_t count) { return random() % count; };
  const std::vector<std::string> people = {"ana", "rui", "workspace/dev"};
  const std::vector<std::string> roles = {"reader", "contributor", "owner", "endpoint-user", "storage-only"};
  const std::vector<std::string> workspaces = {"dev", "prod"};
  const std::vector<std::string> names = {"0", "1", "10", "11", "weather"};
  const std::vector<std::string> actions = {"workspace/read", "workspace/write", "storage/read", "workspace/manage"};
  std::size_t allowed = 0;
  for (int round = 0; round < 200; ++round) {
    World world;
    world.facts.custom_roles["storage-only"] = {
        .name = "storage-only", .short_name = {}, .description = {}, .actions = {"storage/*"}, .not_actions = {}};
    const std::size_t count = pick(8);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string who = pick(2) == 0 ? people[pick(people.size())] : group_id("team");
      const std::string kind = pick(3) == 0 ? "model" : "experiment";
      const std::string name = kind + "/" + names[pick(names.size())] + (pick(6) == 0 ? ":1" : "");
      Scope scope = in(workspaces[pick(2)], {}, pick(5) == 0 ? "" : name);
      if (scope.resource.empty() && pick(2) == 0) scope.component = "storage";
      Assignment& made = world.give(who, roles[pick(roles.size())], scope);
      if (pick(5) == 0) made.expires_at = now + std::chrono::seconds(pick(2) == 0 ? -1 : 1);
      if (pick(6) == 0) made.mode = AssignmentMode::eligible;
      if (made.mode == AssignmentMode::eligible && pick(2) == 0)
        world.facts.activations.push_back({.id = "a" + made.id,
                                           .assignment_id = made.id,
                                           .principal = people[pick(people.size())],
                                           .role = made.role,
                                           .scope = made.scope,
                                           .reason = {},
                                           .state = ActivationState::active,
                                           .ends_at = now + std::chrono::minutes(pick(2))});
    }
    for (const std::string& each : people)
      if (pick(2) == 0) world.put(member("team", each, pick(3) == 0 ? "dev" : ""));
    const AccessSnapshot snapshot(world.facts);
    Caller caller = person(people[pick(people.size())]);
    if (pick(4) == 0) caller.on_behalf_of = people[pick(people.size())];
    if (pick(5) == 0) caller.only_workspace = workspaces[pick(2)];
    if (pick(5) == 0) caller.only_actions = {"*/read"};
    for (const std::string& workspace : workspaces)
      for (const std::string& action : actions)
        for (const std::string_view kind : {"experiment", "model"}) {
          const auto reach = snapshot.reach(caller, action, workspace, kind, now);
          EXPECT_EQ(reach.everything, snapshot.decide(caller, action, workspace, now).allowed);
          EXPECT_TRUE(!reach.everything || reach.names.empty());
          for (const std::string& name : names) {
            const std::string subject = std::string(kind) + "/" + name;
            const bool is_allowed = snapshot.decide(caller, action, Place(workspace, subject), now).allowed;
            EXPECT_EQ(reach.covers(name), is_allowed) << caller.principal << " " << action << " " << subject;
            allowed += is_allowed && !reach.everything ? 1 : 0;
          }
        }
  }
  EXPECT_GT(allowed, 100U);  // else nothing was compared
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
