#include "platform/tokens/signed_token.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/ids.hpp"

namespace ciclo::tokens {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const TimePoint now = *parse_rfc3339("2026-01-31T08:00:00Z");

class SignedTokenTest : public ::testing::Test {
 protected:
  TokenClaims claims() const {
    return {.audience = "uid-1",
            .principal = "maria",
            .token_id = "t1",
            .key_id = {},
            .issued_at = now,
            .expires_at = now + hours(1)};
  }
  const SigningKey signer = *SigningKey::from_seed(random_hex(32));
  const VerifyingKey verifier = *VerifyingKey::from_hex(signer.public_key());
};

TEST_F(SignedTokenTest, SaysWhatWasSigned) {
  const auto token = signer.sign(claims());
  ASSERT_TRUE(token);
  EXPECT_TRUE(token->starts_with("ciclo_ep_"));
  const auto read = verifier.verify(*token);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->audience, "uid-1");
  EXPECT_EQ(read->principal, "maria");
  EXPECT_EQ(read->token_id, "t1");
  EXPECT_EQ(read->key_id, signer.key_id());
  EXPECT_EQ(read->issued_at, now);
  EXPECT_EQ(read->expires_at, now + hours(1));
}

// RFC 8032, 7.1, TEST 1: the public key of that secret key.
TEST_F(SignedTokenTest, HasTheKeysOfTheStandard) {
  const auto key = SigningKey::from_seed("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_key(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST_F(SignedTokenTest, RefusesEveryFlippedBit) {
  const std::string token = *signer.sign(claims());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(verifier.verify(changed)) << i << " " << bit;
    }
  }
}

TEST_F(SignedTokenTest, RefusesWhatIsCutOrAddedTo) {
  const std::string token = *signer.sign(claims());
  for (std::size_t length = 0; length < token.size(); ++length) EXPECT_FALSE(verifier.verify(token.substr(0, length)));
  for (const std::string& changed : {token + "A", token + "=", token + ".", " " + token, token + "." + token,
                                     token + std::string(longest_token, 'A'), token.substr(9)})
    EXPECT_FALSE(verifier.verify(changed)) << changed;
}

TEST_F(SignedTokenTest, RefusesAnotherKey) {
  const auto other = *SigningKey::from_seed(random_hex(32));
  EXPECT_FALSE(verifier.verify(*other.sign(claims())));
  EXPECT_FALSE(VerifyingKey::from_hex("00"));
  EXPECT_FALSE(VerifyingKey::from_hex(std::string(64, 'G')));
  EXPECT_FALSE(SigningKey::from_seed(std::string(63, 'a')));
}

TEST_F(SignedTokenTest, SeveralKeysAreTakenAtATime) {
  const auto next = *SigningKey::from_seed(random_hex(32));
  const auto stranger = *SigningKey::from_seed(random_hex(32));
  const VerifyingKeys keys({*VerifyingKey::from_hex(next.public_key()), verifier});
  EXPECT_EQ(keys.verify(*signer.sign(claims()))->key_id, signer.key_id());
  EXPECT_EQ(keys.verify(*next.sign(claims()))->key_id, next.key_id());
  EXPECT_FALSE(keys.verify(*stranger.sign(claims())));
  EXPECT_FALSE(VerifyingKeys().verify(*signer.sign(claims())));
  EXPECT_FALSE(keys.verify(""));
  // What another key signed is not taken under the name of one that is known.
  std::string renamed = *stranger.sign(claims());
  renamed.replace(token_prefix.size(), signer.key_id().size(), signer.key_id());
  EXPECT_FALSE(keys.verify(renamed));
}

// Not a limit to be kept, but what a look at a signature costs is printed: the scorer saves it for a token it knows.
TEST_F(SignedTokenTest, SaysWhatVerifyingCosts) {
  const VerifyingKeys keys({verifier});
  const std::string token = *signer.sign(claims());
  constexpr int rounds = 2'000;
  const auto started = std::chrono::steady_clock::now();
  int good = 0;
  for (int i = 0; i < rounds; ++i) good += keys.verify(token) ? 1 : 0;
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
  EXPECT_EQ(good, rounds);
  std::printf("             one signature verified in %.1f us\n", took.count() / rounds);
}

TEST_F(SignedTokenTest, RefusesClaimsThatMakeNoSense) {
  auto backwards = claims();
  backwards.expires_at = backwards.issued_at;
  EXPECT_FALSE(verifier.verify(*signer.sign(backwards)));
  auto early = claims();
  early.issued_at = from_unix_ms(-1);
  EXPECT_FALSE(verifier.verify(*signer.sign(early)));
  auto far = claims();
  far.expires_at = from_unix_ms(INT64_MAX);
  EXPECT_FALSE(verifier.verify(*signer.sign(far)));
  auto nameless = claims();
  nameless.token_id.clear();
  EXPECT_FALSE(verifier.verify(*signer.sign(nameless)));
}

TEST_F(SignedTokenTest, NamesAreBounded) {
  auto long_name = claims();
  long_name.principal = std::string(longest_principal, 'x');
  const auto token = signer.sign(long_name);
  ASSERT_TRUE(token) << token.error().text();
  EXPECT_EQ(verifier.verify(*token)->principal, long_name.principal);
  long_name.principal += "x";
  EXPECT_EQ(signer.sign(long_name).error().code, ErrorCode::invalid);
  long_name.principal.clear();
  EXPECT_FALSE(signer.sign(long_name));
  // Control characters take six bytes each in JSON: still no token that nobody would read.
  long_name.principal = std::string(longest_principal, '\x01');
  EXPECT_FALSE(signer.sign(long_name));
}

TEST_F(SignedTokenTest, IsGoodForItsEndpointAndTimeAlone) {
  const struct {
    std::string_view audience;
    TimePoint at;
    bool good;
  } cases[] = {{"uid-1", now, true},
               {"uid-1", now + hours(1) - Milliseconds(1), true},
               {"uid-1", now + hours(1), false},
               {"uid-1", now - clock_leeway, true},
               {"uid-1", now - clock_leeway - Milliseconds(1), false},
               {"uid-2", now + seconds(1), false},
               {"", now + seconds(1), false}};
  for (const auto& one : cases) {
    const auto checked = check_claims(claims(), one.audience, one.at);
    EXPECT_EQ(checked.has_value(), one.good) << one.audience << " " << format_rfc3339(one.at);
    if (!checked) {
      EXPECT_EQ(checked.error().code, ErrorCode::unauthenticated);
    }
  }
}

}  // namespace
}  // namespace ciclo::tokens
