#include "base/jmespath.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ciclo {
namespace {

constexpr std::string_view document_text = R"({
  "name": "ciclo", "empty": "", "zero": 0, "yes": true, "no": false, "nothing": null, "none": [], "blank": {},
  "a b": {"c.d": 7},
  "model": {"name": "weather", "version": 3, "tags": {"stage": "prod", "owner": "ana"}},
  "runs": [
    {"id": "r1", "loss": 0.5, "steps": 10, "tags": ["x", "y"], "done": true},
    {"id": "r2", "loss": 0.25, "steps": 30, "tags": ["z"], "done": false},
    {"id": "r3", "steps": 20, "tags": [], "done": true}],
  "grid": [[1, 2], [3, [4, 5]], 6],
  "numbers": [3, -1, 2.5, 10], "words": ["pear", "fig", "äpfel"], "mixed": [1, "a"]
})";

struct Case {
  std::string_view expression;
  std::string_view result;
};

void expect_all(const std::vector<Case>& cases) {
  const Json document = parse_json(document_text).value();
  for (const Case& one : cases) {
    const auto compiled = JmesPath::compile(one.expression);
    ASSERT_TRUE(compiled) << one.expression << " " << compiled.error().text();
    const auto result = compiled->search(document);
    ASSERT_TRUE(result) << one.expression << " " << result.error().text();
    // Text, for the order of members and whether a number is an integer count too.
    EXPECT_EQ(to_text(*result), to_text(parse_json(one.result).value())) << one.expression;
  }
}

TEST(JmesPath, NamesIndexesAndSlices) {
  expect_all({
      {"name", R"("ciclo")"},
      {"\"a b\".\"c.d\"", "7"},
      {"model.tags.stage", R"("prod")"},
      {"missing", "null"},
      {"name.x", "null"},
      {"runs.id", "null"},
      {"runs[0].id", R"("r1")"},
      {"runs[-1].id", R"("r3")"},
      {"runs[3]", "null"},
      {"runs[-4]", "null"},
      {"name[0]", "null"},
      {"grid[1][1][0]", "4"},
      {"@.zero", "0"},
      {"@", document_text},
      {"numbers[1:3]", "[-1,2.5]"},
      {"numbers[:2]", "[3,-1]"},
      {"numbers[-2:]", "[2.5,10]"},
      {"numbers[::2]", "[3,2.5]"},
      {"numbers[::-1]", "[10,2.5,-1,3]"},
      {"numbers[2:0:-1]", "[2.5,-1]"},
      {"numbers[10:]", "[]"},
      {"numbers[-9:9]", "[3,-1,2.5,10]"},
      {"numbers[::999999999999999999]", "[3]"},
      {"numbers[3::-999999999999999999]", "[10]"},
      {"name[:1]", "null"},
      {"runs[:2].id", R"(["r1","r2"])"},
      {" \t\n name \r", R"("ciclo")"},
  });
}

TEST(JmesPath, ProjectionsAndFlatten) {
  expect_all({
      {"runs[*].loss", "[0.5,0.25]"},
      {"runs[].loss", "[0.5,0.25]"},
      {"runs[*].tags[0]", R"(["x","z"])"},
      {"runs[*].tags[]", R"(["x","y","z"])"},
      {"runs[*].tags | [0]", R"(["x","y"])"},
      {"runs[*].tags[*]", R"([["x","y"],["z"],[]])"},
      {"grid[]", "[1,2,3,[4,5],6]"},
      {"grid[][]", "[1,2,3,4,5,6]"},
      {"name[]", "null"},
      {"name[*]", "null"},
      {"none[*].x", "[]"},
      {"model.tags.*", R"(["prod","ana"])"},
      {"model.*.stage", R"(["prod"])"},
      {"*.stage", "[]"},
      {"*.tags.owner", R"(["ana"])"},
      {"runs.*", "null"},
      {"model.* | length(@)", "3"},
      {"runs[*].[id, steps]", R"([["r1",10],["r2",30],["r3",20]])"},
      {"runs[*].{i: id}[1:]", R"([{"i":"r2"},{"i":"r3"}])"},
      {"(runs[*].{i: id, l: loss})[2]", R"({"i":"r3","l":null})"},
  });
}

TEST(JmesPath, FiltersAndComparisons) {
  expect_all({
      {"runs[?done].id", R"(["r1","r3"])"},
      {"runs[?!done].id", R"(["r2"])"},
      {"runs[?loss].id", R"(["r1","r2"])"},
      {"runs[?loss < `0.3`].id", R"(["r2"])"},
      {"runs[?steps >= `20` && done].id | [0]", R"("r3")"},
      {"runs[?id == 'r1' || id == `\"r2\"`].steps", "[10,30]"},
      {"runs[?tags[0] == 'z'] | [0].id", R"("r2")"},
      {"runs[?contains(tags, 'y')].id", R"(["r1"])"},
      {"runs[?id > 'r1'].id", R"(["r2","r3"])"},
      {"runs[?id == dev]", "[]"},
      {"name[?x]", "null"},
      {"zero == `0.0`", "true"},
      {"zero != `0`", "false"},
      {"zero < name", "null"},
      {"yes == `1`", "false"},
      {"model == `{\"version\":3.0,\"tags\":{\"owner\":\"ana\",\"stage\":\"prod\"},\"name\":\"weather\"}`", "true"},
      {"words[?@ >= 'pear']", R"(["pear","äpfel"])"},
      {"numbers[?@ > `2`][?@ < `10`]", "[]"},
      {"nothing == missing", "true"},
      {"runs[?tags[?@ == 'x']].id", R"(["r1"])"},
      {"zero <= zero", "true"},
      {"zero > `1`", "false"},
  });
}

TEST(JmesPath, TruthAndBooleanOperators) {
  expect_all({
      {"empty || name", R"("ciclo")"},
      {"none || blank || nothing || no || 'last'", R"("last")"},
      {"zero || name", "0"},
      {"yes && zero", "0"},
      {"no && name", "false"},
      {"none && name", "[]"},
      {"!zero", "false"},
      {"!none", "true"},
      {"!missing", "true"},
      {"!!name", "true"},
      {"yes || no && no", "true"},
      {"(yes || no) && no", "false"},
      {"!yes && no", "false"},
      {"!(yes && no)", "true"},
  });
}

TEST(JmesPath, ListsHashesPipesAndLiterals) {
  expect_all({
      {"[name, zero]", R"(["ciclo",0])"},
      {"{b: name, \"a b\": zero, b: yes}", R"({"b":true,"a b":0})"},
      {"missing.[a]", "null"},
      {"missing.{a: b}", "null"},
      {"[missing]", "[null]"},
      {"model | tags | stage", R"("prod")"},
      {"`[1, {\"a\": 2}]`[1].a", "2"},
      {"`\"x\\`y\"`", R"("x`y")"},
      {"'it\\'s'", R"("it's")"},
      {"'\\d\\\\'", R"("\\d\\\\")"},
      {"`dev`", R"("dev")"},
      {"` 1 `", "1"},
      {"\"\\u006eame\"", R"("ciclo")"},
      {"'é✓'", R"("é✓")"},
      {"`1.0`", "1.0"},
      {"`true`", "true"},
  });
}

TEST(JmesPath, Functions) {
  expect_all({
      {"abs(`-3`)", "3"},
      {"abs(`-2.5`)", "2.5"},
      {"abs(`-9223372036854775808`)", "9223372036854775808.0"},
      {"avg(numbers)", "3.625"},
      {"avg(none)", "null"},
      {"ceil(`1.2`)", "2"},
      {"ceil(`3`)", "3"},
      {"floor(`-1.2`)", "-2"},
      {"floor(`1e300`)", "1e300"},
      {"contains(name, 'cic')", "true"},
      {"contains(name, `1`)", "false"},
      {"contains(numbers, `10.0`)", "true"},
      {"contains(runs[*].id, 'r2')", "true"},
      {"ends_with(name, 'lo')", "true"},
      {"starts_with(name, 'lo')", "false"},
      {"join('-', words)", R"("pear-fig-äpfel")"},
      {"join(',', runs[*].id)", R"("r1,r2,r3")"},
      {"join(',', none)", R"("")"},
      {"keys(model)", R"(["name","version","tags"])"},
      {"values(model.tags)", R"(["prod","ana"])"},
      {"length('äé')", "2"},
      {"length(model)", "3"},
      {"length(runs[?done])", "2"},
      {"map(&loss, runs)", "[0.5,0.25,null]"},
      {"map(&[], grid[:2])", "[[1,2],[3,4,5]]"},
      {"max(numbers)", "10"},
      {"max(words)", R"("äpfel")"},
      {"max(none)", "null"},
      {"min(numbers)", "-1"},
      {"min(words)", R"("fig")"},
      {"max_by(runs, &steps).id", R"("r2")"},
      {"min_by(runs, &steps).id", R"("r1")"},
      {"max_by(none, &x)", "null"},
      {"min_by(runs, &id).id", R"("r1")"},
      {"merge(model.tags, `{\"owner\": 1, \"x\": 2}`)", R"({"stage":"prod","owner":1,"x":2})"},
      {"not_null(missing, nothing, zero)", "0"},
      {"not_null(missing)", "null"},
      {"reverse(numbers)", "[10,2.5,-1,3]"},
      {"reverse('äb')", R"("bä")"},
      {"sort(numbers)", "[-1,2.5,3,10]"},
      {"sort(words)", R"(["fig","pear","äpfel"])"},
      {"sort(runs[*].steps)", "[10,20,30]"},
      {"sort_by(runs, &steps)[*].id", R"(["r1","r3","r2"])"},
      {"sort_by(runs, &to_string(done))[*].id", R"(["r2","r1","r3"])"},
      {"sum(runs[*].steps)", "60"},
      {"sum(numbers)", "14.5"},
      {"sum(none)", "0"},
      {"sum(`[9223372036854775807, 1]`)", "9223372036854775808.0"},
      {"to_array(name)", R"(["ciclo"])"},
      {"to_array(runs[*].id)", R"(["r1","r2","r3"])"},
      {"to_number('1e3')", "1000.0"},
      {"to_number('12')", "12"},
      {"to_number('0x1')", "null"},
      {"to_number(' 1')", "null"},
      {"to_number('nan')", "null"},
      {"to_number('')", "null"},
      {"to_number(zero)", "0"},
      {"to_number(yes)", "null"},
      {"to_number(runs[*].id)", "null"},
      {"to_string(model.tags)", R"("{\"stage\":\"prod\",\"owner\":\"ana\"}")"},
      {"to_string(name)", R"("ciclo")"},
      {"to_string(runs[*].id)", R"("[\"r1\",\"r2\",\"r3\"]")"},
      {"type(name)", R"("string")"},
      {"type(`1`)", R"("number")"},
      {"type(yes)", R"("boolean")"},
      {"type(runs[*].id)", R"("array")"},
      {"type(@)", R"("object")"},
      {"type(missing)", R"("null")"},
      {"runs[*].tags.length(@)", "[2,1,0]"},
      {"runs[].not_null(loss, steps)", "[0.5,0.25,20]"},
  });
}

struct Wrong {
  std::string_view expression;
  std::string_view target;
  std::string_view message;
};

TEST(JmesPath, SyntaxErrorsNameTheColumn) {
  const std::vector<Wrong> cases = {
      {"", "column 1", "expected an expression, found the end"},
      {"foo.", "column 5", "expected a name, '*', '[' or '{' after '.', found the end"},
      {"é", "column 1", "this character has no meaning here"},
      {"'é' x", "column 5", "expected the end, found a name"},
      {"foo bar", "column 5", "expected the end, found a name"},
      {"foo]", "column 4", "expected the end, found ']'"},
      {"foo[", "column 5", "expected a number, ':' or '*', found the end"},
      {"foo[*", "column 6", "expected ']', found the end"},
      {"foo[a]", "column 5", "expected a number, ':' or '*', found a name"},
      {"foo[1:2:3:4]", "column 10", "expected a number or ']'"},
      {"foo[1 2]", "column 7", "expected ':' or ']'"},
      {"foo[::0]", "column 7", "the step of a slice cannot be 0"},
      {"foo[99999999999999999999]", "column 5", "expected a whole number"},
      {"foo[?a", "column 7", "expected ']', found the end"},
      {"foo[?a==]", "column 9", "expected an expression, found ']'"},
      {"foo[?a=b]", "column 7", "to compare write '=='"},
      {"foo[*]bar", "column 7", "expected the end, found a name"},
      {"[a,]", "column 4", "expected an expression, found ']'"},
      {"[a b]", "column 4", "expected ',' or ']', found a name"},
      {"{a}", "column 3", "expected ':', found '}'"},
      {"{a: b,}", "column 7", "expected a key, found '}'"},
      {"{a: b c}", "column 7", "expected ',' or '}', found a name"},
      {"{1: b}", "column 2", "expected a key, found a number"},
      {"(a", "column 3", "expected ')', found the end"},
      {"a ||", "column 5", "expected an expression, found the end"},
      {"\"a", "column 1", "the quoted name is never closed"},
      {"'a", "column 1", "the string is never closed"},
      {"`1", "column 1", "the literal is never closed"},
      {"`[1`", "column 1", "the literal is not valid JSON"},
      {"`{\"a\"`", "column 1", "the literal is not valid JSON"},
      {"\"\\x\"", "column 1", "the quoted name is not a valid JSON string"},
      {"\"abs\"(a)", "column 1", "the name of a function cannot be in quotes"},
      {"@(a)", "column 2", "expected an operator or the end, found '('"},
      {"&a", "column 1", "'&' is only for an argument of a function"},
      {"abs(a", "column 6", "expected ',' or ')', found the end"},
      {"abs(a,)", "column 7", "expected an expression, found ')'"},
      {"lenght(a)", "column 1", "there is no function 'lenght'; did you mean 'length'?"},
      {"abs()", "column 1", "abs() takes 1 argument, found 0"},
      {"join(a)", "column 1", "join() takes 2 arguments, found 1"},
      {"not_null()", "column 1", "not_null() takes at least 1 argument, found 0"},
      {"sort_by(a, b)", "column 12", "argument 2 of sort_by() must be an expression such as &name"},
      {"abs(&a)", "column 5", "argument 1 of abs() must be a value, not an expression"},
  };
  for (const Wrong& one : cases) {
    const auto compiled = JmesPath::compile(one.expression);
    ASSERT_FALSE(compiled) << one.expression;
    EXPECT_EQ(compiled.error().code, ErrorCode::invalid);
    EXPECT_EQ(compiled.error().target, one.target) << one.expression << " " << compiled.error().text();
    EXPECT_NE(compiled.error().message.find(one.message), std::string::npos)
        << one.expression << " " << compiled.error().text();
  }
}

TEST(JmesPath, TheHintShowsThePlace) {
  EXPECT_EQ(JmesPath::compile("runs[?'é'==]").error().hint, "runs[?'é'==]\n           ^");
  const std::string long_text = std::string(200, 'a') + " b";
  EXPECT_EQ(JmesPath::compile(long_text).error().hint, std::string(59, 'a') + " b\n" + std::string(60, ' ') + "^");
}

TEST(JmesPath, WrongArgumentsAreErrorsOfTheSearch) {
  const Json document = parse_json(document_text).value();
  const std::vector<Wrong> cases = {
      {"abs(name)", "column 5", "argument 1 of abs() must be a number, found string"},
      {"sum(mixed)", "column 5", "argument 1 of sum() must be an array of numbers, found array of number and string"},
      {"join(',', numbers)", "column 11", "argument 2 of join() must be an array of strings"},
      {"max(mixed)", "column 5", "an array of numbers or an array of strings"},
      {"keys(runs)", "column 6", "must be an object, found array"},
      {"length(zero)", "column 8", "must be a string, an array or an object, found number"},
      {"contains(zero, `1`)", "column 10", "must be a string or an array"},
      {"map(&a, missing)", "column 9", "must be an array, found null"},
      {"merge(model, name)", "column 14", "argument 2 of merge() must be an object, found string"},
      {"starts_with(name, zero)", "column 19", "must be a string, found number"},
      {"sort_by(runs, &loss)", "column 16", "must give numbers only or strings only, found null"},
      {"max_by(runs, &done)", "column 15", "found boolean"},
      {"sort_by(mixed, &@)", "column 17", "found string"},
  };
  for (const Wrong& one : cases) {
    const auto compiled = JmesPath::compile(one.expression);
    ASSERT_TRUE(compiled) << one.expression << " " << compiled.error().text();
    const auto result = compiled->search(document);
    ASSERT_FALSE(result) << one.expression;
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
    EXPECT_EQ(result.error().target, one.target) << one.expression << " " << result.error().text();
    EXPECT_NE(result.error().message.find(one.message), std::string::npos)
        << one.expression << " " << result.error().text();
  }
}

TEST(JmesPath, LimitsHold) {
  const auto repeat = [](std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  EXPECT_TRUE(JmesPath::compile(repeat("(", 100) + "a" + repeat(")", 100)));
  EXPECT_TRUE(JmesPath::compile(repeat("a.", 200) + "a"));
  EXPECT_FALSE(JmesPath::compile(repeat("(", 10'000)));
  EXPECT_FALSE(JmesPath::compile(repeat("a.", 1'000) + "a"));
  EXPECT_FALSE(JmesPath::compile(repeat("!", 10'000) + "a"));
  EXPECT_FALSE(JmesPath::compile(repeat("[", 10'000)));
  EXPECT_EQ(JmesPath::compile(std::string(70'000, 'a')).error().code, ErrorCode::too_large);
  // Each step doubles the list or the text.
  for (const std::string& bomb : {"@" + repeat("|[@,@]", 60), "name" + repeat("|join('', [@,@])", 60)}) {
    const auto result = JmesPath::compile(bomb)->search(parse_json(document_text).value());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::too_large);
  }
}

TEST(JmesPath, LargeDocumentsAreNotCopied) {
  Json document = Json::array();
  for (int i = 0; i < 10'000; ++i)
    document.push_back({{"id", fmt::format("run {}", i)}, {"value", i}, {"done", i % 2 == 0}});
  const auto result = JmesPath::compile("sort_by([?done], &value)[-1].id")->search(document);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(*result, "run 9998");
}

}  // namespace
}  // namespace ciclo
