#include "administration/sign_in/sessions.hpp"

#include <gtest/gtest.h>

#include "administration/sign_in/session_authenticator.hpp"
#include "administration/sign_in/test_sign_in.hpp"

namespace ciclo::administration {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SessionsTest : public ::testing::Test, public TestSignIn {
 protected:
  SessionsTest() : authenticator(sessions, "") { add_user("maria", "a quiet river"); }

  OpenedSession open() {
    return *write([&](sql::Session& s) { return sessions.start_in(s, "maria", "password"); });
  }
  static http::Request request_of(const OpenedSession& opened, http::Method method = http::Method::get) {
    http::Request request;
    request.method = method;
    request.headers.set("host", "127.0.0.1:1");
    request.headers.set("cookie", opened.cookies.front().substr(0, opened.cookies.front().find(';')));
    return request;
  }
  bool is_good(const OpenedSession& opened) {
    const auto found = sessions.find(request_of(opened).headers);
    return found && found->has_value();
  }
  ErrorCode refusal(const http::Request& request) {
    const auto caller = authenticator.authenticate(request);
    return caller ? ErrorCode::internal : caller.error().code;
  }

  SessionAuthenticator authenticator;
};

TEST_F(SessionsTest, EndEightHoursAfterTheLastUseAndADayAfterTheStart) {
  const auto opened = open();
  for (int hour = 0; hour < 21; hour += 7) {
    EXPECT_TRUE(is_good(opened)) << hour;
    resources.clock.advance(hours(7));
  }
  EXPECT_TRUE(is_good(opened));
  resources.clock.advance(hours(3));
  EXPECT_FALSE(is_good(opened));
  const auto idle = open();
  resources.clock.advance(hours(8));
  EXPECT_FALSE(is_good(idle));
}

TEST_F(SessionsTest, WriteTheirUseDownOnceAMinute) {
  const auto opened = open();
  const auto last_used = [&] { return sessions.list("maria")->front().last_used_at; };
  resources.clock.advance(seconds(59));
  EXPECT_TRUE(is_good(opened));
  EXPECT_EQ(last_used(), opened.info.created_at);
  resources.clock.advance(seconds(1));
  EXPECT_TRUE(is_good(opened));
  EXPECT_EQ(last_used(), opened.info.created_at + minutes(1));
}

TEST_F(SessionsTest, OneTooManyEndsTheOneUsedLeastRecently) {
  const auto first = open();
  resources.clock.advance(minutes(2));
  std::vector<OpenedSession> more;
  for (int i = 0; i < 19; ++i) more.push_back(open());
  EXPECT_TRUE(is_good(first));
  resources.clock.advance(minutes(2));
  EXPECT_TRUE(is_good(more[0]));
  EXPECT_TRUE(is_good(first));
  open();
  EXPECT_TRUE(is_good(first));
  EXPECT_TRUE(is_good(more[0]));
  EXPECT_EQ(sessions.list("maria")->size(), 20U);
}

TEST_F(SessionsTest, EndByIdAllAtOnceAndWithTheUser) {
  const auto first = open();
  const auto second = open();
  const auto end = [&](const std::string& who) {
    return write([&](sql::Session& s) { return sessions.end_in(s, who, first.info.id); });
  };
  EXPECT_EQ(end("rita").error().code, ErrorCode::not_found);
  EXPECT_TRUE(is_good(first));
  ASSERT_TRUE(end("maria"));
  EXPECT_FALSE(is_good(first));
  EXPECT_TRUE(is_good(second));
  ASSERT_TRUE(write([&](sql::Session& s) { return sessions.close_in(s, request_of(second).headers); }));
  EXPECT_FALSE(is_good(second));
  const auto third = open();
  ASSERT_TRUE(write([&](sql::Session& s) { return identity.delete_user_in(s, "maria"); }));
  EXPECT_FALSE(is_good(third));
}

TEST_F(SessionsTest, OnlyAHashIsStored) {
  const auto opened = open();
  const std::string cookie = opened.cookies.front();
  const std::string secret = cookie.substr(cookie.find('=') + 1, 64);
  const auto rows = resources.database->read([](sql::Session& s) { return s.query("SELECT * FROM sessions"); });
  ASSERT_EQ(rows->size(), 1U);
  for (std::size_t column = 0; column < 4; ++column) EXPECT_NE(rows->front().text(column), secret);
  EXPECT_NE(opened.csrf_token, secret);
}

TEST_F(SessionsTest, AChangeNeedsTheTokenAgainstForeignPages) {
  const auto opened = open();
  EXPECT_EQ((*authenticator.authenticate(request_of(opened)))->principal, "maria");
  for (const auto method : {http::Method::post, http::Method::put, http::Method::patch, http::Method::del}) {
    auto request = request_of(opened, method);
    EXPECT_EQ(refusal(request), ErrorCode::denied);
    request.headers.set(csrf_header, open().csrf_token);
    EXPECT_EQ(refusal(request), ErrorCode::denied);
    request.headers.set(csrf_header, opened.csrf_token);
    EXPECT_TRUE(*authenticator.authenticate(request));
    request.headers.set("origin", "https://evil.example");
    EXPECT_EQ(refusal(request), ErrorCode::denied);
    request.headers.set("origin", "http://127.0.0.1:1");
    EXPECT_TRUE(*authenticator.authenticate(request));
  }
}

TEST_F(SessionsTest, OtherCredentialsComeFirstAndBadCookiesAreRefused) {
  const auto opened = open();
  auto request = request_of(opened);
  request.headers.set("authorization", "Bearer x");
  EXPECT_FALSE(authenticator.authenticate(request)->has_value());
  EXPECT_FALSE(authenticator.authenticate({})->has_value());
  for (const std::string& value : {std::string(), std::string(64, 'a'), std::string(100'000, 'a')}) {
    http::Request bad;
    bad.headers.set("cookie", "ciclo_session=" + value);
    EXPECT_EQ(refusal(bad), ErrorCode::unauthenticated);
  }
}

TEST(SecureSessions, HaveACookieThatOnlyThisHostCanSet) {
  TestSignIn parts;
  parts.add_user("maria", "a quiet river");
  Sessions::Settings settings;
  settings.is_secure = true;
  Sessions sessions(*parts.resources.database, parts.resources.clock, settings);
  const auto cookies = parts.write([&](sql::Session& s) { return sessions.open_in(s, "maria", "single sign-on"); });
  ASSERT_EQ(cookies->size(), 1U);
  EXPECT_TRUE(cookies->front().starts_with("__Host-ciclo_session="));
  EXPECT_TRUE(cookies->front().ends_with("; Secure"));
}

}  // namespace
}  // namespace ciclo::administration
