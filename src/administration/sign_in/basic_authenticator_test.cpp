#include "administration/sign_in/basic_authenticator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "administration/sign_in/one_time_code.hpp"
#include "administration/sign_in/test_sign_in.hpp"

namespace ciclo::administration {
namespace {

constexpr const char* password = "correct horse battery";

std::string base64(const std::string& text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

class BasicTest : public ::testing::Test {
 protected:
  BasicTest() { world_.add_user("ana", password); }

  static http::Request request(const std::string& name, const std::string& secret) {
    http::Request out;
    out.remote_address = "192.0.2.7";
    out.headers.set("authorization", "Basic " + base64(name + ":" + secret));
    return out;
  }
  // The principal, or the error's code.
  std::string ask(const std::string& name, const std::string& secret) {
    const auto caller = basic_.authenticate(request(name, secret));
    if (!caller) return std::string(name_of(caller.error().code));
    return *caller ? (*caller)->principal : "nothing";
  }
  // How many sign-ins were looked at: each leaves one event.
  std::size_t sign_ins() {
    const auto rows = world_.write([](sql::Session& session) {
      return session.query("SELECT type FROM events WHERE type LIKE 'ciclo.sign-in.%'");
    });
    return rows ? rows->size() : 0;
  }

  TestSignIn world_;
  BasicAuthenticator basic_{world_.sign_in};
};

TEST_F(BasicTest, APasswordIsCheckedOnceAndRememberedForAWhile) {
  EXPECT_EQ(ask("ana", password), "ana");
  EXPECT_EQ(ask("ana", password), "ana");
  EXPECT_EQ(sign_ins(), 1U);
  world_.resources.clock.advance(std::chrono::minutes(5));
  EXPECT_EQ(ask("ana", password), "ana");
  EXPECT_EQ(sign_ins(), 2U);
  EXPECT_EQ(ask("rui", password), "unauthenticated");
  EXPECT_EQ(ask("ana", "wrong horse battery"), "unauthenticated");
  // "an" with a password that begins with what is left of the name is somebody else.
  EXPECT_EQ(ask("an", std::string("a:") + password), "unauthenticated");
}

TEST_F(BasicTest, WhatIsOfAnotherSortIsLeftToOthers) {
  EXPECT_EQ(ask("ana", "ciclo_0123456789"), "nothing");
  http::Request bearer;
  bearer.headers.set("authorization", "Bearer abc");
  EXPECT_FALSE(basic_.authenticate(bearer)->has_value());
  EXPECT_FALSE(basic_.authenticate(http::Request())->has_value());
  http::Request malformed;
  malformed.headers.set("authorization", "Basic ???");
  EXPECT_EQ(basic_.authenticate(malformed).error().code, ErrorCode::unauthenticated);
}

TEST_F(BasicTest, AChangeEndsWhatIsRemembered) {
  ASSERT_EQ(ask("ana", password), "ana");
  ASSERT_TRUE(world_.sign_in.set_password(TestSignIn::caller("ana"), "ana", "another good one"));
  EXPECT_EQ(ask("ana", password), "unauthenticated");
  ASSERT_EQ(ask("ana", "another good one"), "ana");
  const auto count = sign_ins();
  // What changed for others costs a look, not a sign-in.
  world_.add_user("eva", "yet another good one");
  EXPECT_EQ(ask("ana", "another good one"), "ana");
  EXPECT_EQ(sign_ins(), count);
  const auto disable = [&](bool disabled) {
    ASSERT_TRUE(world_.write([&](sql::Session& s) { return world_.identity.set_disabled_in(s, "ana", disabled); }));
  };
  disable(true);
  EXPECT_EQ(ask("ana", "another good one"), "unauthenticated");
  disable(false);
  EXPECT_EQ(ask("ana", "another good one"), "ana");
  ASSERT_TRUE(world_.write([&](sql::Session& s) { return world_.identity.delete_user_in(s, "ana"); }));
  EXPECT_EQ(ask("ana", "another good one"), "unauthenticated");
}

TEST_F(BasicTest, TemporaryPasswordsAndSecondFactorsAreRefused) {
  ASSERT_EQ(ask("ana", password), "ana");
  const auto enrolment = world_.sign_in.begin_codes(TestSignIn::caller("ana"));
  ASSERT_TRUE(enrolment);
  EXPECT_EQ(ask("ana", password), "ana");  // pending: not yet a second factor
  const auto secret = from_base32(enrolment->secret);
  ASSERT_TRUE(secret);
  const std::string code = code_at(*secret, step_of(world_.resources.clock.now()));
  ASSERT_TRUE(world_.sign_in.confirm_codes(TestSignIn::caller("ana"), code));
  EXPECT_EQ(ask("ana", password), "unauthenticated");
  ASSERT_TRUE(world_.sign_in.set_password(TestSignIn::caller("root"), "ana", "a temporary one"));
  EXPECT_NE(ask("ana", "a temporary one"), "ana");
}

TEST_F(BasicTest, GuessingIsSlowedDown) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask("ana", "guess " + std::to_string(i)), "unauthenticated");
  EXPECT_EQ(ask("ana", "guess 6"), "quota");
  EXPECT_EQ(ask("ana", password), "quota");
}

TEST_F(BasicTest, RequestsAtOnceWaitForOneCheck) {
  std::vector<std::jthread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) clients.emplace_back([&] { right += ask("ana", password) == "ana" ? 1 : 0; });
  clients.clear();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(sign_ins(), 1U);
}

}  // namespace
}  // namespace ciclo::administration
