#include "base/json_schema.hpp"

#include <gtest/gtest.h>

namespace ciclo {
namespace {

Json json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Json();
}

struct Case {
  std::string_view schema;
  std::string_view value;
  std::string_view expected;  // Error::text() without details, or empty when the value is valid
};

std::string outcome(const Case& one) {
  const auto schema = JsonSchema::compile(json(one.schema));
  if (!schema) return "schema: " + schema.error().text();
  auto checked = schema->validate(json(one.value));
  if (checked) return "";
  EXPECT_EQ(checked.error().code, ErrorCode::invalid);
  checked.error().details.clear();
  return checked.error().text();
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(outcome(one), one.expected) << one.schema << "\n" << one.value;
}

TEST(JsonSchema, TypesAndValues) {
  expect_all({
      {"true", "1", ""},
      {"false", "1", "no value is allowed here"},
      {"{}", "[1]", ""},
      {R"({"type":"number"})", "1", ""},
      {R"({"type":"number"})", R"("x")", "expected a number, found a string"},
      {R"({"type":"number"})", R"("1.5")", "expected a number, found a string (remove the quotes)"},
      {R"({"type":"integer"})", "1.0", ""},
      {R"({"type":"integer"})", "1.5", "expected an integer, found a number"},
      {R"({"type":"boolean"})", R"("true")", "expected true or false, found a string (remove the quotes)"},
      {R"({"type":"string"})", "5", "expected a string, found an integer (put the value in quotes)"},
      {R"({"type":"string"})", "true", "expected a string, found true (put the value in quotes)"},
      {R"({"type":"string"})", "null", "expected a string, found nothing (null)"},
      {R"({"type":["string","null","object"]})", "[]", "expected an object, a string or null, found a list"},
      {R"({"type":["string","null"]})", "null", ""},
      {R"({"type":"object","description":"The steps"})", "1", "expected an object, found an integer (The steps)"},
      {R"({"enum":["command","pipeline",3]})", R"("comand")", "'comand' is not valid here (did you mean 'command'?)"},
      {R"({"enum":["a","b",3]})", R"("zzzzzz")", "'zzzzzz' is not valid here (expected one of a, b, 3)"},
      {R"({"enum":["a",1]})", "1.0", ""},
      {R"({"enum":[{"a":1,"b":2}]})", R"({"b":2,"a":1})", ""},
      {R"({"const":"x"})", "4", "4 is not valid here (expected x)"},
      {R"({"const":null})", "null", ""},
  });
}

TEST(JsonSchema, Bounds) {
  expect_all({
      {R"({"minLength":2,"maxLength":3})", R"("éé")", ""},
      {R"({"minLength":1})", R"("")", "expected at least 1 character, found 0"},
      {R"({"maxLength":2})", R"("ééé")", "expected at most 2 characters, found 3"},
      {R"({"pattern":"^[a-z]+$"})", R"("ab")", ""},
      {R"({"pattern":"^[a-z]+$","description":"lower-case letters"})", R"("A")",
       "the text does not match the pattern ^[a-z]+$ (lower-case letters)"},
      {R"({"minimum":1})", "0", "expected at least 1, found 0"},
      {R"({"maximum":9007199254740993})", "9007199254740994",
       "expected at most 9007199254740993, found 9007199254740994"},
      {R"({"exclusiveMinimum":0})", "0.0", "expected more than 0, found 0.0"},
      {R"({"exclusiveMaximum":1})", "1", "expected less than 1, found 1"},
      {R"({"multipleOf":0.1})", "0.3", ""},
      {R"({"multipleOf":2})", "3", "expected a multiple of 2, found 3"},
      {R"({"minItems":1})", "[]", "expected at least 1 item, found 0"},
      {R"({"maxItems":1})", "[1,2]", "expected at most 1 item, found 2"},
      {R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2,"a":1.0}])",
       "/1: the list already has this item (remove one of the two)"},
      {R"({"minProperties":1})", "{}", "expected at least 1 key, found 0"},
      {R"({"maxProperties":1})", R"({"a":1,"b":1})", "expected at most 1 key, found 2"},
  });
}

TEST(JsonSchema, ObjectsAndLists) {
  constexpr std::string_view node =
      R"({"properties":{"command":{"type":"string","description":"what to run"},"compute":{"type":"string"}},"required":["command"],"additionalProperties":false})";
  expect_all({
      {node, R"({"command":"x"})", ""},
      {node, R"({"comand":"x"})", "/comand: unknown key 'comand' (did you mean 'command'?)"},
      {node, R"({"command":"x","zzzzzz":1})", "/zzzzzz: unknown key 'zzzzzz' (allowed keys: command, compute)"},
      {node, "{}", "the key 'command' is missing (command: what to run)"},
      {R"({"additionalProperties":false})", R"({"a":1})", "/a: unknown key 'a' (no keys are allowed here)"},
      {R"({"properties":{"a":{}},"additionalProperties":{"type":"string"}})", R"({"a":1,"b":2})",
       "/b: expected a string, found an integer (put the value in quotes)"},
      {R"({"patternProperties":{"^x_":{"type":"string"}},"additionalProperties":false})", R"({"x_a":1})",
       "/x_a: expected a string, found an integer (put the value in quotes)"},
      {R"({"patternProperties":{"^x_":{}},"additionalProperties":false})", R"({"x_a":1,"y":1})",
       "/y: unknown key 'y' (no keys are allowed here)"},
      {R"({"propertyNames":{"pattern":"^[a-z]+$"}})", R"({"A/b":1})",
       "/A~1b: the text does not match the pattern ^[a-z]+$"},
      {R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})", "the key 'b' is missing"},
      {R"({"items":{"type":"integer"}})", R"([1,2,true])", "/2: expected an integer, found true"},
      {R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["a",1])", "/1: no value is allowed here"},
  });
}

TEST(JsonSchema, CombinationsNameTheLikeliestAlternative) {
  constexpr std::string_view by_type = R"({"oneOf":[
    {"type":"object","properties":{"type":{"const":"command"},"command":{"type":"string"}},"required":["type","command"],"additionalProperties":false},
    {"type":"object","properties":{"type":{"const":"pipeline"},"jobs":{"type":"object"}},"required":["type","jobs"],"additionalProperties":false},
    {"type":"string","pattern":"^azureml:"}]})";
  expect_all({
      {by_type, R"({"type":"command","command":"x"})", ""},
      {by_type, R"("azureml:x")", ""},
      {by_type, R"({"type":"pipeline","jobs":3})", "/jobs: expected an object, found an integer"},
      {by_type, R"({"type":"pipeline","job":{}})", "/job: unknown key 'job' (did you mean 'jobs'?)"},
      {by_type, R"({"type":"pipelin","jobs":{}})", "/type: 'pipelin' is not valid here (did you mean 'pipeline'?)"},
      {by_type, R"({"command":"x"})", "the key 'type' is missing"},
      {by_type, "5", "expected an object or a string, found an integer (put the value in quotes)"},
      {by_type, R"("x")", "the text does not match the pattern ^azureml:"},
      {R"({"anyOf":[{"type":"integer"},{"enum":["auto","all"]}]})", R"("al")",
       "'al' is not valid here (did you mean 'all'?)"},
      {R"({"anyOf":[{"const":"a"},{"const":"b"}]})", R"("zzzz")", "'zzzz' is not valid here (expected one of a, b)"},
      {R"({"oneOf":[{"type":"integer"},{"minimum":2}],"description":"one form"})", "3",
       "several of the forms that exclude each other are given (one form)"},
      {R"({"allOf":[{"type":"integer"},{"minimum":2}]})", "1", "expected at least 2, found 1"},
      {R"({"not":{"required":["a"],"description":"no a"}})", R"({"a":1})", "this value is not allowed here (no a)"},
      {R"({"if":{"properties":{"t":{"const":1}}},"then":{"required":["x"]},"else":{"required":["y"]}})", R"({"t":1})",
       "the key 'x' is missing"},
      {R"({"if":{"properties":{"t":{"const":1}}},"then":{"required":["x"]},"else":{"required":["y"]}})", R"({"t":2})",
       "the key 'y' is missing"},
  });
}

TEST(JsonSchema, ReferencesMayGoRoundDownTheValue) {
  constexpr std::string_view tree =
      R"({"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"object","properties":{"v":{"type":"number"},"next":{"$ref":"#"}}}}})";
  expect_all({
      {tree, R"({"next":{"next":{"v":1}}})", ""},
      {tree, R"({"next":{"next":{"v":"x"}}})", "/next/next/v: expected a number, found a string"},
  });
}

TEST(JsonSchema, TheDeepestFailureComesFirstAndTheOthersFollow) {
  const auto schema =
      JsonSchema::compile(
          json(
              R"({"required":["name"],"properties":{"a":{"type":"object","properties":{"b":{"type":"number"}}},"c":{"type":"string"}}})"))
          .value();
  const auto checked = schema.validate(json(R"({"c":1,"a":{"b":"x"}})"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().target, "/a/b");
  ASSERT_EQ(checked.error().details.size(), 2U);
  EXPECT_EQ(checked.error().details[0].target, "/c");
  EXPECT_EQ(checked.error().details[1].message, "the key 'name' is missing");
  const auto many =
      JsonSchema::compile(json(R"({"items":{"type":"string"}})")).value().validate(Json(std::vector<int>(1000, 1)));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().details.size(), 20U);
}

TEST(JsonSchema, SchemasWithMistakesAreRefused) {
  expect_all({
      {R"({"propertis":{}})", "1", "schema: /propertis: the schema keyword 'propertis' is not supported"},
      {R"({"properties":{"a":{"typ":"x"}}})", "1",
       "schema: /properties/a/typ: the schema keyword 'typ' is not supported"},
      {R"({"type":"text"})", "1",
       "schema: /type: the schema keyword 'type' takes null, boolean, integer, number, string, array or object"},
      {R"({"enum":[]})", "1", "schema: /enum: the schema keyword 'enum' takes a list of values"},
      {R"({"minLength":-1})", "1", "schema: /minLength: the schema keyword 'minLength' takes a whole number from 0"},
      {R"({"required":[1]})", "1", "schema: /required: the schema keyword 'required' takes a list of keys"},
      {R"({"anyOf":[]})", "1", "schema: /anyOf: the schema keyword 'anyOf' takes a list of schemas"},
      {R"({"multipleOf":0})", "1", "schema: /multipleOf: the schema keyword 'multipleOf' takes a number above 0"},
      {R"({"items":5})", "1", "schema: /items: a schema must be an object, true or false"},
      {R"({"$ref":"other.json"})", "1", "schema: /$ref: the reference 'other.json' is not within the schema"},
      {R"({"$ref":"#/$defs/x"})", "1", "schema: /$ref: the reference '#/$defs/x' leads nowhere"},
      {R"({"title":"t","x-order":1,"format":"date","default":1,"examples":[1],"$comment":"c"})", "1", ""},
  });
  const auto circle = JsonSchema::compile(json(R"({"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#"}]}}})"));
  ASSERT_FALSE(circle);
  EXPECT_EQ(circle.error().message, "the schema refers to itself without an end");
  EXPECT_FALSE(JsonSchema::compile(json(R"({"pattern":"("})")));
}

TEST(JsonSchema, CostlyPatternsAndValuesEnd) {
  const auto costly = JsonSchema::compile(json(R"({"pattern":"^(a+)+$"})")).value();
  EXPECT_FALSE(costly.validate(Json(std::string(60, 'a') + "!")));
  EXPECT_FALSE(costly.validate(Json(std::string(100'000, 'a'))));
  const auto wide =
      JsonSchema::compile(
          json(
              R"({"anyOf":[{"properties":{"n":{"$ref":"#"}},"required":["x"]},{"properties":{"n":{"$ref":"#"}},"required":["y"]},{"properties":{"n":{"$ref":"#"}},"required":["z"]}]})"))
          .value();
  Json deep = Json::object();
  for (int i = 0; i < 40; ++i) {
    Json outer = Json::object();
    outer["n"] = std::move(deep);
    deep = std::move(outer);
  }
  const auto checked = wide.validate(deep);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace ciclo
