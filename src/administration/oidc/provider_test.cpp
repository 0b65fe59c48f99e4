#include "administration/oidc/provider.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/test_provider.hpp"

namespace ciclo::administration::oidc {
namespace {

using testing::other_rsa_key;
using testing::rsa_key;

class ProviderTest : public ::testing::Test {
 protected:
  Result<void> verify(const std::string& text) {
    CICLO_TRY(const SignedToken token, parse_token(text));
    return provider_.verify(token);
  }
  ErrorCode refusal(const std::string& text) {
    const auto verified = verify(text);
    EXPECT_FALSE(verified);
    return verified ? ErrorCode::internal : verified.error().code;
  }
  std::string by(const testing::Key& key) { return remote_.token(Json::object(), key); }

  FakeClock clock_;
  testing::TestProvider remote_{clock_};
  Settings settings_ = testing::test_settings();
  std::unique_ptr<log::Logger> logger_ = log::Logger::silent();
  Provider provider_{settings_, {remote_.send(), clock_, *logger_}};
};

TEST_F(ProviderTest, KeysAreFetchedOnceAndKept) {
  for (int turn = 0; turn < 5; ++turn) EXPECT_TRUE(verify(by(rsa_key())));
  EXPECT_EQ(remote_.key_requests, 1);
}

TEST_F(ProviderTest, AnUnknownKeyIsAskedForAtMostEveryTenSeconds) {
  ASSERT_TRUE(verify(by(rsa_key())));
  for (int turn = 0; turn < 20; ++turn) EXPECT_EQ(refusal(by(other_rsa_key())), ErrorCode::unauthenticated);
  EXPECT_EQ(remote_.key_requests, 1) << "the keys were fetched just before";
  remote_.list(other_rsa_key());
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(verify(by(other_rsa_key())));
  EXPECT_EQ(remote_.key_requests, 2);
  EXPECT_TRUE(verify(by(rsa_key())));
}

TEST_F(ProviderTest, AKeyThatIsNotListedAnyMoreEndsWithinTenMinutes) {
  ASSERT_TRUE(verify(by(rsa_key())));
  remote_.unlist_all();
  remote_.list(other_rsa_key());
  clock_.advance(std::chrono::minutes(10));
  EXPECT_EQ(refusal(by(rsa_key())), ErrorCode::unauthenticated);
  EXPECT_TRUE(verify(by(other_rsa_key())));
}

TEST_F(ProviderTest, KnownKeysOutliveTheProviderForADay) {
  ASSERT_TRUE(verify(by(rsa_key())));
  remote_.is_away = true;
  clock_.advance(std::chrono::hours(23));
  EXPECT_TRUE(verify(by(rsa_key())));
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(refusal(by(rsa_key())), ErrorCode::unavailable);
  remote_.is_away = false;
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(verify(by(rsa_key())));
}

TEST_F(ProviderTest, WithoutTheProviderNothingIsGood) {
  remote_.is_away = true;
  EXPECT_EQ(refusal(by(rsa_key())), ErrorCode::unavailable);
  EXPECT_EQ(provider_.metadata().error().code, ErrorCode::unavailable);
  remote_.is_away = false;
  EXPECT_EQ(refusal(by(rsa_key())), ErrorCode::unavailable) << "asked again within 10 s";
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(verify(by(rsa_key())));
}

TEST_F(ProviderTest, ADescriptionThatTurnsBadChangesNothing) {
  ASSERT_TRUE(verify(by(rsa_key())));
  remote_.metadata["issuer"] = "https://evil.example";
  clock_.advance(std::chrono::minutes(11));
  EXPECT_TRUE(verify(by(rsa_key())));
  EXPECT_EQ(provider_.metadata()->issuer, testing::issuer);
}

TEST_F(ProviderTest, ACodeIsExchangedByAPublicClient) {
  remote_.token_answer = {{"id_token", "i"}, {"access_token", "a"}};
  const auto tokens = provider_.exchange({.code = "c&=", .verifier = "v", .redirect_uri = "https://x/cb"});
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->id_token, "i");
  EXPECT_EQ(tokens->access_token, "a");
  EXPECT_EQ(
      remote_.token_request.body,
      "grant_type=authorization_code&code=c%26%3D&redirect_uri=https%3A%2F%2Fx%2Fcb&code_verifier=v&client_id=ciclo");
  EXPECT_FALSE(remote_.token_request.headers.find("authorization"));
}

TEST_F(ProviderTest, TheSecretGoesWhereTheProviderWantsIt) {
  settings_.client_secret = "a b:c";
  remote_.token_answer = {{"id_token", "i"}};
  ASSERT_TRUE(provider_.exchange({.code = "c", .verifier = "v", .redirect_uri = "r"}));
  // base64("ciclo:a%20b%3Ac"), RFC 6749 §2.3.1
  EXPECT_EQ(remote_.token_request.headers.find("authorization"), "Basic Y2ljbG86YSUyMGIlM0Fj");
  EXPECT_EQ(remote_.token_request.body.find("client_secret"), std::string::npos);

  remote_.metadata["token_endpoint_auth_methods_supported"] = {"client_secret_post"};
  clock_.advance(std::chrono::minutes(11));
  ASSERT_TRUE(provider_.exchange({.code = "c", .verifier = "v", .redirect_uri = "r"}));
  EXPECT_FALSE(remote_.token_request.headers.find("authorization"));
  EXPECT_NE(remote_.token_request.body.find("&client_secret=a%20b%3Ac"), std::string::npos);
}

TEST_F(ProviderTest, ARefusedCodeIsToldFromAProviderInTrouble) {
  const CodeRequest request{.code = "c", .verifier = "v", .redirect_uri = "r"};
  remote_.token_status = 400;
  remote_.token_answer = {{"error", "invalid_grant"}, {"error_description", "secret details"}};
  const auto refused = provider_.exchange(request);
  EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
  EXPECT_EQ(refused.error().text().find("secret details"), std::string::npos);
  remote_.token_status = 502;
  EXPECT_EQ(provider_.exchange(request).error().code, ErrorCode::unavailable);
  remote_.token_status = 200;
  EXPECT_EQ(provider_.exchange(request).error().code, ErrorCode::unauthenticated) << "no ID token";
}

}  // namespace
}  // namespace ciclo::administration::oidc
