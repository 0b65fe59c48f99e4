#include "administration/oidc/code_sign_in.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/encoding.hpp"
#include "administration/oidc/migrations.hpp"
#include "administration/oidc/test_provider.hpp"
#include "base/digest.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration::oidc {
namespace {

TEST(LocalPath, OnlyPathsOfThisServer) {
  for (const char* good : {"/", "/models", "/models?x=1&y=https://a.example", "/a//b", "/%2f%2fevil", "/?next=//x"})
    EXPECT_TRUE(is_local_path(good)) << good;
  for (const char* bad :
       {"", "models", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example",
        "javascript:alert(1)", "/a\r\nset-cookie: x=y", "/a b", "/\t/evil", " /a", "/\xc3\xa9"})
    EXPECT_FALSE(is_local_path(bad)) << bad;
  EXPECT_FALSE(is_local_path(std::string("/\0/evil", 7)));
  EXPECT_FALSE(is_local_path("/" + std::string(2048, 'a')));
}

class CodeSignInTest : public ::testing::Test {
 protected:
  struct Begun {
    http::Query query;   // of the address at the provider
    std::string cookie;  // "name=value"
  };
  Begun begin(std::string_view return_to = "/models") {
    const auto started = code_.start(return_to);
    EXPECT_TRUE(started);
    EXPECT_TRUE(started->location.starts_with("https://login.example.org/auth?"));
    EXPECT_NE(started->set_cookie.find("; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), std::string::npos);
    EXPECT_TRUE(started->set_cookie.starts_with("__Host-ciclo_sign_in_"));
    return {*http::Query::parse(started->location.substr(started->location.find('?') + 1)),
            started->set_cookie.substr(0, started->set_cookie.find(';'))};
  }
  static std::string value(const Begun& begun, std::string_view name) {
    return std::string(begun.query.find(name).value_or(""));
  }
  http::Request callback(const std::string& query, const std::string& cookie) {
    http::Request request;
    request.query = *http::Query::parse(query);
    if (!cookie.empty()) request.headers.set("cookie", cookie);
    return request;
  }
  Result<CodeSignIn::Finished> finish(const std::string& query, const std::string& cookie) {
    return code_.finish(callback(query, cookie));
  }
  // What the provider answers for a code.
  void answer(const Json& changes) { remote_.token_answer = {{"id_token", remote_.token(changes)}}; }

  resources::TestResources resources_{resources::KindTable(), migrations()};
  testing::TestProvider remote_{resources_.clock};
  Settings settings_ = testing::test_settings();
  std::unique_ptr<log::Logger> logger_ = log::Logger::silent();
  Provider provider_{settings_, {remote_.send(), resources_.clock, *logger_}};
  CodeSignIn code_{settings_, {*resources_.database, provider_, resources_.clock, [] {
                                 return std::string("https://ciclo.example.org");
                               }}};
};

TEST_F(CodeSignInTest, ASignInGoesThere) {
  const Begun begun = begin();
  EXPECT_EQ(value(begun, "response_type"), "code");
  EXPECT_EQ(value(begun, "client_id"), "ciclo");
  EXPECT_EQ(value(begun, "redirect_uri"), "https://ciclo.example.org/auth/callback");
  EXPECT_EQ(value(begun, "scope"), "openid profile email groups");
  EXPECT_EQ(value(begun, "code_challenge_method"), "S256");
  EXPECT_EQ(value(begun, "state").size(), 64U);
  EXPECT_NE(value(begun, "state"), value(begin(), "state"));
}

TEST_F(CodeSignInTest, AndBack) {
  const Begun begun = begin("/models?x=1");
  answer({{"nonce", value(begun, "nonce")}});
  const auto finished = finish("code=c1&state=" + value(begun, "state"), "a=b; " + begun.cookie);
  ASSERT_TRUE(finished) << finished.error().text();
  EXPECT_EQ(finished->identity.subject, "s-maria");
  EXPECT_EQ(finished->return_to, "/models?x=1");
  EXPECT_NE(finished->set_cookie.find("Max-Age=0"), std::string::npos);
  // RFC 7636 §4.6: the challenge is of the verifier that was sent.
  const auto sent = http::Query::parse(remote_.token_request.body);
  const std::string verifier(sent->find("code_verifier").value_or(""));
  EXPECT_EQ(verifier.size(), 43U);
  EXPECT_EQ(encode_base64url(sha256(verifier)), value(begun, "code_challenge"));
  EXPECT_EQ(sent->find("code"), "c1");
  // Once.
  EXPECT_EQ(finish("code=c1&state=" + value(begun, "state"), begun.cookie).error().code, ErrorCode::unauthenticated);
}

TEST_F(CodeSignInTest, TheStateIsOfThisBrowser) {
  const Begun mine = begin();
  const Begun theirs = begin();
  answer({{"nonce", value(mine, "nonce")}});
  const std::string query = "code=c&state=" + value(mine, "state");
  const std::string forged =
      mine.cookie.substr(0, mine.cookie.find('=')) + theirs.cookie.substr(theirs.cookie.find('='));
  for (const std::string& cookie : {std::string(), theirs.cookie, forged, mine.cookie + "0"})
    EXPECT_EQ(finish(query, cookie).error().code, ErrorCode::unauthenticated) << cookie;
  for (const std::string& other : {std::string("code=c"), std::string("code=c&state="), std::string("code=c&state=x"),
                                   "code=c&state=" + std::string(5000, 'x')})
    EXPECT_EQ(finish(other, mine.cookie).error().code, ErrorCode::unauthenticated);
  EXPECT_EQ(remote_.token_request.body, "") << "the provider was asked";
  EXPECT_TRUE(finish(query, mine.cookie)) << "somebody else's tries used it up";
}

TEST_F(CodeSignInTest, TwoTabsDoNotDisturbEachOther) {
  const Begun first = begin();
  const Begun second = begin();
  const std::string both = first.cookie + "; " + second.cookie;
  answer({{"nonce", value(second, "nonce")}});
  EXPECT_TRUE(finish("code=c&state=" + value(second, "state"), both));
  answer({{"nonce", value(first, "nonce")}});
  EXPECT_TRUE(finish("code=c&state=" + value(first, "state"), both));
}

TEST_F(CodeSignInTest, ATokenOfAnotherSignInIsRefused) {
  const Begun first = begin();
  answer({{"nonce", value(begin(), "nonce")}});
  EXPECT_EQ(finish("code=c&state=" + value(first, "state"), first.cookie).error().message,
            "the token does not belong to this sign-in");
  const Begun second = begin();
  answer({});
  EXPECT_FALSE(finish("code=c&state=" + value(second, "state"), second.cookie));
  const Begun third = begin();
  answer({{"nonce", value(third, "nonce")}, {"aud", "ciclo-cli"}});
  EXPECT_FALSE(finish("code=c&state=" + value(third, "state"), third.cookie)) << "of the command line's client";
  const Begun fourth = begin();
  remote_.token_answer = {{"id_token", remote_.token({{"nonce", value(fourth, "nonce")}}, testing::other_rsa_key())}};
  EXPECT_FALSE(finish("code=c&state=" + value(fourth, "state"), fourth.cookie)) << "of another key";
}

TEST_F(CodeSignInTest, ItTakesTenMinutesAtMost) {
  const Begun begun = begin();
  answer({{"nonce", value(begun, "nonce")}});
  resources_.clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(finish("code=c&state=" + value(begun, "state"), begun.cookie).error().code, ErrorCode::unauthenticated);
}

TEST_F(CodeSignInTest, AnAnswerOfAnotherProviderIsRefused) {
  const Begun begun = begin();
  answer({{"nonce", value(begun, "nonce")}});
  EXPECT_FALSE(finish("code=c&iss=https%3A%2F%2Fevil.example&state=" + value(begun, "state"), begun.cookie));
  EXPECT_EQ(remote_.token_request.body, "");
}

TEST_F(CodeSignInTest, TheProviderMaySayNo) {
  const Begun begun = begin();
  const auto error =
      finish("error=access_denied&error_description=%3Cscript%3E&state=" + value(begun, "state"), begun.cookie).error();
  EXPECT_EQ(error.code, ErrorCode::denied);
  EXPECT_EQ(error.text().find("script"), std::string::npos);
}

TEST_F(CodeSignInTest, NobodyIsSentElsewhere) {
  for (const char* elsewhere : {"//evil.example", "https://evil.example", "/\\evil.example"})
    EXPECT_EQ(code_.start(elsewhere).error().target, "return_to");
}

TEST_F(CodeSignInTest, NothingStoredHelpsAThief) {
  const Begun begun = begin();
  const auto rows = resources_.database->read([](sql::Session& session) {
    return session.query("SELECT state_hash, browser_hash, return_to FROM oidc_pending");
  });
  ASSERT_EQ(rows->size(), 1U);
  const std::string secret = begun.cookie.substr(begun.cookie.find('=') + 1);
  for (const auto& kept : {rows->front().text(0), rows->front().text(1)}) {
    EXPECT_NE(kept, secret);
    EXPECT_NE(kept, value(begun, "state"));
  }
}

}  // namespace
}  // namespace ciclo::administration::oidc
