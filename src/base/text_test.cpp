#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace ciclo {
namespace {

using Texts = std::vector<std::string>;

TEST(Text, SplitsAndJoins) {
  EXPECT_EQ(split("a,b,,c", ','), (Texts{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), (Texts{""}));
  EXPECT_EQ(split(",", ','), (Texts{"", ""}));
  EXPECT_EQ(join({"a", "b", "b"}, ", "), "a, b, b");
  EXPECT_EQ(join({"a", "a"}, "-"), "a-a");
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({""}, ", "), "");
}

TEST(Text, TrimsAndChangesCase) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(to_lower("AbZ-É"), "abz-É");
  EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("abcabc", "bc", ""), "aa");
  EXPECT_EQ(replace_all("x", "", "y"), "x");
}

TEST(Text, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_int("-12"), -12);
  EXPECT_EQ(parse_int("9223372036854775807"), INT64_MAX);
  for (const std::string_view text : {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808", "a"})
    EXPECT_FALSE(parse_int(text)) << text;
  EXPECT_EQ(parse_double("-1.5e3"), -1500.0);
  for (const std::string_view text : {"", "1.5x", "1,5", "1e999", "+1"}) EXPECT_FALSE(parse_double(text)) << text;
}

TEST(Text, FindsTheNearestWord) {
  const Texts candidates = {"command", "compute", "code", "environment"};
  EXPECT_EQ(nearest("comand", candidates), "command");
  EXPECT_EQ(nearest("CODE", candidates), "code");
  EXPECT_EQ(nearest("ocde", candidates), "code");
  EXPECT_EQ(nearest("enviroment", candidates), "environment");
  EXPECT_FALSE(nearest("xyz", candidates));
  EXPECT_FALSE(nearest("", {"ab", "abc"}));
  EXPECT_FALSE(nearest(std::string(1000, 'a'), {std::string(1000, 'a')}));
}

TEST(Text, ComparesInConstantTime) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Utf8, DecodesWhatRfc3629Allows) {
  struct Case {
    std::string_view bytes;
    std::optional<char32_t> code_point;
  };
  const std::vector<Case> cases = {
      {"a", U'a'},
      {"\xC3\xA9", 0xE9},
      {"\xE2\x9C\x93", 0x2713},
      {"\xF0\x9D\x84\x9E", 0x1D11E},
      {"\xF4\x8F\xBF\xBF", 0x10FFFF},
      {"\xC0\x80", std::nullopt},
      {"\xE0\x80\x80", std::nullopt},
      {"\xED\xA0\x80", std::nullopt},
      {"\xF4\x90\x80\x80", std::nullopt},
      {"\x80", std::nullopt},
      {"\xC3", std::nullopt},
      {"\xC3"
       "a",
       std::nullopt},
      {"\xFF", std::nullopt},
  };
  for (const Case& one : cases) {
    std::string_view rest = one.bytes;
    EXPECT_EQ(take_code_point(rest), one.code_point) << one.bytes;
    EXPECT_EQ(rest.size(), one.code_point ? 0 : one.bytes.size() - 1) << one.bytes;
    EXPECT_EQ(is_utf8(one.bytes), one.code_point.has_value());
    if (!one.code_point) continue;
    std::string encoded;
    append_code_point(encoded, *one.code_point);
    EXPECT_EQ(encoded, one.bytes);
  }
  EXPECT_EQ(count_code_points("aé✓"), 3U);
  EXPECT_EQ(count_code_points("a\xFF\xFE"), 3U);
  EXPECT_EQ(to_utf8("aé\xFF"), "aé\xEF\xBF\xBD");
}

}  // namespace
}  // namespace ciclo
