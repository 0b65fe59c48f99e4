#include <gtest/gtest.h>

#include "administration/access/access.hpp"
#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

// A server of the version before roles had scopes: role_assignments (workspace, principal, role).
TEST(AccessMigrations, RolesOfTheVersionBeforeHoldAsTheyDid) {
  resources::TestResources old(resources::KindTable(), migrations());
  ASSERT_TRUE(old.database->write([](sql::Session& session) -> Result<void> {
    for (const auto& [workspace, principal, role] : {std::array{"", "root", "administrator"},
                                                     {"", "watcher", "reader"},
                                                     {"dev", "ana", "owner"},
                                                     {"dev", "rui", "contributor"}})
      CICLO_CHECK(session.execute("INSERT INTO role_assignments (workspace, principal, role) VALUES (?,?,?)",
                                  {workspace, principal, role}));
    return {};
  }));
  std::vector<sql::Migration> all = events::migrations();
  for (const auto& module : {resources::migrations(), migrations(), access_migrations()})
    all.insert(all.end(), module.begin(), module.end());
  ASSERT_TRUE(old.database->migrate(all));
  const AccessService access(*old.database, old.clock);
  const auto may = [&](const char* who, const char* action, const char* workspace) {
    return access.decide({.principal = who, .only_workspace = {}, .token_id = {}, .request_id = {}}, action, workspace)
        .allowed;
  };
  EXPECT_TRUE(may("root", "organisation/manage", "") && may("root", "secrets/values/read", "dev"));
  EXPECT_TRUE(may("ana", "workspace/manage", "dev"));
  EXPECT_TRUE(may("rui", "storage/write", "dev"));
  EXPECT_FALSE(may("rui", "workspace/manage", "dev"));
  EXPECT_TRUE(may("watcher", "organisation/read", ""));
  EXPECT_FALSE(may("watcher", "workspace/read", "dev") || may("ana", "storage/read", "prod"));
}

}  // namespace
}  // namespace ciclo::administration
