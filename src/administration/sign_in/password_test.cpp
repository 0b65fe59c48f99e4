#include <gtest/gtest.h>
#include <sodium.h>

#include <thread>

#include "administration/secrets/sealing.hpp"
#include "administration/sign_in/password_hasher.hpp"
#include "administration/sign_in/password_rules.hpp"

namespace ciclo::administration {
namespace {

// The least that libsodium takes: tests of everything but the cost need no more.
constexpr PasswordHasher::Settings cheap{
    .operations = crypto_pwhash_OPSLIMIT_MIN, .memory = crypto_pwhash_MEMLIMIT_MIN, .at_once = 2, .may_wait = 8};

TEST(PasswordRules, AskForLengthAndNothingCommon) {
  for (const char* good : {"a quiet river", "Ãéîõü açaí ñ", "xkcd-936-is-fun", "000111222333444x"})
    EXPECT_TRUE(check_new_password("maria", good, "/new_password")) << good;
  EXPECT_TRUE(check_new_password("maria", std::string(1021, 'x') + "yz!", "/new_password"));
  for (const std::string& bad :
       {std::string("eleven char"), std::string(), "z" + std::string(1024, 'y'), std::string("Maria.Da.Silva"),
        std::string("Password1234"), std::string(40, 'a'), std::string("abcabcabcabc")}) {
    const auto refused = check_new_password("maria.da.silva", bad, "/new_password");
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().target, "/new_password");
    if (!bad.empty()) {
      EXPECT_EQ(refused.error().text().find(bad), std::string::npos);
    }
  }
}

TEST(PasswordHasher, KnowsThePasswordAndNothingElse) {
  ASSERT_TRUE(start_cryptography());
  PasswordHasher hasher(cheap);
  const auto hash = hasher.hash("a quiet river");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$"));
  EXPECT_NE(*hash, *hasher.hash("a quiet river"));
  EXPECT_TRUE(*hasher.verify(*hash, "a quiet river"));
  EXPECT_FALSE(*hasher.verify(*hash, "a quiet rivers"));
  EXPECT_FALSE(*hasher.verify("", "a quiet river"));
  EXPECT_FALSE(*hasher.verify("damaged", "a quiet river"));
}

TEST(PasswordHasher, SeesWhichHashesAreOfAnotherCost) {
  ASSERT_TRUE(start_cryptography());
  PasswordHasher before(cheap);
  auto dearer = cheap;
  dearer.operations += 1;
  const std::string hash = *before.hash("a quiet river");
  EXPECT_FALSE(before.is_outdated(hash));
  EXPECT_TRUE(PasswordHasher(dearer).is_outdated(hash));
}

TEST(PasswordHasher, WorksAsHardForAnUnknownUser) {
  ASSERT_TRUE(start_cryptography());
  PasswordHasher hasher({});  // the real cost
  const std::string hash = *hasher.hash("a quiet river");
  const auto time_of = [&](const std::string& against) {
    // The least of three: noise only adds.
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 3; ++i) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_FALSE(*hasher.verify(against, "a wrong password"));
      least = std::min(least, std::chrono::steady_clock::now() - began);
    }
    return std::chrono::duration<double>(least).count();
  };
  const double ratio = time_of(hash) / time_of("");
  EXPECT_GT(ratio, 0.5);
  EXPECT_LT(ratio, 2.0);
}

TEST(PasswordHasher, LetsAFewWaitAndTurnsTheRestAway) {
  ASSERT_TRUE(start_cryptography());
  PasswordHasher hasher({.at_once = 1, .may_wait = 1});
  const std::string hash = *hasher.hash("a quiet river");
  std::atomic<int> right = 0;
  std::atomic<int> away = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i)
      threads.emplace_back([&] {
        const auto verified = hasher.verify(hash, "a quiet river");
        if (verified) right += *verified ? 1 : 0;
        else if (verified.error().code == ErrorCode::unavailable) ++away;
      });
  }
  EXPECT_EQ(right + away, 12);
  EXPECT_GE(right, 2);
  EXPECT_GE(away, 1);
  EXPECT_TRUE(*hasher.verify(hash, "a quiet river"));  // nobody left the door locked
}

}  // namespace
}  // namespace ciclo::administration
