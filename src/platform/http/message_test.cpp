#include "platform/http/message.hpp"

#include <gtest/gtest.h>

namespace ciclo::http {
namespace {

TEST(Headers, FindWithoutCaseAndKeepOrder) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  EXPECT_EQ(headers.find("ACCEPT"), "a");
  EXPECT_EQ(headers.find("accep"), std::nullopt);
  headers.set("aCCept", "c");
  ASSERT_EQ(headers.fields().size(), 1U);
  EXPECT_EQ(headers.find("accept"), "c");
}

TEST(Percent, EncodesAndDecodes) {
  std::string every;
  for (int c = 0; c < 256; ++c) every.push_back(static_cast<char>(c));
  EXPECT_EQ(percent_decode(percent_encode(every)), every);
  EXPECT_EQ(percent_encode("a b/ç~"), "a%20b%2F%C3%A7~");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  for (const char* wrong : {"%", "%4", "%zz", "a%4g", "%%41"}) EXPECT_FALSE(percent_decode(wrong)) << wrong;
}

TEST(Query, ParsesItemsInOrder) {
  const auto query = Query::parse("a=1&b=x%26y+z&a=2&&flag&=empty&c==");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->find("a"), "1");
  EXPECT_EQ(query->all("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query->find("b"), "x&y z");
  EXPECT_EQ(query->find("flag"), "");
  EXPECT_EQ(query->find(""), "empty");
  EXPECT_EQ(query->find("c"), "=");
  EXPECT_EQ(query->find("d"), std::nullopt);
  EXPECT_TRUE(Query::parse("")->items().empty());
}

TEST(Query, RefusesWhatIsMalformedOrTooMuch) {
  EXPECT_FALSE(Query::parse("a=%f"));
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "a&";
  const auto query = Query::parse(many);
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().code, ErrorCode::invalid);
}

TEST(Request, JsonOfTheBody) {
  Request request;
  EXPECT_EQ(*request.json(), Json::object());
  request.body = R"({"a":1})";
  EXPECT_EQ((*request.json())["a"], 1);
  request.body = "{";
  EXPECT_EQ(request.json().error().code, ErrorCode::invalid);
  EXPECT_EQ(request.parameter("missing"), "");
}

TEST(Errors, HaveOneNativeForm) {
  Error error{.code = ErrorCode::not_found,
              .message = "there is no model 'x'",
              .target = "models/x",
              .hint = "the nearest is 'y'",
              .details = {}};
  error.details.push_back({.code = ErrorCode::invalid, .message = "m", .target = "", .hint = "", .details = {}});
  const Response response = error_response(error);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.find("content-type"), "application/json");
  EXPECT_EQ(response.body, R"({"error":{"code":"not_found","message":"there is no model 'x'","target":"models/x",)"
                           R"("hint":"the nearest is 'y'","details":[{"code":"invalid","message":"m"}]}})");
  EXPECT_TRUE(
      error_response({.code = ErrorCode::unauthenticated, .message = "who?", .target = {}, .hint = {}, .details = {}})
          .headers.find("www-authenticate"));
  EXPECT_EQ(status_of(ErrorCode::quota), 429);
  EXPECT_EQ(status_of(ErrorCode::conflict), 409);
}

}  // namespace
}  // namespace ciclo::http
