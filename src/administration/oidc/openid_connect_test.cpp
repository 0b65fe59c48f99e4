#include "administration/oidc/openid_connect.hpp"

#include <gtest/gtest.h>

#include "administration/access/store.hpp"
#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "administration/oidc/migrations.hpp"
#include "administration/oidc/test_provider.hpp"
#include "base/text.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration::oidc {
namespace {

std::vector<sql::Migration> all_migrations() {
  auto all = administration::migrations();
  for (const auto& module :
       {administration::access_migrations(), administration::audit_migrations(), oidc::migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

class FakeGroups final : public ExternalGroups {
 public:
  Result<void> set_in(sql::Session&, const std::string& principal, const std::vector<std::string>& claims) override {
    ++calls;
    of[principal] = join(claims, ",");
    return {};
  }
  std::map<std::string, std::string> of;
  int calls = 0;
};

class NoSessions final : public SessionOpener {
 public:
  Result<std::vector<std::string>> open_in(sql::Session&, const std::string&, const std::string&) override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> end(const http::Request&) override { return std::vector<std::string>(); }
};

class OpenIdConnectTest : public ::testing::Test {
 protected:
  OpenIdConnectTest()
      : resources_(resources::KindTable(), all_migrations()),
        identity_(*resources_.database, resources_.clock),
        audit_(*resources_.database, resources_.clock),
        remote_(resources_.clock),
        logger_(log::Logger::silent()),
        openid_(testing::test_settings(), {.database = *resources_.database,
                                           .identity = identity_,
                                           .audit = audit_,
                                           .service = *resources_.service,
                                           .sessions = sessions_,
                                           .groups = &groups_,
                                           .clock = resources_.clock,
                                           .logger = *logger_,
                                           .public_url = [] { return std::string("https://ciclo.example.org"); },
                                           .send = remote_.send()}) {}

  static http::Request with_bearer(const std::string& token) {
    http::Request request;
    request.headers.set("authorization", "Bearer " + token);
    return request;
  }
  // The principal, or the error's code.
  std::string who(const std::string& token) {
    const auto caller = openid_.authenticator().authenticate(with_bearer(token));
    if (!caller) return std::string(name_of(caller.error().code));
    return *caller ? (*caller)->principal : "nobody";
  }
  std::string token(const Json& changes = Json::object()) { return remote_.token(changes); }
  void advance(std::chrono::milliseconds by) { resources_.clock.advance(by); }
  Result<void> write(const std::function<Result<void>(sql::Session&)>& act) { return resources_.database->write(act); }
  void make_user(const std::string& name) {
    ASSERT_TRUE(write([&](sql::Session& session) -> Result<void> {
      CICLO_CHECK(identity_.create_user_in(session, name, ""));
      return {};
    }));
  }
  void delete_user(const std::string& name) {
    ASSERT_TRUE(write([&](sql::Session& session) { return identity_.delete_user_in(session, name); }));
  }

  resources::TestResources resources_;
  IdentityService identity_;
  AuditLog audit_;
  testing::TestProvider remote_;
  NoSessions sessions_;
  FakeGroups groups_;
  std::unique_ptr<log::Logger> logger_;
  OpenIdConnect openid_;
};

TEST_F(OpenIdConnectTest, ABearerIsItsUserFromTheFirstRequestOn) {
  EXPECT_EQ(who(token()), "maria");
  EXPECT_EQ(who(token({{"jti", "other"}})), "maria");
  const auto users = identity_.list_users();
  ASSERT_EQ(users->size(), 1U);
  EXPECT_EQ(users->front().display_name, "Maria Souza");
  const auto links = openid_.links();
  ASSERT_EQ(links->size(), 1U);
  EXPECT_EQ(links->front().subject, "s-maria");
  EXPECT_FALSE(links->front().is_refused);
}

TEST_F(OpenIdConnectTest, WhatIsNoTokenOfAProviderIsLeftToOthers) {
  EXPECT_EQ(who("ciclo_abc"), "nobody");
  EXPECT_EQ(who("a.b"), "nobody");
  EXPECT_FALSE(*openid_.authenticator().authenticate(http::Request()));
  EXPECT_EQ(who("a.b.c"), "unauthenticated");
  EXPECT_EQ(remote_.key_requests, 0);
}

TEST_F(OpenIdConnectTest, ARememberedTokenStillEnds) {
  const std::string held = token({{"exp", to_unix_ms(resources_.clock.now()) / 1000 + 120}});
  EXPECT_EQ(who(held), "maria");
  advance(std::chrono::seconds(119));
  EXPECT_EQ(who(held), "maria");
  advance(std::chrono::seconds(61));
  EXPECT_EQ(who(held), "unauthenticated");
}

TEST_F(OpenIdConnectTest, ADeletedUserIsRefusedAtOnceAndStaysOut) {
  const std::string held = token();
  EXPECT_EQ(who(held), "maria");
  delete_user("maria");
  EXPECT_EQ(who(held), "unauthenticated");
  advance(std::chrono::seconds(1));
  make_user("maria");
  EXPECT_EQ(who(held), "unauthenticated") << "a new user of that name is somebody else";
  EXPECT_TRUE(openid_.links()->front().is_refused);
  ASSERT_TRUE(write([&](sql::Session& session) { return openid_.remove_link_in(session, "maria"); }));
  EXPECT_EQ(who(held), "maria-2");
  EXPECT_EQ(write([&](sql::Session& session) { return openid_.remove_link_in(session, "maria"); }).error().code,
            ErrorCode::not_found);
}

TEST_F(OpenIdConnectTest, RemovingALinkIsFeltByRememberedTokens) {
  const std::string held = token();
  EXPECT_EQ(who(held), "maria");
  ASSERT_TRUE(write([&](sql::Session& session) { return openid_.remove_link_in(session, "maria"); }));
  EXPECT_EQ(who(held), "maria-2");
}

TEST_F(OpenIdConnectTest, NamesAreNeverTakenOver) {
  make_user("admin");
  EXPECT_EQ(who(token({{"sub", "eve"}, {"preferred_username", "Admin"}})), "admin-2");
  EXPECT_EQ(who(token({{"sub", "eve2"}, {"preferred_username", "admin"}})), "admin-3");
  EXPECT_EQ(who(token({{"sub", "mallory"}, {"preferred_username", "system"}})), "system-2");
  EXPECT_EQ(who(token({{"sub", "x"}, {"preferred_username", "///"}})), "user");
}

TEST_F(OpenIdConnectTest, NamesAreCleaned) {
  EXPECT_EQ(clean_name("Maria.Souza@example.org"), "maria.souza-example.org");
  EXPECT_EQ(clean_name("  maria  souza "), "maria-souza");
  EXPECT_EQ(clean_name("../../etc"), "etc");
  EXPECT_EQ(clean_name("a/b?c#d\n"), "a-b-c-d");
  EXPECT_EQ(clean_name("ção"), "o");
  EXPECT_EQ(clean_name(""), "user");
  EXPECT_EQ(clean_name(std::string(100, 'a')).size(), 64U);
}

TEST_F(OpenIdConnectTest, GroupsFollowTheNewestToken) {
  const std::string old = token({{"groups", {"a", "b"}}});
  EXPECT_EQ(who(old), "maria");
  EXPECT_EQ(groups_.of["maria"], "a,b");
  advance(std::chrono::minutes(1));
  EXPECT_EQ(who(token({{"groups", {"c"}}})), "maria");
  EXPECT_EQ(groups_.of["maria"], "c");
  advance(std::chrono::minutes(6));  // what is remembered of the first is over
  EXPECT_EQ(who(old), "maria");
  EXPECT_EQ(groups_.of["maria"], "c") << "an old token brought old groups back";
  EXPECT_EQ(who(token()), "maria");
  EXPECT_EQ(groups_.of["maria"], "c") << "a token without the claim says nothing";
  EXPECT_EQ(who(token({{"groups", Json::array()}})), "maria");
  EXPECT_EQ(groups_.of["maria"], "");
}

TEST_F(OpenIdConnectTest, SameGroupsAreHandedOnAgainAfterTenMinutes) {
  for (int turn = 0; turn < 5; ++turn)
    EXPECT_EQ(who(token({{"groups", {"a"}}, {"jti", std::to_string(turn)}})), "maria");
  EXPECT_EQ(groups_.calls, 1);
  advance(std::chrono::minutes(10));
  EXPECT_EQ(who(token({{"groups", {"a"}}})), "maria");
  EXPECT_EQ(groups_.calls, 2) << "what they map to here may have changed";
}

TEST_F(OpenIdConnectTest, AnIdTokenIsExchangedOnceAndSoon) {
  const std::string held = token();
  const auto exchanged = openid_.exchange(held, "r1");
  ASSERT_TRUE(exchanged);
  EXPECT_EQ(exchanged->principal, "maria");
  EXPECT_EQ(identity_.authenticate(exchanged->token.secret)->principal, "maria");
  EXPECT_EQ(openid_.exchange(held, "r2").error().message, "this ID token was exchanged before");
  advance(std::chrono::hours(12));
  EXPECT_FALSE(identity_.authenticate(exchanged->token.secret));

  const std::string later = token({{"exp", to_unix_ms(resources_.clock.now()) / 1000 + 7200}});
  advance(std::chrono::minutes(10) + std::chrono::seconds(1));
  EXPECT_EQ(openid_.exchange(later, "r3").error().message, "the ID token is older than 10 minutes");
  EXPECT_EQ(who(later), "maria");
}

TEST_F(OpenIdConnectTest, AnAccessTokenIsNotExchanged) {
  const std::string access = testing::rsa_key().sign({{"alg", "RS256"}, {"kid", "rsa-1"}, {"typ", "at+jwt"}},
                                                     remote_.claims({{"aud", "https://ciclo.example.org/api"}}));
  EXPECT_EQ(who(access), "maria");
  EXPECT_EQ(openid_.exchange(access, "r").error().code, ErrorCode::unauthenticated);
}

TEST_F(OpenIdConnectTest, SignInsAreAudited) {
  ASSERT_TRUE(openid_.exchange(token({{"groups", {"a"}}}), "r1"));
  const auto rows = audit_.list({});
  std::vector<std::string> operations;
  for (const auto& row : *rows) operations.push_back(row.operation);
  EXPECT_EQ(operations, (std::vector<std::string>{"sign in", "set groups"}));
  ASSERT_EQ(resources_.access.entries.size(), 1U);
  EXPECT_EQ(resources_.access.entries.front().operation, "create user");
}

}  // namespace
}  // namespace ciclo::administration::oidc
