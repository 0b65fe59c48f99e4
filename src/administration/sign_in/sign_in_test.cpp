#include "administration/sign_in/sign_in.hpp"

#include <gtest/gtest.h>

#include "administration/sign_in/one_time_code.hpp"
#include "administration/sign_in/test_sign_in.hpp"

namespace ciclo::administration {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* password = "a quiet river";
constexpr const char* other_password = "seven loud bells";

class SignInTest : public ::testing::Test, public TestSignIn {
 protected:
  SignInTest() { add_user("maria", password); }

  // The wait after one wrong attempt more.
  milliseconds fail_once(const std::string& name = "maria", const std::string& address = "192.0.2.7") {
    SignInRequest wrong = request(name, "wrong");
    wrong.remote_address = address;
    const auto answer = sign_in.sign_in(wrong);
    return answer ? answer->wait : milliseconds(0);
  }
  std::string secret_of_codes() {
    const auto enrolment = sign_in.begin_codes(caller("maria"));
    return *from_base32(enrolment->secret);
  }
  std::string code_now(const std::string& secret, int offset = 0) {
    return code_at(secret, step_of(resources.clock.now()) + offset);
  }
};

TEST_F(SignInTest, GivesATokenOfTheUserForATime) {
  const auto answer = sign_in.sign_in(request("maria", password));
  ASSERT_TRUE(answer);
  EXPECT_EQ(identity.authenticate(answer->token)->principal, "maria");
  EXPECT_EQ(answer->expires_at, resources.clock.now() + hours(12));
  resources.clock.advance(hours(13));
  EXPECT_FALSE(identity.authenticate(answer->token));
}

TEST_F(SignInTest, ATokenMayLiveShorterButNotLonger) {
  SignInRequest wanted = request("maria", password);
  wanted.expires_at = resources.clock.now() + hours(1);
  EXPECT_EQ(sign_in.sign_in(wanted)->expires_at, *wanted.expires_at);
  wanted.expires_at = resources.clock.now() + hours(13);
  EXPECT_EQ(refusal(wanted), ErrorCode::invalid);
}

TEST_F(SignInTest, EverythingWrongLooksAlike) {
  const auto secret = secret_of_codes();
  ASSERT_TRUE(sign_in.confirm_codes(caller("maria"), code_now(secret)));
  std::vector<std::string> texts;
  SignInRequest wrong_code = request("maria", password);
  wrong_code.code = "000000";
  for (const auto& wanted : {request("maria", "wrong"), request("nobody", password), request("no/name\n", password),
                             request("maria", password), wrong_code, request("maria", std::string(5000, 'x'))}) {
    const auto answer = sign_in.sign_in(wanted);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unauthenticated);
    texts.push_back(answer.error().text());
    resources.clock.advance(hours(5));  // the sixth would have to wait
  }
  for (const std::string& text : texts) EXPECT_EQ(text, texts.front());
}

TEST_F(SignInTest, LeavesAnAuditRowAndAnEventWithoutWhatWasTyped) {
  resources.access.entries.clear();
  ASSERT_TRUE(sign_in.sign_in(request("maria", password)));
  fail_once();
  fail_once("a secret typed as name");
  const auto& entries = resources.access.entries;
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_TRUE(entries[0].decision.allowed);
  EXPECT_EQ(entries[0].target, "/users/maria");
  EXPECT_FALSE(entries[1].decision.allowed);
  EXPECT_EQ(entries[1].caller.principal, "maria");
  EXPECT_EQ(entries[2].target, "/users");
  const auto events = resources.events->list({.workspace = "", .type_prefix = "ciclo.sign-in.", .subject = ""});
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ((*events)[0].type, "ciclo.sign-in.succeeded");
  EXPECT_EQ((*events)[2].type, "ciclo.sign-in.failed");
  for (const auto& event : *events) {
    const std::string text = to_text(events::to_cloud_event(event));
    for (const char* typed : {password, "wrong", "typed as name"}) EXPECT_EQ(text.find(typed), std::string::npos);
  }
}

TEST_F(SignInTest, GuessingGetsSlowAndRecoversWithTime) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail_once().count(), 0) << i;
  EXPECT_EQ(fail_once(), seconds(1));
  EXPECT_EQ(sign_in.sign_in(request("maria", password))->wait, seconds(1));  // the right one waits too
  resources.clock.advance(seconds(1));
  EXPECT_EQ(fail_once().count(), 0);
  EXPECT_EQ(fail_once(), seconds(2));
  resources.clock.advance(seconds(2));
  EXPECT_FALSE(sign_in.sign_in(request("maria", password))->token.empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail_once().count(), 0) << i;  // success began the count anew
}

TEST_F(SignInTest, UnknownNamesAreSlowedAlike) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail_once("nobody").count(), 0) << i;
  EXPECT_EQ(fail_once("nobody"), seconds(1));
}

TEST_F(SignInTest, OneAddressCannotTryManyNames) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(fail_once("user" + std::to_string(i)).count(), 0) << i;
  EXPECT_EQ(fail_once("another"), seconds(1));
}

TEST_F(SignInTest, ManyAddressesSlowANameButNotWhereItsUserIsKnown) {
  ASSERT_TRUE(sign_in.sign_in(request("maria", password)));  // from 192.0.2.7
  for (int i = 0; i < 70; ++i) fail_once("maria", "198.51.100." + std::to_string(i));
  EXPECT_GT(fail_once("maria", "203.0.113.1").count(), 0);
  EXPECT_FALSE(sign_in.sign_in(request("maria", password))->token.empty());
  resources.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(fail_once("maria", "203.0.113.1").count(), 0);  // and a new place waits a minute at most
}

TEST_F(SignInTest, ARestartForgetsNoFailures) {
  for (int i = 0; i < 5; ++i) fail_once();
  SignIn again({*resources.service, identity, sealer, sessions, hasher}, {});
  EXPECT_EQ(again.sign_in(request("maria", password))->wait, seconds(1));
}

TEST_F(SignInTest, ATemporaryPasswordIsGoodForChoosingAnotherAlone) {
  ASSERT_TRUE(sign_in.set_password(caller("admin"), "maria", other_password));
  SignInRequest wanted = request("maria", other_password);
  const auto refused = sign_in.sign_in(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_EQ(refused.error().target, "/new_password");
  wanted.new_password = other_password;
  EXPECT_EQ(refusal(wanted), ErrorCode::invalid);  // the same one
  wanted.new_password = "short";
  EXPECT_EQ(refusal(wanted), ErrorCode::invalid);
  wanted.new_password = password;
  EXPECT_FALSE(sign_in.sign_in(wanted)->token.empty());
  EXPECT_EQ(refusal(request("maria", other_password)), ErrorCode::unauthenticated);
  EXPECT_FALSE(sign_in.sign_in(request("maria", password))->token.empty());
}

TEST_F(SignInTest, AChangeEndsWhatThePasswordHadOpened) {
  const auto token = sign_in.sign_in(request("maria", password));
  SignInRequest wanted = request("maria", password);
  wanted.wants = Wants::session;
  ASSERT_TRUE(sign_in.sign_in(wanted));
  const auto personal = write([&](sql::Session& s) {
    return identity.mint_in(s, {.principal = "maria", .purpose = "ci", .only_workspace = {}, .expires_at = {}});
  });
  const OwnChange wrong{caller("maria"), "192.0.2.7", "not the password"};
  EXPECT_EQ(sign_in.change_password(wrong, other_password).error().code, ErrorCode::denied);
  EXPECT_TRUE(identity.authenticate(token->token));
  ASSERT_TRUE(sign_in.change_password({caller("maria"), "192.0.2.7", password}, other_password));
  EXPECT_FALSE(identity.authenticate(token->token));
  EXPECT_TRUE(sessions.list("maria")->empty());
  EXPECT_TRUE(identity.authenticate(personal->secret));
  EXPECT_EQ(refusal(request("maria", password)), ErrorCode::unauthenticated);
}

TEST_F(SignInTest, AStolenTokenCannotGuessThePassword) {
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(sign_in.change_password({caller("maria"), "192.0.2.9", "guess"}, other_password));
  EXPECT_EQ(*sign_in.change_password({caller("maria"), "192.0.2.9", password}, other_password), seconds(1));
}

TEST_F(SignInTest, CodesAreGoodOnceAndRecoveryCodesToo) {
  const auto secret = secret_of_codes();
  EXPECT_FALSE(sign_in.sign_in(request("maria", password))->token.empty());  // pending asks for nothing yet
  EXPECT_EQ(sign_in.confirm_codes(caller("maria"), "000000").error().code, ErrorCode::invalid);
  const auto recovery = sign_in.confirm_codes(caller("maria"), code_now(secret, -1));
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->size(), 10U);
  SignInRequest wanted = request("maria", password);
  EXPECT_EQ(refusal(wanted), ErrorCode::unauthenticated);
  wanted.code = code_now(secret, -1);
  EXPECT_EQ(refusal(wanted), ErrorCode::unauthenticated);  // the one that confirmed
  wanted.code = code_now(secret);
  EXPECT_FALSE(sign_in.sign_in(wanted)->token.empty());
  EXPECT_EQ(refusal(wanted), ErrorCode::unauthenticated);
  wanted.code = recovery->front();
  EXPECT_FALSE(sign_in.sign_in(wanted)->token.empty());
  EXPECT_EQ(refusal(wanted), ErrorCode::unauthenticated);
  EXPECT_EQ(sign_in.begin_codes(caller("maria")).error().code, ErrorCode::conflict);
  EXPECT_EQ(sign_in.remove_own_codes({caller("maria"), "192.0.2.7", "000000"}).error().code, ErrorCode::denied);
  ASSERT_TRUE(sign_in.remove_own_codes({caller("maria"), "192.0.2.7", (*recovery)[1]}));
  EXPECT_FALSE(sign_in.sign_in(request("maria", password))->token.empty());
}

TEST_F(SignInTest, ACodeIsStillGoodAfterATemporaryPasswordAskedForANewOne) {
  const auto secret = secret_of_codes();
  ASSERT_TRUE(sign_in.confirm_codes(caller("maria"), code_now(secret, -1)));
  ASSERT_TRUE(sign_in.set_password(caller("admin"), "maria", other_password));
  SignInRequest wanted = request("maria", other_password);
  wanted.code = "000000";
  EXPECT_EQ(refusal(wanted), ErrorCode::unauthenticated);
  wanted.code = code_now(secret);
  EXPECT_EQ(refusal(wanted), ErrorCode::denied);
  wanted.new_password = password;
  EXPECT_FALSE(sign_in.sign_in(wanted)->token.empty());
}

TEST_F(SignInTest, HashesOfALowerCostAreMadeAnewOnTheWay) {
  PasswordHasher dearer({.operations = crypto_pwhash_OPSLIMIT_MIN + 1, .memory = crypto_pwhash_MEMLIMIT_MIN});
  SignIn later({*resources.service, identity, sealer, sessions, dearer}, {});
  const auto hash = [&] {
    return resources.database->read([&](sql::Session& s) { return later.passwords().find_in(s, "maria"); });
  };
  EXPECT_TRUE(dearer.is_outdated((**hash()).hash));
  ASSERT_TRUE(later.sign_in(request("maria", password)));
  EXPECT_FALSE(dearer.is_outdated((**hash()).hash));
  EXPECT_TRUE(later.sign_in(request("maria", password)));
}

TEST_F(SignInTest, NothingOutlivesTheUser) {
  const auto secret = secret_of_codes();
  ASSERT_TRUE(sign_in.confirm_codes(caller("maria"), code_now(secret)));
  ASSERT_TRUE(write([&](sql::Session& s) { return identity.delete_user_in(s, "maria"); }));
  for (const char* table : {"passwords", "one_time_codes", "recovery_codes", "sessions"}) {
    const auto rows =
        resources.database->read([&](sql::Session& s) { return s.query(std::string("SELECT * FROM ") + table); });
    EXPECT_TRUE(rows->empty()) << table;
  }
  EXPECT_EQ(refusal(request("maria", password)), ErrorCode::unauthenticated);
  EXPECT_EQ(sign_in.set_password(caller("admin"), "maria", other_password).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ciclo::administration
