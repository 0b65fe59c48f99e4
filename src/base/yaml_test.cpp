#include "base/yaml.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json_schema.hpp"

namespace ciclo {
namespace {

Json value_of(std::string_view text) {
  auto document = parse_yaml(text, "f.yml");
  EXPECT_TRUE(document) << text << "\n" << (document ? "" : document.error().text());
  return document ? document->value : Json();
}

Json json(std::string_view text) {
  return parse_json(text).value();
}

struct Case {
  std::string_view yaml;
  std::string_view json;
};

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
  const std::vector<Case> cases = {
      {"", "null"},
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"NULL", "null"},
      {"nUll", "\"nUll\""},
      {"true", "true"},
      {"True", "true"},
      {"FALSE", "false"},
      {"tRue", "\"tRue\""},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"Off", "\"Off\""},
      {"y", "\"y\""},
      {"0", "0"},
      {"-19", "-19"},
      {"+12", "12"},
      {"012", "12"},
      {"0x1F", "31"},
      {"0o17", "15"},
      {"0b11", "\"0b11\""},
      {"0x", "\"0x\""},
      {"0o8", "\"0o8\""},
      {"1_000", "\"1_000\""},
      {"12e03", "12000.0"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"5.", "5.0"},
      {"-2.5e-3", "-0.0025"},
      {"+.5", "0.5"},
      {"1e5", "100000.0"},
      {".", "\".\""},
      {"-", "[null]"},
      {"+", "\"+\""},
      {"1.2.3", "\"1.2.3\""},
      {"e5", "\"e5\""},
      {"1e", "\"1e\""},
      {"2026-01-31", "\"2026-01-31\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808.0"},
      {"0xFFFFFFFFFFFFFFFFF", "2.9514790517935283e+20"},
      {"1e-999", "0.0"},
      {"'1.10'", "\"1.10\""},
      {"\"true\"", "\"true\""},
      {"''", "\"\""},
      {"'null'", "\"null\""},
      {"!!str 12", "\"12\""},
      {"! 12", "\"12\""},
      {"!!int 12", "12"},
      {"!!float 1", "1.0"},
      {"!!int '7'", "7"},
      {"a b  c", "\"a b  c\""},
      {"python train.py --lr 0.1", "\"python train.py --lr 0.1\""},
      {"${{inputs.x}}", "\"${{inputs.x}}\""},
      {"azureml:model@latest", "\"azureml:model@latest\""},
  };
  for (const Case& one : cases) {
    const Json wanted = json(one.json);
    const Json found = value_of(one.yaml);
    EXPECT_EQ(found, wanted) << one.yaml << " gave " << found;
    EXPECT_EQ(found.is_number_float(), wanted.is_number_float()) << one.yaml;
  }
}

TEST(Yaml, ReadsMapsListsAndBlocks) {
  const std::vector<Case> cases = {
      {"b: 1\na: 2\n", R"({"b":1,"a":2})"},
      {"a:\n- 1\n- x: 2\n  y: 3\n", R"({"a":[1,{"x":2,"y":3}]})"},
      {"a: {b: [1, 'c'], d: }\n", R"({"a":{"b":[1,"c"],"d":null}})"},
      {"a: |\n  one\n  two\nb: >-\n  one\n  two\n", R"({"a":"one\ntwo\n","b":"one two"})"},
      {"a: # nothing\nb: x # comment\n", R"({"a":null,"b":"x"})"},
      {"1: a\ntrue: b\nnull: c\n~: d\n", R"({"1":"a","true":"b","null":"c","~":"d"})"},
      {"[]", "[]"},
      {"{}", "{}"},
      {"- - 1\n  - 2\n- []\n", "[[1,2],[]]"},
      {"%YAML 1.2\n---\na: 1\n...\n", R"({"a":1})"},
      {"---\n", "null"},
      {"# only a comment\n", "null"},
      {"\xEF\xBB\xBF"
       "a: é\n",
       R"({"a":"é"})"},
      {"a: 1\r\nb: 2\r\n", R"({"a":1,"b":2})"},
      {"a: 1\n---\n", R"({"a":1})"},
      {"? a\n: 1\n", R"({"a":1})"},
      {"a: |+\n  x\n\n", R"({"a":"x\n\n"})"},
      {"a: 1\n...\n", R"({"a":1})"},
      {"a: \"\\N\\_\\L\\x41\\u00e9\"", R"({"a":"\u0085\u00a0\u2028Aé"})"},
  };
  for (const Case& one : cases) EXPECT_EQ(value_of(one.yaml), json(one.json)) << one.yaml;
}

TEST(Yaml, ExpandsAliasesAndMergeKeys) {
  const std::vector<Case> cases = {
      {"a: &x {k: 1}\nb: *x\n", R"({"a":{"k":1},"b":{"k":1}})"},
      {"a: &x 5\nb: [*x, *x]\n", R"({"a":5,"b":[5,5]})"},
      {"base: &b {x: 1, y: 2}\nn:\n  z: 0\n  <<: *b\n  y: 3\n", R"({"base":{"x":1,"y":2},"n":{"x":1,"z":0,"y":3}})"},
      {"n:\n  <<: [{x: 1}, {x: 2, y: 2}]\n", R"({"n":{"x":1,"y":2}})"},
      {"n: {'<<': 1}\n", R"({"n":{"<<":1}})"},
      {"a: &x 1\nb: &x 2\nc: *x\n", R"({"a":1,"b":2,"c":2})"},
  };
  for (const Case& one : cases) EXPECT_EQ(value_of(one.yaml), json(one.json)) << one.yaml;
}

struct Wrong {
  std::string_view yaml;
  std::string_view target;
  std::string_view message;
};

TEST(Yaml, ErrorsNameThePlaceAndWhatWasExpected) {
  const std::vector<Wrong> cases = {
      {"a: 1\nb: 2\na: 3\n", "f.yml:3:1", "the key 'a' is given twice: in line 1 and in line 3"},
      {"j:\n  t: 1\n  t: 2\n", "f.yml:3:3", "given twice: in line 2 and in line 3"},
      {"a: 1\n---\nb: 2\n", "f.yml:2:1", "a second document begins here"},
      {"a: [1, 2\n", "f.yml", "expected ',' or ']'"},
      {"a: {b: 1\n", "f.yml", "expected ',' or '}'"},
      {"[1, 2\n", "f.yml", "expected ',' or ']'"},
      {"{\"a\": [1], \"b\": 2", "f.yml", "expected ',' or '}'"},
      {"a: [1}\n", "f.yml:1:6", "closes something else"},
      {"a:\n\t- x\n", "f.yml:2:2", "a tab is used for indentation"},
      {"a: \"b\" c\n", "f.yml:1:8", "does not fit"},
      {"a: 'x\n", "f.yml", "the quote is never closed"},
      {"a: \"x  ", "f.yml", "the quote is never closed"},
      {"a: 'x", "f.yml", "the quote is never closed"},
      {"a: b: c\n", "f.yml:1:5", "a value is not expected here"},
      {"a: 1\n  b: 2\n", "f.yml:2:4", "a value is not expected here"},
      {"a:\n  b: 1\n c: 2\n", "f.yml:3:2", "the indentation does not fit"},
      {"a:\n- 1\n  b: 2\n", "f.yml:3:4", "a value is not expected here"},
      {"a: @x\n", "f.yml:1:4", "cannot begin a value"},
      {"a: \"\\q\"\n", "f.yml", "unknown escape"},
      {"a: *nope\n", "f.yml:1:4", "no anchor of this name"},
      {"a: &x [*x]\n", "f.yml:1:8", "inside the value that its anchor names"},
      {"[1, 2]: x\n", "f.yml:1:1", "a key must be plain text; a list was found"},
      {"? {a: 1}\n: x\n", "f.yml:1:3", "a key must be plain text; a map was found"},
      {"a: &x b\n*x : 1\n", "f.yml:2:1", "a key must be plain text; an alias was found"},
      {": 1\n", "f.yml:1:1", "a key is missing"},
      {"a: !custom 1\n", "f.yml:1:4", "tag '!custom' is not supported"},
      {"a: !x {}\n", "f.yml:1:4", "tag '!x' is not supported"},
      {"a: !!int x\n", "f.yml:1:4", "not of the type that its tag"},
      {"a: .inf\n", "f.yml:1:4", "not a finite number"},
      {"é: .nan\n", "f.yml:1:4", "not a finite number"},
      {"a: 1e999\n", "f.yml:1:4", "not a finite number"},
      {"n:\n  <<: 1\n", "f.yml:2:3", "'<<' takes a map"},
      {"a: b\x01\n", "f.yml:1:5", "control character"},
      {"é: \xFF\n", "f.yml:1:4", "not UTF-8"},
  };
  for (const Wrong& one : cases) {
    const auto document = parse_yaml(one.yaml, "f.yml");
    ASSERT_FALSE(document) << one.yaml;
    const Error& error = document.error();
    EXPECT_EQ(error.code, ErrorCode::invalid) << one.yaml;
    EXPECT_TRUE(error.target.starts_with(one.target)) << one.yaml << " " << error.text();
    EXPECT_NE(error.message.find(one.message), std::string::npos) << one.yaml << " " << error.text();
  }
}

TEST(Yaml, LimitsHold) {
  const auto code_of = [](std::string_view text, const YamlLimits& limits) {
    const auto document = parse_yaml(text, "f.yml", limits);
    return document ? std::string("taken") : std::string(name_of(document.error().code));
  };
  EXPECT_EQ(code_of("a: 1234567890", {.max_bytes = 10}), "too_large");
  EXPECT_EQ(code_of(std::string(64, '[') + std::string(64, ']'), {}), "taken");
  EXPECT_EQ(code_of(std::string(65, '[') + std::string(65, ']'), {}), "too_large");
  EXPECT_NE(code_of(std::string(100'000, '['), {}), "taken");
  EXPECT_EQ(code_of("[1, 2, 3]", {.max_nodes = 3}), "too_large");
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i)
    laughs += fmt::format("a{}: &a{} [*a{}, *a{}, *a{}, *a{}, *a{}]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1);
  EXPECT_EQ(code_of(laughs, {}), "too_large");
  std::string text_laughs = "a: &a '" + std::string(100'000, 'x') + "'\nb: [";
  for (int i = 0; i < 1000; ++i) text_laughs += "*a,";
  EXPECT_EQ(code_of(text_laughs + "]", {}), "too_large");
}

TEST(Yaml, LargeMapsTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += fmt::format("key_{}: {}\n", i, i);
  const Json value = value_of(text);
  EXPECT_EQ(value.size(), 50'000U);
  EXPECT_FALSE(parse_yaml(text + "key_49: 1\n", "f.yml"));
}

TEST(Yaml, KnowsWhereEveryKeyAndValueStands) {
  const auto document = parse_yaml(
      "name: train\n"
      "jobs:\n"
      "  é/ü: {a: 1, bb: [x, ~]}\n"
      "  base: &b\n"
      "    lr: 0.1\n"
      "  copy: *b\n"
      "  more:\n"
      "    <<: *b\n"
      "    empty:\n"
      "tags:\n",
      "f.yml");
  ASSERT_TRUE(document) << document.error().text();
  struct Place {
    std::string_view pointer;
    std::optional<SourcePosition> key;
    SourcePosition value;
  };
  const std::vector<Place> places = {
      {"", std::nullopt, {1, 1}},
      {"/name", SourcePosition{1, 1}, {1, 7}},
      {"/jobs", SourcePosition{2, 1}, {3, 3}},
      {"/jobs/é~1ü", SourcePosition{3, 3}, {3, 8}},
      {"/jobs/é~1ü/a", SourcePosition{3, 9}, {3, 12}},
      {"/jobs/é~1ü/bb/0", std::nullopt, {3, 20}},
      {"/jobs/é~1ü/bb/1", std::nullopt, {3, 23}},
      {"/jobs/base/lr", SourcePosition{5, 5}, {5, 9}},
      {"/jobs/copy", SourcePosition{6, 3}, {6, 9}},
      {"/jobs/copy/lr", SourcePosition{5, 5}, {5, 9}},
      {"/jobs/more/lr", SourcePosition{5, 5}, {5, 9}},
      {"/jobs/more/empty", SourcePosition{9, 5}, {9, 5}},
      {"/tags", SourcePosition{10, 1}, {10, 1}},
  };
  for (const Place& place : places) {
    const SourceNode* node = document->find(place.pointer);
    ASSERT_NE(node, nullptr) << place.pointer;
    EXPECT_EQ(node->key, place.key) << place.pointer;
    EXPECT_EQ(node->value, place.value) << place.pointer << " " << node->value.line << ":" << node->value.column;
  }
  for (const std::string_view missing : {"/x", "/name/x", "/jobs/é~1ü/bb/2", "/jobs/é~1ü/bb/-1", "name"})
    EXPECT_EQ(document->find(missing), nullptr) << missing;
  EXPECT_EQ(document->find_nearest("/jobs/base/x/y").key, (SourcePosition{4, 3}));
}

TEST(Yaml, LocatePointsAtTheKeyThatIsUnknownAndAtTheObjectThatLacksOne) {
  const auto document = parse_yaml("type: command\njobs:\n  train:\n    comand: x\n    n: y\n", "f.yml").value();
  const JsonSchema schema = JsonSchema::compile(json(R"({
    "properties": {"type": true, "jobs": {"additionalProperties": {
      "properties": {"command": {"type": "string"}, "n": {"type": "number"}, "compute": {}},
      "required": ["compute"], "additionalProperties": false}}}})"))
                                .value();
  const auto checked = schema.validate(document.value);
  ASSERT_FALSE(checked);
  const Error error = locate(checked.error(), document, "dir/f.yml");
  EXPECT_EQ(error.target, "dir/f.yml:4:5");
  EXPECT_EQ(error.message, "unknown key 'comand'");
  ASSERT_EQ(error.details.size(), 2U);
  EXPECT_EQ(error.details[0].target, "dir/f.yml:5:8");
  EXPECT_EQ(error.details[1].target, "dir/f.yml:3:3");
  EXPECT_EQ(error.details[1].message, "the key 'compute' is missing");
  const Error other{ErrorCode::not_found, "no", "models/x:1", "", {}};
  EXPECT_EQ(locate(other, document, "f.yml").target, "models/x:1");
}

TEST(Yaml, WritesWhatItReadsBack) {
  const std::vector<Case> cases = {
      {"null\n", "null"},
      {"[]\n", "[]"},
      {"{}\n", "{}"},
      {"text\n", "\"text\""},
      {"'true'\n", "\"true\""},
      {"1.0\n", "1.0"},
      {"b: 1\na:\n- x\n- x: 2\n  z: []\n- - 1\n  - 2\nc:\n  d: null\n",
       R"({"b":1,"a":["x",{"x":2,"z":[]},[1,2]],"c":{"d":null}})"},
      {"- 'yes'\n- 'No'\n- 'null'\n- '1.10'\n- '2026-01-31'\n- '1_000'\n- ''\n- '- x'\n- 'a: b'\n- 'a #b'\n- a#b\n- "
       "'a:'\n- it's\n- '''q'\n",
       R"(["yes","No","null","1.10","2026-01-31","1_000","","- x","a: b","a #b","a#b","a:","it's","'q"])"},
      {"a: |-\n  one\n  two\nb: |\n  one\n\n    two\nc: |+\n  x\n\n",
       R"({"a":"one\ntwo","b":"one\n\n  two\n","c":"x\n\n"})"},
      {"a: \"tab\\t\\u0001\\\"\\\\\"\n", R"({"a":"tab\t\u0001\"\\"})"},
      {"a: \" x\\n y\"\n", R"({"a":" x\n y"})"},
      {"command: python train.py --x ${{inputs.x}}\n", R"({"command":"python train.py --x ${{inputs.x}}"})"},
      {"'1': é ✓\n'a b:': 0\n", R"({"1":"é ✓","a b:":0})"},
  };
  for (const Case& one : cases) {
    std::string written = write_yaml(json(one.json));
    if (written == "a: \" x\\n y\"\n" || one.yaml.find("\\n y") == std::string_view::npos) {
      EXPECT_EQ(written, one.yaml) << one.json;
    }
    EXPECT_EQ(value_of(written), json(one.json)) << written;
  }
  const Json broken = std::string("a\xFF");
  EXPECT_EQ(value_of(write_yaml(broken)), Json("a\xEF\xBF\xBD"));
}

}  // namespace
}  // namespace ciclo
