// Keys and tokens of endpoints, as the controller hands them to the scorer.
#include "outer_loop/endpoints/controller_testing.hpp"

namespace ciclo::outer_loop {
namespace {

TEST_F(EndpointControllerTest, AKeyIsReplacedWithoutARestart) {
  put_deployment("blue", "1");
  const Json before = scorer.config["auth"]["keys_sha256"];
  const std::string named = must(world.database->write([&](sql::Session& session) {
    return keys.regenerate(session, {"dev", "weather"}, KeyType::primary);
  }));
  EXPECT_FALSE(served_credentials.await(endpoint_key("dev", "weather"), named, std::chrono::milliseconds(0)));
  drive();
  EXPECT_TRUE(served_credentials.await(endpoint_key("dev", "weather"), named, std::chrono::milliseconds(0)));
  const Json after = scorer.config["auth"]["keys_sha256"];
  EXPECT_NE(before[0], after[0]);
  EXPECT_EQ(before[1], after[1]);
  EXPECT_EQ(scorer.starts, 1);
}

TEST_F(EndpointControllerTest, OnlyTheModeOfKeysTakesKeys) {
  put_deployment("blue", "1");
  EXPECT_EQ(scorer.config["auth"]["mode"], "key");
  EXPECT_EQ(scorer.config["auth"]["keys_sha256"].size(), 2U);
  put("online-endpoint", "", {{"name", "weather"}, {"auth_mode", "AADToken"}});
  drive();
  EXPECT_EQ(scorer.config["auth"]["mode"], "aad_token");
  EXPECT_FALSE(scorer.config["auth"].contains("keys_sha256"));
}

TEST_F(EndpointControllerTest, ATokenIsGoodWithoutAReload) {
  put_deployment("blue", "1");
  const Json before = scorer.config;
  const std::string token = issue("maria");
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))), std::chrono::minutes(1));
  EXPECT_EQ(scorer.config, before);
  const auto claims = must(verifier().verify(token));
  EXPECT_EQ(claims.principal, "maria");
  EXPECT_EQ(claims.audience, text_or(scorer.config["auth"]["signed_tokens"], "audience"));
  EXPECT_EQ(claims.audience, world.find(endpoint_key("dev", "weather"))->uid);
  EXPECT_EQ(claims.issued_at, world.clock.now());
  EXPECT_EQ(claims.expires_at, world.clock.now() + std::chrono::hours(1));
  // When all tokens have ended by time, nobody is judged again.
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))), std::nullopt);
}

TEST_F(EndpointControllerTest, WhoLosesTheRightLosesTheTokensGivenUntilThen) {
  put_deployment("blue", "1");
  issue("maria");
  issue("otto");
  EXPECT_TRUE(ended().empty());
  world.access.denied = {"maria workspace/endpoints/use"};
  events::Event event{.type = "ciclo.role.withdrawn", .subject = "/users/maria", .workspace = "dev"};
  EXPECT_EQ(controller->wakes(event), std::vector<ResourceKey>{endpoint_key("dev", "weather")});
  event.workspace = "prod";
  EXPECT_TRUE(controller->wakes(event).empty());
  event.workspace.clear();  // of the organisation
  EXPECT_EQ(controller->wakes(event).size(), 1U);
  step(3);
  const Json expected{{{"principal", "maria"}, {"issued_until", format_rfc3339(world.clock.now())}}};
  EXPECT_EQ(ended(), expected);
  // Allowed again, the old tokens stay ended and new ones are good.
  world.access.denied.clear();
  world.clock.advance(std::chrono::minutes(5));
  issue("maria");
  step(3);
  EXPECT_EQ(ended(), expected);
  // A second loss ends those too.
  world.access.denied = {"maria workspace/endpoints/use"};
  step(3);
  EXPECT_EQ(text_or(ended()[0], "issued_until"), format_rfc3339(world.clock.now()));
  // Nothing is kept of tokens that have ended by time.
  world.clock.advance(std::chrono::hours(2));
  step(3);
  EXPECT_TRUE(ended().empty());
}

TEST_F(EndpointControllerTest, WhoIsDisabledLosesTheTokens) {
  put_deployment("blue", "1");
  issue("maria");
  issue("otto");
  barred = {"otto"};
  EXPECT_EQ(controller->wakes({.type = "ciclo.user.disabled", .subject = "/users/otto"}).size(), 1U);
  step(3);
  ASSERT_EQ(ended().size(), 1U);
  EXPECT_EQ(ended()[0]["principal"], "otto");
}

TEST_F(EndpointControllerTest, ANewSigningKeyLeavesTheTokensOfTheOldOne) {
  put_deployment("blue", "1");
  const std::string old = issue("maria");
  const std::string public_key = must(rotate(OldTokens::stay_good));
  step(3);
  EXPECT_TRUE(served_credentials.await(endpoint_key("dev", "weather"), public_key, std::chrono::milliseconds(0)));
  const std::string fresh = issue("maria");
  EXPECT_TRUE(verifier().verify(old));
  EXPECT_TRUE(verifier().verify(fresh));
  // The old key goes with the last of its tokens, though the new one has some out.
  world.clock.advance(std::chrono::minutes(59));
  const std::string late = issue("maria");
  world.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))).has_value(), true);
  step(3);
  EXPECT_FALSE(verifier().verify(old));
  EXPECT_TRUE(verifier().verify(late));
}

TEST_F(EndpointControllerTest, WithoutTokensOutNoKeyIsKept) {
  put_deployment("blue", "1");
  for (std::size_t i = 0; i < 2 * most_retired_keys; ++i) must(rotate(OldTokens::stay_good));
  step(3);
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), 1U);
}

TEST_F(EndpointControllerTest, OldKeysAreBoundedAndAllTokensCanBeEnded) {
  put_deployment("blue", "1");
  const std::string token = issue("maria");
  for (std::size_t i = 0; i < most_retired_keys; ++i) must(rotate(OldTokens::stay_good));
  EXPECT_EQ(rotate(OldTokens::stay_good).error().code, ErrorCode::conflict);
  step(3);
  EXPECT_TRUE(verifier().verify(token));
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), most_retired_keys + 1);
  must(rotate(OldTokens::end_now));
  step(3);
  EXPECT_FALSE(verifier().verify(token));
  EXPECT_TRUE(verifier().verify(issue("maria")));
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), 1U);
}

TEST_F(EndpointControllerTest, AnEndpointOfAnOlderServerGetsItsSigningKey) {
  put_deployment("blue", "1");
  must(world.database->write(
      [&](sql::Session& session) { return session.execute("UPDATE endpoint_keys SET token_sealed = ''"); }));
  drive();
  EXPECT_TRUE(verifier().verify(issue("maria")));
}

}  // namespace
}  // namespace ciclo::outer_loop
