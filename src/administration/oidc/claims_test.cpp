#include "administration/oidc/claims.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/encoding.hpp"
#include "administration/oidc/test_provider.hpp"
#include "base/digest.hpp"

namespace ciclo::administration::oidc {
namespace {

class ClaimsTest : public ::testing::Test {
 protected:
  SignedToken token(const Json& changes, const std::string& type = "jwt") const {
    return {.text = "the token", .algorithm = "RS256", .key_id = "", .type = type, .claims = provider_.claims(changes)};
  }
  // Empty when it is good.
  std::string bearer(const Json& changes, const std::string& type = "jwt") const {
    const auto checked = check_bearer(token(changes, type), rules_, clock_.now());
    return checked ? "" : checked.error().message;
  }
  std::string id_token(const Json& changes, const Expected& expected = {}, const std::string& type = "jwt") const {
    const auto checked = check_id_token(token(changes, type), rules_, expected, clock_.now());
    return checked ? "" : checked.error().message;
  }
  std::int64_t now() const { return to_unix_ms(clock_.now()) / 1000; }

  FakeClock clock_;
  testing::TestProvider provider_{clock_};
  TokenRules rules_ = testing::test_settings().rules();
};

TEST_F(ClaimsTest, TheIssuerIsComparedExactly) {
  EXPECT_EQ(bearer({}), "");
  for (const Json& issuer :
       {Json("https://evil.example"), Json(std::string(testing::issuer) + "/"),
        Json("HTTPS://login.example.org/realms/ciclo"), Json(nullptr), Json(7), Json(Json::array({testing::issuer}))})
    EXPECT_EQ(bearer({{"iss", issuer}}), "the token is of another issuer") << to_text(issuer);
}

TEST_F(ClaimsTest, TheAudienceIsOneOfOurClients) {
  EXPECT_EQ(bearer({{"aud", "ciclo-cli"}}), "");
  EXPECT_EQ(bearer({{"aud", Json::array({"ciclo"})}}), "");
  for (const Json& audience : {Json("other"), Json(""), Json(nullptr), Json(Json::array()), Json("ciclo2"),
                               Json("cicl"), Json(Json::array({"other"})), Json(Json{{"ciclo", true}})})
    EXPECT_EQ(bearer({{"aud", audience}}), "the token is meant for another client") << to_text(audience);
  const Json both = Json::array({"ciclo", "other"});
  EXPECT_EQ(bearer({{"aud", both}}), "the token has several audiences and names no client");
  EXPECT_EQ(bearer({{"aud", both}, {"azp", "other"}}), "the token was issued to another client");
  EXPECT_EQ(bearer({{"aud", both}, {"azp", 7}}), "the token was issued to another client");
  EXPECT_EQ(bearer({{"aud", both}, {"azp", "ciclo"}}), "");
}

TEST_F(ClaimsTest, TimesMayBeOffByAMinute) {
  EXPECT_EQ(bearer({{"exp", now() - 59}}), "");
  EXPECT_EQ(bearer({{"exp", now() - 60}}), "the token has expired");
  EXPECT_EQ(bearer({{"exp", nullptr}}), "the token does not say when it expires");
  for (const Json& odd : {Json("9999999999"), Json(-1), Json(1e300), Json(true)})
    EXPECT_EQ(bearer({{"exp", odd}}), "the token does not say when it expires") << to_text(odd);
  EXPECT_EQ(bearer({{"iat", now() + 60}}), "");
  EXPECT_EQ(bearer({{"iat", now() + 61}}), "the token was issued in the future");
  EXPECT_EQ(bearer({{"iat", nullptr}}), "the token does not say when it was issued");
  EXPECT_EQ(bearer({{"nbf", now() + 60}}), "");
  EXPECT_EQ(bearer({{"nbf", now() + 61}}), "the token is not valid yet");
  EXPECT_EQ(bearer({{"nbf", "soon"}}), "the token is not valid yet");
  EXPECT_EQ(bearer({{"exp", static_cast<double>(now()) + 0.5}}), "");
}

TEST_F(ClaimsTest, TheNonceIsOfThisSignIn) {
  EXPECT_EQ(id_token({{"nonce", "n1"}}, {.nonce = "n1", .access_token = {}}), "");
  EXPECT_EQ(id_token({{"nonce", "n2"}}, {.nonce = "n1", .access_token = {}}),
            "the token does not belong to this sign-in");
  EXPECT_EQ(id_token({}, {.nonce = "n1", .access_token = {}}), "the token does not belong to this sign-in");
}

// OpenID Connect Core, appendix A.3: the access token and its at_hash.
TEST_F(ClaimsTest, TheAccessTokenBelongsToTheIdToken) {
  const Expected with{.nonce = std::nullopt, .access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"};
  EXPECT_EQ(id_token({{"at_hash", "77QmUPtjPfzWtF2AnpK9RQ"}}, with), "");
  EXPECT_EQ(id_token({{"at_hash", "87QmUPtjPfzWtF2AnpK9RQ"}}, with),
            "the ID token and the access token do not belong together");
  EXPECT_EQ(id_token({{"at_hash", 7}}, with), "the ID token and the access token do not belong together");
  EXPECT_EQ(id_token({}, with), "");
}

TEST_F(ClaimsTest, AnAccessTokenIsNoIdToken) {
  const Json access = {{"aud", "https://ciclo.example.org/api"}};
  EXPECT_EQ(bearer(access, "at+jwt"), "");
  EXPECT_NE(id_token(access, {}, "at+jwt"), "");
  EXPECT_EQ(id_token({}, {}, "at+jwt"), "this is an access token, not an ID token");
  EXPECT_EQ(id_token({{"typ", "Bearer"}}), "this is an access token, not an ID token");
  // Keycloak's refresh and logout tokens are signed alike, and no key to this door.
  for (const char* kind : {"Refresh", "Logout", "ID"})
    EXPECT_NE(bearer({{"aud", "https://ciclo.example.org/api"}, {"typ", kind}}), "") << kind;
  rules_.audience.clear();
  EXPECT_EQ(bearer(access, "at+jwt"), "this is an access token, not an ID token");
  EXPECT_EQ(bearer({{"aud", ""}}), "the token is meant for another client");
}

TEST_F(ClaimsTest, TokensOfOtherKindsAreRefused) {
  for (const char* type : {"logout+jwt", "dpop+jwt", "secevent+jwt", "x"})
    EXPECT_EQ(bearer({}, type), "the token is of a kind that is not for signing in") << type;
  EXPECT_EQ(bearer({}, ""), "");
  EXPECT_EQ(bearer({{"cnf", {{"jkt", "x"}}}}), "the token is bound to a key of its holder, which is not supported");
}

TEST_F(ClaimsTest, WhoATokenIsAbout) {
  const auto identity = identity_of(token({{"jti", "t1"}}), {});
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->issuer, testing::issuer);
  EXPECT_EQ(identity->subject, "s-maria");
  EXPECT_EQ(identity->name, "Maria");
  EXPECT_EQ(identity->display_name, "Maria Souza");
  EXPECT_EQ(identity->token_id, "oidc:t1");
  EXPECT_EQ(identity->expires_at - identity->issued_at, std::chrono::minutes(10));
  EXPECT_FALSE(identity->groups);
  EXPECT_EQ(identity_of(token({{"preferred_username", nullptr}, {"email", "m@x"}}), {})->name, "m@x");
  EXPECT_EQ(identity_of(token({{"preferred_username", nullptr}}), {})->name, "s-maria");
  EXPECT_EQ(identity_of(token({{"jti", "a\nb"}}), {})->token_id, "oidc:" + sha256_hex("the token").substr(0, 16));
  for (const Json& subject : {Json(nullptr), Json(""), Json(7), Json("a\nb"), Json(std::string(256, 's'))})
    EXPECT_FALSE(identity_of(token({{"sub", subject}}), {})) << to_text(subject);
}

TEST_F(ClaimsTest, GroupsAreSortedAndClean) {
  using Groups = std::vector<std::string>;
  const auto groups = [&](const Json& changes, const ClaimNames& names = {}) {
    return identity_of(token(changes), names)->groups;
  };
  EXPECT_EQ(groups({{"groups", {"b", "a", "b", "", 7, "x\ny", std::string(257, 'g')}}}), (Groups{"a", "b"}));
  EXPECT_EQ(groups({{"groups", "one"}}), Groups{"one"});
  EXPECT_EQ(groups({{"groups", Json::array()}}), Groups());
  EXPECT_EQ(groups({{"groups", 7}}), std::nullopt);
  EXPECT_EQ(groups({{"roles", {"r"}}}, {.name = "x", .groups = "roles"}), Groups{"r"});
  EXPECT_EQ(groups({{"realm_access", {{"roles", {"r"}}}}}, {.name = "x", .groups = "/realm_access/roles"}),
            Groups{"r"});
  Json many = Json::array();
  for (int number = 0; number < 1001; ++number) many.push_back(std::to_string(number));
  EXPECT_FALSE(identity_of(token({{"groups", many}}), {}));
  const auto elsewhere = identity_of(token({{"_claim_names", {{"groups", "src1"}}}}), {});
  EXPECT_TRUE(elsewhere->groups_are_elsewhere);
  EXPECT_FALSE(elsewhere->groups);
}

}  // namespace
}  // namespace ciclo::administration::oidc
