#include "platform/tokens/signed_link.hpp"

#include <gtest/gtest.h>

namespace ciclo::tokens {
namespace {

const TimePoint now = from_unix_ms(1'800'000'000'000);
const LinkClaims ana{.principal = "ana", .on_behalf_of = "rui", .expires_at = now + Milliseconds(60'000)};

TEST(SignedLinkTest, IsGoodForItsMethodAndPathAlone) {
  const LinkKey key(std::string(32, 'k'));
  const std::string link = key.sign({"PUT", "/a/b c"}, ana);
  const auto claims = key.verify({"PUT", "/a/b c"}, link, now);
  ASSERT_TRUE(claims) << claims.error().text();
  EXPECT_EQ(claims->principal, "ana");
  EXPECT_EQ(claims->on_behalf_of, "rui");
  for (const LinkTarget& other : {LinkTarget{"GET", "/a/b c"}, LinkTarget{"PUT", "/a/b"}, LinkTarget{"PUT", "/a/b c/"},
                                  LinkTarget{"PU", "T/a/b c"}, LinkTarget{"PUT", ""}}) {
    const auto refused = key.verify(other, link, now);
    ASSERT_FALSE(refused) << other.method << " " << other.path;
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
  }
  EXPECT_FALSE(LinkKey(std::string(32, 'x')).verify({"PUT", "/a/b c"}, link, now));
}

TEST(SignedLinkTest, Ends) {
  const LinkKey key(std::string(32, 'k'));
  const std::string link = key.sign({"GET", "/a"}, ana);
  EXPECT_TRUE(key.verify({"GET", "/a"}, link, now + Milliseconds(59'999)));
  EXPECT_FALSE(key.verify({"GET", "/a"}, link, now + Milliseconds(60'000)));
}

TEST(SignedLinkTest, IsRefusedWhenAnyCharacterIsChanged) {
  const LinkKey key(std::string(32, 'k'));
  const std::string link = key.sign({"GET", "/a"}, ana);
  for (std::size_t i = 0; i < link.size(); ++i) {
    std::string changed = link;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.verify({"GET", "/a"}, changed, now)) << i;
  }
  for (const std::string& text : {std::string(), std::string("."), std::string("a.b"), link + "A", link.substr(1),
                                  std::string(longest_link + 1, 'A')})
    EXPECT_FALSE(key.verify({"GET", "/a"}, text, now)) << text;
}

}  // namespace
}  // namespace ciclo::tokens
