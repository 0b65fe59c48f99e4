#include "administration/access/access.hpp"

#include <gtest/gtest.h>

namespace ciclo::administration {
namespace {

using resources::Caller;

Caller person(std::string name, std::string only_workspace = "") {
  return {.principal = std::move(name), .only_workspace = std::move(only_workspace), .token_id = "", .request_id = ""};
}

TEST(AccessSnapshot, DecidesByTable) {
  const AccessSnapshot snapshot({{"dev", "rita", Role::reader},
                                 {"dev", "carl", Role::contributor},
                                 {"dev", "olga", Role::owner},
                                 {"", "anna", Role::administrator},
                                 {"", "otto", Role::owner}});
  struct Case {
    const char* who;
    const char* action;
    const char* workspace;
    bool allowed;
  };
  const std::vector<Case> cases = {
      {"rita", "storage/read", "dev", true},      {"rita", "storage/write", "dev", false},
      {"rita", "storage/read", "prod", false},    {"carl", "workspace/write", "dev", true},
      {"carl", "workspace/manage", "dev", false}, {"olga", "workspace/manage", "dev", true},
      {"olga", "workspace/read", "prod", false},  {"olga", "organisation/manage", "", false},
      {"anna", "workspace/manage", "prod", true}, {"anna", "organisation/manage", "", true},
      {"otto", "workspace/read", "dev", false},   {"eve", "storage/read", "dev", false},
      {"", "storage/read", "dev", false}};
  for (const Case& each : cases)
    EXPECT_EQ(snapshot.decide(person(each.who), each.action, each.workspace).allowed, each.allowed)
        << each.who << " " << each.action << " " << each.workspace;
  EXPECT_FALSE(snapshot.decide(person("anna", "dev"), "organisation/manage", "").allowed);
  EXPECT_FALSE(snapshot.decide(person("anna", "dev"), "storage/read", "prod").allowed);
  EXPECT_EQ(snapshot.decide(person("carl"), "storage/read", "dev").rule, "contributor of workspace 'dev'");
}

}  // namespace
}  // namespace ciclo::administration
