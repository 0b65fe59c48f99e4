#include "administration/guard.hpp"

#include <gtest/gtest.h>

#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;

Caller person(std::string name, std::string only_workspace = "") {
  return {.principal = std::move(name), .only_workspace = std::move(only_workspace), .token_id = "", .request_id = ""};
}

std::vector<sql::Migration> all_migrations() {
  auto all = migrations();
  for (const auto& migration : audit_migrations()) all.push_back(migration);
  return all;
}

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest()
      : resources_(resources::KindTable(), all_migrations()), identity_(*resources_.database, resources_.clock) {}

  MintedToken mint(MintRequest request) {
    auto minted =
        resources_.database->write([&](sql::Session& session) { return identity_.mint_in(session, request); });
    EXPECT_TRUE(minted);
    return *minted;
  }
  Result<void> revoke(const std::string& id) {
    return resources_.database->write([&](sql::Session& session) { return identity_.revoke_in(session, id); });
  }

  resources::TestResources resources_;
  IdentityService identity_;
};

TEST_F(IdentityTest, ATokenStandsForItsHolderUntilItEnds) {
  const auto minted = mint({.principal = "maria",
                            .purpose = "test",
                            .only_workspace = "dev",
                            .expires_at = resources_.clock.now() + std::chrono::hours(1)});
  const auto caller = identity_.authenticate(minted.secret);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->principal, "maria");
  EXPECT_EQ(caller->only_workspace, "dev");
  resources_.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(identity_.authenticate(minted.secret).error().code, ErrorCode::unauthenticated);
}

TEST_F(IdentityTest, ARevokedTokenIsRefusedAtOnce) {
  const auto minted = mint({.principal = "maria", .purpose = "test"});
  ASSERT_TRUE(identity_.authenticate(minted.secret));  // now it is remembered
  ASSERT_TRUE(revoke(minted.id));
  EXPECT_FALSE(identity_.authenticate(minted.secret));
}

TEST_F(IdentityTest, SecretsAreNotStored) {
  const auto minted = mint({.principal = "maria", .purpose = "test"});
  const auto rows =
      resources_.database->read([](sql::Session& session) { return session.query("SELECT * FROM tokens"); });
  ASSERT_EQ(rows->size(), 1U);
  for (std::size_t column = 0; column < 5; ++column)
    EXPECT_EQ(rows->front().text(column).find(minted.secret), std::string::npos);
}

TEST_F(IdentityTest, WhatIsNoTokenIsRefused) {
  for (const std::string& secret :
       {std::string(), std::string("ciclo_"), std::string("ciclo_00"), std::string(100'000, 'a')})
    EXPECT_EQ(identity_.authenticate(secret).error().code, ErrorCode::unauthenticated);
}

TEST_F(IdentityTest, TheLastOwnerStays) {
  AccessService access(*resources_.database);
  const Assignment owner{.workspace = "dev", .principal = "maria", .role = Role::owner};
  ASSERT_TRUE(resources_.database->write([&](sql::Session& session) { return access.assign_in(session, owner); }));
  EXPECT_TRUE(access.decide(person("maria"), "workspace/manage", "dev").allowed);
  const auto withdrawn =
      resources_.database->write([&](sql::Session& session) { return access.withdraw_in(session, owner); });
  EXPECT_EQ(withdrawn.error().code, ErrorCode::conflict);
  EXPECT_TRUE(access.decide(person("maria"), "workspace/manage", "dev").allowed);
}

TEST_F(IdentityTest, TheGuardRefusesAndWritesDown) {
  AccessService access(*resources_.database);
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  AccessGuard guard({{&tokens}, access, audit, *logger, "default"});
  http::Route route;
  route.action = "storage/write";
  http::Request request;
  request.path = "/api/v1/workspaces/dev/data";
  request.parameters["workspace"] = "dev";
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::unauthenticated);

  const auto minted = mint({.principal = "rita", .purpose = "test"});
  request.headers.set("authorization", "Bearer " + minted.secret);
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::not_found);
  const Assignment reader{.workspace = "dev", .principal = "rita", .role = Role::reader};
  ASSERT_TRUE(resources_.database->write([&](sql::Session& session) { return access.assign_in(session, reader); }));
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::denied);
  const auto rows = audit.list({.workspace = "dev"});
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_FALSE(rows->front().allowed);
  route.action = "storage/read";
  EXPECT_TRUE(guard.admit(route, request));
  EXPECT_TRUE(audit.list({.workspace = "dev"})->front().allowed);
  // What cannot be written down does not happen.
  ASSERT_TRUE(
      resources_.database->write([](sql::Session& session) { return session.execute("DROP TABLE audit_rows"); }));
  EXPECT_FALSE(guard.admit(route, request));
  EXPECT_EQ(resources::caller_of(request).principal, "rita");
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
