#include "administration/identity/identity.hpp"

#include <gtest/gtest.h>

#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest()
      : resources_(resources::KindTable(), migrations()), identity_(*resources_.database, resources_.clock) {}

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

}  // namespace
}  // namespace ciclo::administration
