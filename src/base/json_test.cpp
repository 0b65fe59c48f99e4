#include "base/json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json_builder.hpp"

namespace ciclo {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

TEST(Json, ParsesAndKeepsTheOrder) {
  for (const std::string_view text : {R"({"b":1,"a":[1.5,-2,true,null,"é\n"],"":{}})", "[]", "{}", "0", "\"x\"", "null",
                                      "18446744073709551615", "-9223372036854775808"})
    EXPECT_EQ(to_text(json(text)), text);
  EXPECT_EQ(to_text(json(" [ 1 , 2 ] ")), "[1,2]");
  EXPECT_EQ(to_text(json(R"({"a":1,"b":2,"a":3})")), R"({"a":3,"b":2})");
  EXPECT_EQ(to_pretty_text(json(R"({"a":[1]})")), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(to_text(Json(std::string("a\xFF"))), "\"a\xEF\xBF\xBD\"");
}

TEST(Json, ErrorsNameThePlace) {
  struct Wrong {
    std::string_view text;
    std::string_view message;
  };
  const std::vector<Wrong> cases = {
      {"", "not valid JSON at line 1, column 1: unexpected end of input"},
      {"{\n  \"a\": 1,\n}", "not valid JSON at line 3, column 1: unexpected '}'; expected string literal"},
      {"[1 2]", "not valid JSON at line 1, column 4: unexpected number literal; expected ']'"},
      {"[1] x", "not valid JSON at line 1, column 5: invalid literal"},
      {"{\"secret\": tokn}", "not valid JSON at line 1, column 13: invalid literal"},
      {"[1e999]", "a number is too large"},
      {"'a'", "not valid JSON at line 1, column 1: invalid literal"},
      {"[\"\xFF\"]", "not valid JSON at line 1, column 3"},
      {"nan", "not valid JSON at line 1, column 2"},
  };
  for (const Wrong& one : cases) {
    const auto value = parse_json(one.text);
    ASSERT_FALSE(value) << one.text;
    EXPECT_EQ(value.error().code, ErrorCode::invalid);
    EXPECT_NE(value.error().message.find(one.message), std::string::npos) << value.error().message;
    EXPECT_EQ(value.error().message.find("tokn"), std::string::npos);
  }
}

TEST(Json, LimitsHold) {
  EXPECT_EQ(parse_json("[1,2]", {.max_bytes = 4}).error().code, ErrorCode::too_large);
  EXPECT_TRUE(parse_json("[[1]]", {.max_depth = 2}));
  EXPECT_EQ(parse_json("[[[1]]]", {.max_depth = 2}).error().code, ErrorCode::too_large);
  EXPECT_EQ(parse_json(std::string(1'000'000, '[')).error().code, ErrorCode::too_large);
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\""));
}

TEST(Json, LargeObjectsTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += fmt::format("\"key {}\":{},", i, i);
  text += "\"key 7\":-7}";
  const Json value = json(text);
  ASSERT_EQ(value.size(), 200'000U);
  EXPECT_EQ(value["key 7"], -7);
  EXPECT_EQ(value.begin().key(), "key 0");
}

TEST(Json, BuilderFindsMembersBeforeAndAfterItBuildsItsIndex) {
  JsonObjectBuilder builder;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(builder.find(std::to_string(i)));
    EXPECT_EQ(builder.add(std::to_string(i), i), static_cast<std::size_t>(i));
    EXPECT_EQ(builder.find(std::to_string(i)), static_cast<std::size_t>(i));
    EXPECT_EQ(builder.find("0"), 0U);
  }
  builder.at(5) = "x";
  const Json object = builder.take();
  EXPECT_EQ(object["5"], "x");
  EXPECT_EQ(object["99"], 99);
  EXPECT_EQ(builder.size(), 0U);
  EXPECT_FALSE(builder.find("5"));
}

TEST(Json, MembersAndPointers) {
  const Json value = json(R"({"a":{"b":[1,{"c/d":"x","~":2}]},"t":"text","n":null})");
  EXPECT_EQ(member(value, "t"), "text");
  EXPECT_TRUE(member(value, "x").is_null());
  const Json number(1);
  EXPECT_TRUE(member(number, "x").is_null());
  EXPECT_EQ(at_pointer(value, ""), value);
  EXPECT_EQ(at_pointer(value, "/a/b/0"), 1);
  EXPECT_EQ(at_pointer(value, "/a/b/1/c~1d"), "x");
  EXPECT_EQ(at_pointer(value, "/a/b/1/~0"), 2);
  for (const std::string_view missing :
       {"/x", "/a/b/2", "/a/b/-", "/a/b/01", "/a/b/x", "/t/x", "a", "/a~2", "/a/b/99999999999999999999"})
    EXPECT_TRUE(at_pointer(value, missing).is_null()) << missing;
  EXPECT_EQ(text_or(value, "t"), "text");
  EXPECT_EQ(text_or(value, "n", "other"), "other");
  EXPECT_EQ(text_or(value, "a"), "");
  EXPECT_EQ(escape_pointer_token("a/b~c"), "a~1b~0c");
}

TEST(Json, MergePatchFollowsRfc7386) {
  struct Case {
    std::string_view target, patch, result;
  };
  // The table of the RFC's appendix A.
  const std::vector<Case> cases = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", "{}"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"a":"foo"})", "\"bar\"", "\"bar\""},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const Case& one : cases) {
    Json target = json(one.target);
    merge_patch(target, json(one.patch));
    EXPECT_EQ(to_text(target), one.result) << one.target << " " << one.patch;
  }
}

TEST(Json, ValuesAreEqualByWhatTheyMean) {
  struct Case {
    std::string_view a, b;
    bool equal;
  };
  const std::vector<Case> cases = {
      {"1", "1.0", true},
      {"1", "true", false},
      {"0", "null", false},
      {"-0.0", "0", true},
      {R"({"a":1,"b":[2]})", R"({"b":[2.0],"a":1})", true},
      {R"({"a":1})", R"({"a":1,"b":1})", false},
      {R"({"a":1})", R"({"b":1})", false},
      {"[1,2]", "[2,1]", false},
      {"[1]", "[1,1]", false},
      {"9007199254740993", "9007199254740992", false},
      {"18446744073709551615", "-1", false},
      {"18446744073709551615", "18446744073709551615", true},
      {"\"a\"", "\"a\"", true},
      {"\"1\"", "1", false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(equal_values(json(one.a), json(one.b)), one.equal) << one.a << " " << one.b;
    EXPECT_EQ(equal_values(json(one.b), json(one.a)), one.equal) << one.b << " " << one.a;
    EXPECT_EQ(to_canonical_text(json(one.a)) == to_canonical_text(json(one.b)), one.equal) << one.a << " " << one.b;
  }
  EXPECT_LT(compare_numbers(json("1"), json("1.5")), 0);
  EXPECT_GT(compare_numbers(json("18446744073709551615"), json("-1")), 0);
  EXPECT_LT(compare_numbers(json("9223372036854775807"), json("9223372036854775808")), 0);
}

}  // namespace
}  // namespace ciclo
