#include <gtest/gtest.h>

#include "administration/access/access.hpp"
#include "administration/access/actions.hpp"
#include "administration/access/matrix.hpp"
#include "administration/access/persona.hpp"
#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

std::vector<sql::Migration> tables() {
  auto all = migrations();
  const auto access = access_migrations();
  all.insert(all.end(), access.begin(), access.end());
  return all;
}

class PersonaTest : public ::testing::Test {
 protected:
  void apply(const std::string& workspace, Environment environment) {
    ASSERT_TRUE(resources_.database->write(
        [&](sql::Session& session) { return apply_personas(session, access_, workspace, environment, "maria"); }));
  }
  // Cells of the effective matrix that differ from the table.
  int differences(const std::string& workspace, Environment environment) {
    const Json matrix = access_matrix(**access_.snapshot(), workspace, environment);
    int count = 0;
    for (const Json& row : matrix["rows"])
      for (const Json& cell : row["cells"]) count += cell["differs"] == true ? 1 : 0;
    return count;
  }
  std::vector<Assignment> assignments(const std::string& workspace) {
    return *resources_.database->read(
        [&](sql::Session& session) { return access_.store().list_in(session, workspace); });
  }

  resources::TestResources resources_{resources::KindTable(), tables()};
  AccessService access_{*resources_.database, resources_.clock};
};

TEST_F(PersonaTest, BothTablesAreWhatIsAssigned) {
  for (const auto& [workspace, environment] :
       {std::pair{"dev", Environment::pre_production}, {"prod", Environment::production}}) {
    apply(workspace, environment);
    EXPECT_EQ(differences(workspace, environment), 0) << workspace;
  }
  // The other environment's table is another one.
  EXPECT_GT(differences("dev", Environment::production), 20);
}

TEST_F(PersonaTest, EveryRoleOfTheTablesExists) {
  for (const Persona& persona : personas())
    for (const auto environment : {Environment::production, Environment::pre_production})
      for (const std::string_view cell : persona.roles(environment))
        for (const std::string& role : roles_in_cell(cell)) EXPECT_NE(find_built_in(role), nullptr) << role;
}

TEST_F(PersonaTest, ChangingTheTableTakesItsOwnRolesAndNoOthers) {
  apply("dev", Environment::pre_production);
  ASSERT_TRUE(resources_.database->write([&](sql::Session& session) {
    return access_.assign_in(session, {.principal = group_id("dev-data-analysts"),
                                       .role = "owner",
                                       .scope = {.workspace = "dev", .component = {}, .resource = {}}});
  }));
  apply("dev", Environment::production);
  EXPECT_EQ(differences("dev", Environment::production), 8);  // the owner that was given by hand, in every component
  ASSERT_TRUE(
      resources_.database->write([&](sql::Session& session) { return withdraw_personas(session, access_, "dev"); }));
  EXPECT_EQ(assignments("dev").size(), 1U);
}

TEST_F(PersonaTest, AnApprovalThatWasAskedForStays) {
  apply("dev", Environment::pre_production);
  ASSERT_TRUE(resources_.database->write([&](sql::Session& session) -> Result<void> {
    for (Assignment each : assignments("dev")) {
      if (each.mode != AssignmentMode::eligible) continue;
      each.rules.needs_approval = true;
      CICLO_CHECK(access_.assign_in(session, each));
    }
    return {};
  }));
  apply("dev", Environment::pre_production);
  int eligible = 0;
  for (const Assignment& each : assignments("dev")) {
    if (each.mode != AssignmentMode::eligible) continue;
    ++eligible;
    EXPECT_TRUE(each.rules.needs_approval) << each.role;
  }
  EXPECT_EQ(eligible, 9);
}

TEST(Patterns, MatchAsGlobs) {
  struct Row {
    const char* pattern;
    const char* action;
    bool matches;
  };
  const Row rows[] = {
      {"*", "storage/read", true},
      {"*/read", "secrets/metadata/read", true},
      {"*/read", "storage/write", false},
      {"storage/*", "storage/read", true},
      {"storage/*", "storages/read", false},
      {"logs/*read", "logs/read", true},
      {"logs/*read", "logs/audit/read", true},
      {"storage/read", "storage/readx", false},
      {"", "storage/read", false},
      {"*a*b*", "xxaxxbxx", true},
      {"*a*b*", "xxbxxaxx", false},
  };
  for (const Row& row : rows) EXPECT_EQ(matches(row.pattern, row.action), row.matches) << row.pattern;
  for (const char* bad :
       {"", "storage", "store/*", "Storage/read", "storage/read;", "/read", "storage/rite", "storage/"})
    EXPECT_FALSE(check_pattern(bad)) << bad;
  for (const char* good : {"*", "*/read", "storage/*", "organisation/read", "secrets/values/read"})
    EXPECT_TRUE(check_pattern(good)) << good;
}

}  // namespace
}  // namespace ciclo::administration
