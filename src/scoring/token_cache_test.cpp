#include "scoring/token_cache.hpp"

#include <gtest/gtest.h>

namespace ciclo::scoring {
namespace {

std::shared_ptr<const KnownToken> token_of(const std::string& principal) {
  KnownToken token;
  token.claims.principal = principal;
  return std::make_shared<const KnownToken>(std::move(token));
}

TEST(TokenCacheTest, KeepsWhatIsUsedAndStaysBounded) {
  TokenCache cache(8);
  EXPECT_EQ(cache.find("maria"), nullptr);
  cache.put("maria", token_of("maria"));
  for (int i = 0; i < 100; ++i) {
    const auto name = std::to_string(i);
    cache.put(name, token_of(name));
    ASSERT_NE(cache.find(name), nullptr);
    const auto maria = cache.find("maria");
    ASSERT_NE(maria, nullptr) << i;
    EXPECT_EQ(maria->claims.principal, "maria");
    EXPECT_LE(cache.size(), 8U);
  }
  EXPECT_EQ(cache.find("0"), nullptr);
}

TEST(CallersTest, CountsByNameUpToALimit) {
  Callers callers;
  callers.count_key();
  callers.counter_of("maria")->fetch_add(2);
  EXPECT_EQ(callers.counter_of("maria"), callers.counter_of("maria"));
  EXPECT_EQ(callers.to_json(),
            *parse_json(R"([{"principal":"endpoint-key","requests":1},{"principal":"maria","requests":2}])"));
  for (int i = 0; i < 2'000; ++i) callers.counter_of("user-" + std::to_string(i))->fetch_add(1);
  EXPECT_EQ(callers.counts().by_token, 2'002U);
  EXPECT_LE(callers.to_json().size(), 1'002U);
  EXPECT_EQ(callers.counter_of("somebody new"), callers.counter_of("somebody else"));
}

}  // namespace
}  // namespace ciclo::scoring
