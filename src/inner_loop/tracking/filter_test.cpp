// The search language: trees, matching, and where its errors point to.
#include <gtest/gtest.h>

#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/run_scope.hpp"

namespace ciclo::tracking {
namespace {

TEST(Filter, AndBindsTighterThanOr) {
  const auto parsed = parse_filter("tags.a = '1' OR tags.b = '2' AND tags.c = '3'");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->kind, Expression::Kind::any);
  ASSERT_EQ(parsed->children.size(), 2U);
  EXPECT_EQ(parsed->children[1].kind, Expression::Kind::all);
}

TEST(Filter, KeysAndQuotes) {
  struct Case {
    std::string text;
    Entity entity;
    std::string key;
    std::string value;
  };
  for (const Case& expected : {Case{"tag.mlflow.source.name = 'x'", Entity::tag, "mlflow.source.name", "x"},
                               Case{"params.`a b` = \"c d\"", Entity::param, "a b", "c d"},
                               Case{"parameters.\"a-b\" = 'it''s'", Entity::param, "a-b", "it's"},
                               Case{"METRICS.loss >= -1e-3", Entity::metric, "loss", "-1e-3"},
                               Case{"run_name like 'a%'", Entity::attribute, "run_name", "a%"},
                               Case{"dataset.name = 'x'", Entity::dataset, "name", "x"}}) {
    const auto parsed = parse_filter(expected.text);
    ASSERT_TRUE(parsed) << expected.text << ": " << parsed.error().text();
    EXPECT_EQ(parsed->comparison.entity, expected.entity) << expected.text;
    EXPECT_EQ(parsed->comparison.key, expected.key) << expected.text;
    EXPECT_EQ(parsed->comparison.values.at(0).text, expected.value) << expected.text;
  }
}

TEST(Filter, LikeTakesWildcardsAndCase) {
  const auto matches = [](const std::string& comparison, std::string_view value) {
    return text_matches(parse_filter("name " + comparison)->comparison, value);
  };
  EXPECT_TRUE(matches("LIKE 'a%c'", "abbbc"));
  EXPECT_FALSE(matches("LIKE 'a%c'", "abbbcd"));
  EXPECT_TRUE(matches("LIKE '%'", ""));
  EXPECT_TRUE(matches("LIKE 'a_c'", "aäc"));
  EXPECT_FALSE(matches("LIKE 'A%'", "abc"));
  EXPECT_TRUE(matches("ILIKE 'A%'", "abc"));
  EXPECT_TRUE(matches("NOT IN ('a', 'b')", "c"));
  EXPECT_TRUE(matches("!= 'a'", "c"));
}

TEST(Filter, LimitsHold) {
  std::string many = "a = 'b'";
  for (int i = 0; i < 200; ++i) many += " AND a = 'b'";
  EXPECT_FALSE(parse_filter(many));
  EXPECT_FALSE(parse_filter(std::string(40, '(') + "a = 'b'" + std::string(40, ')')));
  EXPECT_FALSE(parse_filter(std::string(17U << 10U, ' ') + "a = 'b'"));
  EXPECT_TRUE(parse_filter("  ")->children.empty());
}

TEST(Filter, ErrorsSayWhere) {
  const auto parsed = parse_filter("metrics.a > 1 AND b ~ 2");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("character 21"), std::string::npos) << parsed.error().message;
}

TEST(Filter, HeadsAreStoredAndNeverChange) {
  const auto head = [](const std::string& value) {
    const Head made = head_of(value);
    return std::pair(made.text, made.is_cut);
  };
  EXPECT_EQ(head(""), std::pair(std::string(), false));
  EXPECT_EQ(head(std::string(64, 'a')), std::pair(std::string(64, 'a'), false));
  EXPECT_EQ(head(std::string(65, 'a')), std::pair(std::string(64, 'a'), true));
  std::string letters;
  for (int i = 0; i < 65; ++i) letters += "é";
  EXPECT_EQ(head(letters), std::pair(letters.substr(0, 128), true));
  EXPECT_EQ(head(std::string("a\0b", 3)), std::pair(std::string("a"), true));
}

}  // namespace
}  // namespace ciclo::tracking
