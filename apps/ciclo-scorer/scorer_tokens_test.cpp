// Signed tokens at a real ciclo-scorer.
#include "scorer_testing.hpp"

namespace ciclo::scoring {
namespace {

class SignedTokenTest : public ScorerTest {
 protected:
  void SetUp() override {
    ScorerTest::SetUp();
    scorer_.add("blue", "sun");
    scorer_.config()["traffic"] = {{"blue", 100}};
    take(signer_);
    scorer_.start();
  }
  void take(const tokens::SigningKey& key) {
    scorer_.config()["auth"]["signed_tokens"] = {{"public_keys", {key.public_key()}}, {"audience", "uid-1"}};
  }
  std::string token(const std::string& principal, TimePoint issued, Milliseconds life = std::chrono::hours(1),
                    const std::string& audience = "uid-1") const {
    return *signer_.sign({.audience = audience,
                          .principal = principal,
                          .token_id = "t",
                          .key_id = {},
                          .issued_at = issued,
                          .expires_at = issued + life});
  }
  http::ClientResponse score_with(const std::string& secret) {
    return scorer_.score(sun_row, header("authorization", "Bearer " + secret));
  }

  const tokens::SigningKey signer_ = *tokens::SigningKey::from_seed(random_hex(32));
  const TimePoint now_ = SystemClock().now();
};

TEST_F(SignedTokenTest, OpensItsEndpointForItsTime) {
  const std::string good = token("maria", now_);
  EXPECT_EQ(score_with(good).status, 200);
  EXPECT_EQ(score_with(good).status, 200);
  EXPECT_EQ(scorer_.score().status, 200);  // the key goes on
  for (const std::string& bad :
       {token("maria", now_, std::chrono::hours(1), "uid-2"), token("maria", now_ - std::chrono::hours(2)),
        token("maria", now_ + std::chrono::hours(1)), good + "A", good.substr(0, good.size() - 2),
        std::string("ciclo_ep_"), "ciclo_ep_" + std::string(4'000, 'A')})
    EXPECT_EQ(score_with(bad).status, 401) << bad;
  EXPECT_NE(score_with(token("maria", now_ - std::chrono::hours(2))).body.find("this token ended at"),
            std::string::npos);
  // It opens nothing but scoring.
  EXPECT_EQ(scorer_.send(http::Method::get, "/-/status", "", header("authorization", "Bearer " + good)).status, 401);
  const std::string shortly = token("maria", SystemClock().now(), Milliseconds(700));
  EXPECT_EQ(score_with(shortly).status, 200);
  EXPECT_TRUE(eventually([&] { return score_with(shortly).status == 401; }));
}

TEST_F(SignedTokenTest, SaysWhoCalledAndHowOften) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(score_with(token("maria", now_)).status, 200);
  EXPECT_EQ(score_with(token("otto", now_)).status, 200);
  EXPECT_EQ(scorer_.score().status, 200);
  EXPECT_EQ(score_with("wrong").status, 401);
  EXPECT_EQ(
      scorer_.status()["callers"],
      *parse_json(
          R"([{"principal":"endpoint-key","requests":1},{"principal":"maria","requests":3},{"principal":"otto","requests":1}])"));
  const auto metrics = scorer_.send(http::Method::get, "/metrics", "", {}).body;
  EXPECT_NE(metrics.find(R"(ciclo_scorer_admitted_total{credential="token"} 4)"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("ciclo_scorer_refused_total 1"), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find("maria"), std::string::npos);  // that page is open to everybody
}

TEST_F(SignedTokenTest, EndsWithItsKeyAndByName) {
  const std::string first = token("maria", now_);
  const std::string second = token("maria", now_ + Milliseconds(1));
  const std::string other = token("otto", now_);
  for (const auto& each : {first, second, other}) EXPECT_EQ(score_with(each).status, 200);
  scorer_.config()["auth"]["signed_tokens"]["ended"] = {
      {{"principal", "maria"}, {"issued_until", format_rfc3339(now_)}}};
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(first).status, 401);  // although it was found good before
  EXPECT_EQ(score_with(second).status, 200);
  EXPECT_EQ(score_with(other).status, 200);
  // While the signing key is replaced both are taken; without the old one its tokens end.
  const auto key = *tokens::SigningKey::from_seed(random_hex(32));
  scorer_.config()["auth"]["signed_tokens"]["public_keys"] = {key.public_key(), signer_.public_key()};
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(second).status, 200);
  take(key);
  EXPECT_EQ(scorer_.reload().status, 200);
  for (const auto& each : {first, second, other}) EXPECT_EQ(score_with(each).status, 401);
  scorer_.config()["auth"].erase("signed_tokens");
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(first).status, 401);
  EXPECT_EQ(scorer_.score().status, 200);
}

TEST_F(SignedTokenTest, WhereTokensAloneAreTakenAKeyIsNot) {
  scorer_.config()["auth"]["mode"] = "aml_token";
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(scorer_.score().status, 401);
  EXPECT_EQ(score_with(token("maria", now_)).status, 200);
}

}  // namespace
}  // namespace ciclo::scoring
