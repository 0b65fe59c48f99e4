// The search language: trees, matching, and where its errors point to.
#include <gtest/gtest.h>

#include "inner_loop/tracking/driver.hpp"
#include "inner_loop/tracking/filter.hpp"

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

TEST(Filter, HashesAreStoredAndNeverChange) {
  EXPECT_EQ(value_hash(""), static_cast<std::int64_t>(0xcbf29ce484222325ULL));
  EXPECT_EQ(value_hash("a"), static_cast<std::int64_t>(0xaf63dc4c8601ec8cULL));  // the published FNV-1a value
}

}  // namespace
}  // namespace ciclo::tracking
