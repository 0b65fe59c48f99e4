#include "administration/guard.hpp"

#include <gtest/gtest.h>

#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;

Caller person(std::string name) {
  return {.principal = std::move(name), .only_workspace = "", .token_id = "", .request_id = ""};
}

class GuardTest : public ::testing::Test {
 protected:
  GuardTest()
      : resources_(resources::KindTable(), all_migrations()), identity_(*resources_.database, resources_.clock) {}

  static std::vector<sql::Migration> all_migrations() {
    auto all = migrations();
    for (const auto& module : {access_migrations(), audit_migrations()})
      all.insert(all.end(), module.begin(), module.end());
    return all;
  }
  MintedToken mint(MintRequest request) {
    auto minted = resources_.database->write([&](sql::Session& session) -> Result<MintedToken> {
      CICLO_CHECK(identity_.create_user_in(session, request.principal, "", PrincipalKind::person));
      return identity_.mint_in(session, request);
    });
    EXPECT_TRUE(minted);
    return *minted;
  }
  Result<Assignment> assign(const Assignment& assignment) {
    return resources_.database->write([&](sql::Session& session) { return access_.assign_in(session, assignment); });
  }
  static Scope whole(std::string workspace) {
    return {.workspace = std::move(workspace), .component = {}, .resource = {}};
  }

  resources::TestResources resources_;
  IdentityService identity_;
  AccessService access_{*resources_.database, resources_.clock};
};

TEST_F(GuardTest, TheLastOwnerStays) {
  const auto owner = assign({.principal = "maria", .role = "owner", .scope = whole("dev")});
  ASSERT_TRUE(owner);
  EXPECT_TRUE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
  const auto withdrawn =
      resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); });
  EXPECT_EQ(withdrawn.error().code, ErrorCode::conflict);
  EXPECT_TRUE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
  // One that will end by itself does not count as somebody who stays.
  ASSERT_TRUE(assign({.principal = "joao",
                      .role = "owner",
                      .scope = whole("dev"),
                      .expires_at = resources_.clock.now() + std::chrono::hours(1)}));
  EXPECT_FALSE(resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); }));
  ASSERT_TRUE(assign({.principal = "rita", .role = "owner", .scope = whole("dev")}));
  EXPECT_TRUE(resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); }));
  EXPECT_FALSE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
}

TEST_F(GuardTest, RefusesAndWritesDown) {
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  AccessGuard guard({{&tokens}, access_, audit, *logger, "default"});
  http::Route route;
  route.action = "storage/write";
  http::Request request;
  request.path = "/api/v1/workspaces/dev/data";
  request.parameters["workspace"] = "dev";
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::unauthenticated);

  const auto minted = mint({.principal = "rita", .purpose = "test"});
  request.headers.set("authorization", "Bearer " + minted.secret);
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::not_found);
  ASSERT_TRUE(assign({.principal = "rita", .role = "reader", .scope = whole("dev")}));
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::denied);
  const auto rows = audit.list({.workspace = "dev"});
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_FALSE(rows->front().allowed);
  route.action = "storage/read";
  EXPECT_TRUE(guard.admit(route, request));
  EXPECT_EQ(resources::caller_of(request).principal, "rita");
  EXPECT_TRUE(audit.list({.workspace = "dev"})->front().allowed);
  // What cannot be written down does not happen.
  ASSERT_TRUE(resources_.database->write([](sql::Session& session) -> Result<void> {
    CICLO_CHECK(session.execute("DROP TABLE audit_rows"));
    return {};
  }));
  EXPECT_FALSE(guard.admit(route, request));
}

TEST_F(GuardTest, ASingleResourceIsReachedByAGrantOnItAlone) {
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  AccessGuard guard({{&tokens}, access_, audit, *logger, "default"});
  const auto minted = mint({.principal = "app", .purpose = "test"});
  ASSERT_TRUE(assign({.principal = "app",
                      .role = "endpoint-user",
                      .scope = {.workspace = "dev", .component = {}, .resource = "online-endpoint/weather"}}));
  http::Route route;
  route.action = "workspace/endpoints/use";
  route.resource = "online-endpoint/{name}";
  http::Request request;
  request.headers.set("authorization", "Bearer " + minted.secret);
  request.parameters["workspace"] = "dev";
  request.parameters["name"] = "weather";
  EXPECT_TRUE(guard.admit(route, request));
  request.parameters["name"] = "prices";
  EXPECT_FALSE(guard.admit(route, request));
  route.resource.clear();
  EXPECT_FALSE(guard.admit(route, request));
}

TEST(SecretOf, ReadsBearerAndBasic) {
  http::Headers headers;
  headers.set("authorization", "Basic dXNlcjpjaWNsb19hYmM=");  // user:ciclo_abc
  EXPECT_EQ(**secret_of(headers), "ciclo_abc");
  headers.set("authorization", "bearer   ciclo_abc ");
  EXPECT_EQ(**secret_of(headers), "ciclo_abc");
  for (const char* bad : {"Basic ???", "Digest x", "Bearer", "Basic dXNlcg=="}) {
    headers.set("authorization", bad);
    EXPECT_EQ(secret_of(headers).error().code, ErrorCode::unauthenticated) << bad;
  }
}

}  // namespace
}  // namespace ciclo::administration
