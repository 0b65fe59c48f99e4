#include <gtest/gtest.h>

#include "cli/document.hpp"
#include "cli/download.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/set_expression.hpp"

namespace ciclo::cli {
namespace {

const std::vector<Option> options = {{{"name", "n"}, Takes::one, "The name."},
                                     {{"endpoint-name", "e"}, Takes::one, "The endpoint."},
                                     {{"set"}, Takes::several, "Changes."},
                                     {{"stream"}, Takes::nothing, "Follow."},
                                     {{"no-wait"}, Takes::nothing, "Go on."}};

TEST(ParseOptions, TakesTheSpellingsOfAz) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--name", "x"},
                                                                                     {"--name=x"},
                                                                                     {"-n", "x"},
                                                                                     {"-nx"},
                                                                                     {"-n=x"},
                                                                                     {"--na", "x"},
                                                                                     {"--name", "y", "--name", "x"}}) {
    const auto parsed = parse_options(options, words);
    ASSERT_TRUE(parsed) << words.front();
    EXPECT_EQ(parsed->text("name"), "x") << words.front();
  }
  const auto several = parse_options(options, {"--set", "a=1", "b=-2", "--stream", "--set", "c=3"});
  ASSERT_TRUE(several);
  EXPECT_EQ(several->all("set"), (std::vector<std::string>{"a=1", "b=-2", "c=3"}));
  EXPECT_TRUE(several->has("stream"));
  EXPECT_EQ(parse_options(options, {"--name", "-5"})->text("name"), "-5");
  EXPECT_EQ(parse_options(options, {"--endpoint", "e"})->text("endpoint-name"), "e");
}

TEST(ParseOptions, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> words;
    std::string message;
  };
  for (const Case& each : std::vector<Case>{{{"--nmae", "x"}, "unknown option --nmae"},
                                            {{"--n", "x"}, "--n could be --name or --no-wait"},
                                            {{"--name"}, "--name needs a value"},
                                            {{"--name", "--stream"}, "--name needs a value"},
                                            {{"--stream=yes"}, "--stream takes no value"},
                                            {{"stray"}, "'stray' belongs to no option"},
                                            {{"-x"}, "unknown option -x"}}) {
    const auto parsed = parse_options(options, each.words);
    ASSERT_FALSE(parsed) << each.message;
    EXPECT_EQ(parsed.error().message, each.message);
  }
}

TEST(ApplySet, PutsValuesWhereTheyBelong) {
  Json document = {{"list", {{{"x", 1}}}}};
  for (const char* expression : {"a.b=1", "list[0].x=text", "list[1].y=true", "tags.\"a.b\"=c#d:e=f", "nothing=null",
                                 "quoted=\"1\"", "leading=007", "blank=", "object={\"k\": [1]}", "time=12:30"})
    ASSERT_TRUE(apply_set(document, expression)) << expression;
  EXPECT_EQ(document,
            Json::parse(R"({"list":[{"x":"text"},{"y":true}],"a":{"b":1},"tags":{"a.b":"c#d:e=f"},"nothing":null,
    "quoted":"1","leading":"007","blank":"","object":{"k":[1]},"time":"12:30"})"));
}

TEST(ApplySet, RefusesWhatMeansNothing) {
  for (const char* expression :
       {"a", "=1", "a..b=1", "a.=1", "list[5]=1", "list[x]=1", "list[0=1", "text.key=1", "a\"b=1"}) {
    Json document = {{"list", Json::array()}, {"text", "t"}};
    EXPECT_FALSE(apply_set(document, expression)) << expression;
  }
}

std::string shown(const Json& answer, const char* format, std::optional<std::string> query = std::nullopt) {
  const auto text = render(answer, {.format = *parse_format(format), .query = std::move(query)}, {});
  return text ? *text : "ERROR " + text.error().message;
}

TEST(Render, GivesScriptsWhatTheyExpect) {
  const Json jobs = Json::parse(R"([{"name":"a","n":1,"x":{"y":true}},{"name":"bb","n":null,"x":{"y":false}}])");
  EXPECT_EQ(shown(jobs, "tsv", "[].name"), "a\nbb\n");
  EXPECT_EQ(shown(jobs, "tsv", "[].{N:name,V:n}"), "a\t1\nbb\t\n");
  EXPECT_EQ(shown(jobs, "tsv", "[?name=='c'].name"), "");
  EXPECT_EQ(shown(jobs, "tsv", "[0].x.y"), "True\n");
  EXPECT_EQ(shown(jobs, "tsv", "[5].name"), "");
  EXPECT_EQ(shown(jobs, "none"), "");
  EXPECT_EQ(shown(jobs, "json", "[0].name"), "\"a\"\n");
  EXPECT_EQ(shown(jobs, "table"), "name  n\n----  -\na     1\nbb\n");
  EXPECT_EQ(shown(Json::parse(R"([{"a":0.8223684210526315}])"), "table"), "a\n--------\n0.822368\n");
  EXPECT_EQ(shown(Json::parse(R"([{"a":0.8223684210526315}])"), "tsv"), "0.8223684210526315\n");
  EXPECT_EQ(shown(Json::array(), "table"), "");
  EXPECT_EQ(shown({{"a", 1}}, "yaml"), "a: 1\n");
  EXPECT_TRUE(shown(jobs, "json", "[name").starts_with("ERROR"));
}

TEST(Render, AlignsWordsWithAccents) {
  EXPECT_EQ(shown(Json::parse(R"([{"a":"é","b":"x"},{"a":"zz","b":"y"}])"), "table"), "a   b\n--  -\né   x\nzz  y\n");
}

TEST(IsLocalPath, TellsPathsFromReferences) {
  for (const char* path : {"./data", "data.csv", "/tmp/x", "file:x.yml"}) EXPECT_TRUE(is_local_path(path)) << path;
  for (const char* reference :
       {"", "azureml:x:1", "azureml://datastores/d/paths/p", "https://x", "runs:/a/b", "${{inputs.x}}"})
    EXPECT_FALSE(is_local_path(reference)) << reference;
}

TEST(PathBelow, StaysInItsFolder) {
  for (const char* name : {"a", "a/b.csv", "..a", "a..b", ".hidden", "é"}) {
    const auto path = path_below("/tmp/x", name);
    ASSERT_TRUE(path) << name;
    EXPECT_EQ(*path, std::filesystem::path("/tmp/x") / name);
  }
  for (const std::string name : {"", "/etc/passwd", "..", "../a", "a/../../b", "a/..", ".", "./a", "a/./b", "//a"})
    EXPECT_FALSE(path_below("/tmp/x", name)) << name;
  EXPECT_FALSE(path_below("/tmp/x", std::string("a\0b", 3)));
  EXPECT_FALSE(path_below("/tmp/x", "a\nb"));
  EXPECT_FALSE(path_below("/tmp/x", "a\x1b[2Jb")) << "nothing that a terminal obeys";
}

}  // namespace
}  // namespace ciclo::cli
