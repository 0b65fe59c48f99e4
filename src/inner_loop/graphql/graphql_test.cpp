// GraphQL: the language by table, the queries that MLflow's web interface sends, limits and rights.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "inner_loop/graphql/handlers.hpp"
#include "inner_loop/tracking/api_fixture.hpp"

namespace ciclo::graphql {
namespace {

std::string message_of(std::string_view text) {
  const auto document = parse_document(text);
  return document ? "" : document.error().message;
}

TEST(Document, WhatIsNoneSaysWhere) {
  EXPECT_EQ(message_of("{"), "Syntax Error: expected a name, found the end (line 1, column 2)");
  EXPECT_EQ(message_of("query {\n  a(b: )\n}"), "Syntax Error: expected a value, found ')' (line 2, column 8)");
  EXPECT_EQ(message_of(""), "Syntax Error: there is no operation (line 1, column 1)");
  EXPECT_EQ(message_of("subscription { a }"), "Syntax Error: subscriptions are not offered (line 1, column 1)");
  for (const char* wrong : {"{}", "{a", "{a}}", "{a(b:1}", "{a(b:01)}", "{a(b:1.)}", "{a(b:1x)}", "{a(b:\"x)}",
                            "{a(b:\"\\q\")}", "{a(b:\"\\ud800\")}", "query($a){a}", "query($a:Int=$b){a}",
                            "fragment on on X{a}", "{a %}", "{... on}", "{a(b:[1)}", "{a(b:99999999999999999999)}"})
    EXPECT_NE(message_of(wrong), "") << wrong;
  EXPECT_NE(message_of(std::string(100, '{')), "");
  EXPECT_NE(message_of("{a(b:" + std::string(100, '[') + ")}"), "");
  EXPECT_NE(message_of("query($a:" + std::string(100000, '[') + "){a}"), "");
}

TEST(Document, ValuesAreRead) {
  const auto document = parse_document(
      "# first\nquery Q($a: [Int!]! = [1, 2], $b: X) @component(name: \"c\") {\n"
      "  n: f(i: -3, r: 1.5e2, s: \"a\\u00e9\\n\\ud83d\\ude00\", e: RED, t: true, z: null, l: [1, $b], o: {k: {m: "
      "1}},\n"
      "       t2: \"\"\"\n    two\n      lines\n    \"\"\") { ...F ... on T { x } ... @include(if: true) { y } }\n}\n"
      "fragment F on T { z }");
  ASSERT_TRUE(document) << document.error().text();
  const Operation& operation = document->operations.at(0);
  EXPECT_EQ(operation.variables.at(0).type, "[Int!]!");
  EXPECT_EQ(*operation.variables.at(0).otherwise, Json::array({1, 2}));
  const Selection& field = operation.selections.at(0);
  EXPECT_EQ(field.alias + "," + field.name, "n,f");
  EXPECT_EQ(field.arguments.at(0).value.literal, -3);
  EXPECT_EQ(field.arguments.at(1).value.literal, 150.0);
  EXPECT_EQ(field.arguments.at(2).value.literal, "a\u00e9\n\U0001F600");
  EXPECT_EQ(field.arguments.at(3).value.literal, "RED");
  EXPECT_EQ(field.arguments.at(6).value.items.at(1).variable, "b");
  EXPECT_EQ(field.arguments.at(7).value.keys.at(0), "k");
  EXPECT_EQ(field.arguments.at(8).value.literal, "two\n  lines");
  EXPECT_EQ(field.selections.at(0).name, "F");
  EXPECT_EQ(field.selections.at(1).condition, "T");
  EXPECT_EQ(document->find_fragment("F")->condition, "T");
}

Json ask(const std::string& query, const Json& variables = Json::object()) {
  const auto document = parse_document(query);
  EXPECT_TRUE(document) << document.error().text();
  const Json run{{"info", {{"run_id", "r1"}, {"experiment_id", "7"}, {"start_time", 5}, {"status", "FINISHED"}}},
                 {"data", {{"metrics", {{{"key", "m"}, {"value", "NaN"}, {"step", 3}}}}}}};
  return execute(*document, {.variables = variables, .operation_name = {}}, [&](const Ask& wanted) -> Result<Json> {
    if (wanted.endpoint == "runs/get" && wanted.arguments == Json{{"run_id", "r1"}}) return Json{{"run", run}};
    if (wanted.endpoint == "experiments/get") return Json{{"experiment", {{"name", "seven"}}}};
    return fail(ErrorCode::not_found, "there is none");
  });
}

TEST(Execute, FieldsAreShapedAsMlflowShapesThem) {
  const auto answer = ask(
      "query Q($d: MlflowGetRunInput!) { one: mlflowGetRun(input: $d) { __typename apiError { code } run { ...R info { "
      "startTime } } } }"
      " fragment R on MlflowRunExtension { __typename info { runId endTime status runName } data { metrics { key value "
      "step timestamp }"
      " params { key } } inputs { datasetInputs { dataset { name } } } experiment { name tags { key } creationTime } }",
      {{"d", {{"runId", "r1"}}}});
  const Json expected = {
      {"data",
       {{"one",
         {{"__typename", "MlflowGetRunResponse"},
          {"apiError", nullptr},
          {"run",
           {{"__typename", "MlflowRunExtension"},
            {"info", {{"runId", "r1"}, {"endTime", "0"}, {"status", "FINISHED"}, {"runName", ""}, {"startTime", "5"}}},
            {"data",
             {{"metrics", {{{"key", "m"}, {"value", nullptr}, {"step", "3"}, {"timestamp", "0"}}}},
              {"params", Json::array()}}},
            {"inputs", {{"datasetInputs", Json::array()}}},
            {"experiment", {{"name", "seven"}, {"tags", Json::array()}, {"creationTime", "0"}}}}}}}}},
      {"errors", nullptr}};
  EXPECT_EQ(answer, expected) << to_pretty_text(answer);
}

TEST(Execute, AFailedFieldIsNullAndNamed) {
  const auto answer =
      ask("{ a: mlflowGetRun(input: {runId: \"x\"}) { run { info { runId } } } test(inputString: \"hi\") { output } }");
  EXPECT_EQ(answer["data"], Json({{"a", nullptr}, {"test", {{"output", "hi"}}}}));
  EXPECT_EQ(answer["errors"], Json::array({"there is none"}));
}

TEST(Execute, SkipAndInclude) {
  const std::string query =
      "query($v: Boolean!) { test(inputString: \"a\") { output @include(if: $v) } b: test(inputString: \"b\") "
      "@skip(if: $v) { output } }";
  EXPECT_EQ(ask(query, {{"v", true}})["data"], Json({{"test", {{"output", "a"}}}}));
  EXPECT_EQ(ask(query, {{"v", false}})["data"], Json({{"test", Json::object()}, {"b", {{"output", "b"}}}}));
  EXPECT_EQ(ask(query)["errors"], Json::array({"Variable '$v' of required type 'Boolean!' was not provided."}));
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += replace_all(text, "#", std::to_string(i));
  return all;
}

TEST(Execute, WhatIsWrongIsToldBeforeAnythingIsAsked) {
  const std::string run = "mlflowGetRun(input: {runId: \"r1\"}) ";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{ mlflowGetRuns { x } }", "Cannot query field 'mlflowGetRuns' on type 'Query'."},
      {"{ " + run + "{ run { nope } } }", "Cannot query field 'nope' on type 'MlflowRunExtension'."},
      {"{ " + run + "{ run } }",
       "Field 'run' of type 'MlflowRunExtension' must have a selection of subfields. Did you mean 'run { ... }'?"},
      {"{ " + run + "{ run { info { runId { x } } } } }",
       "Field 'runId' must not have a selection since type 'String' has no subfields."},
      {"{ mlflowGetRun(input: {run: 1}) { run { info { runId } } } }",
       "Field 'run' is not defined by type 'MlflowGetRunInput'."},
      {"{ mlflowGetRun(id: 1) { run { info { runId } } } }", "Unknown argument 'id' on field 'Query.mlflowGetRun'."},
      {"{ mlflowGetRun(input: $x) { run { info { runId } } } }", "Variable '$x' is not defined."},
      {"{ ...F }", "Unknown fragment 'F'."},
      {"{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
       "Cannot spread fragment 'F' within itself."},
      {"{ " + run + "{ ... on MlflowRun { x } } }",
       "Fragment on 'MlflowRun' cannot be spread here as objects of type 'MlflowGetRunResponse' can never be of it."},
      {"{ a: test(inputString: \"\") { output } a: " + run + "{ apiError { code } } }",
       "Fields 'a' conflict because 'test' and 'mlflowGetRun' are different fields."},
      {"{ test(inputString: \"\") { output @defer } }", "Unknown directive '@defer'."},
      {"query A { test(inputString: \"\") { output } } query B { test(inputString: \"\") { output } }",
       "Must provide operation name if query contains multiple operations."},
      {"{ test(inputString: \"\") { " + repeated("a#: output ", 11) + "} }",
       "GraphQL queries should have at most 10 aliases, got 11 aliases"},
      {"{ " + repeated("test(inputString: \"\") { output } ", 11) + "}",
       "GraphQL queries should have at most 10 root fields, got 11 root fields"},
      {"{ test(inputString: \"\") { " + repeated("output ", 1001) + "} }",
       "Query exceeds maximum total selections of 1000"},
      {"{" + repeated("a {", 10) + "a" + repeated("}", 10) + "}", "Query exceeds maximum depth of 10"},
      {"mutation { mlflowGetRun(input: {}) { apiError { code } } }",
       "Cannot query field 'mlflowGetRun' on type 'Mutation'."}};
  for (const auto& [query, message] : cases) {
    const auto answer = ask(query);
    EXPECT_EQ(answer["data"], nullptr) << query;
    EXPECT_EQ(answer["errors"], Json::array({message})) << query;
  }
}

// The query that the page of a run sends.
constexpr std::string_view get_run =
    R"(query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
  mlflowGetRun(input: $data) { apiError { helpUrl code message }
    run { info { runName status runUuid experimentId artifactUri endTime lifecycleStage startTime userId }
      experiment { experimentId name tags { key value } artifactLocation lifecycleStage lastUpdateTime }
      data { metrics { key value step timestamp } params { key value } tags { key value } }
      inputs { datasetInputs { dataset { digest name profile schema source sourceType } tags { key value } } modelInputs { modelId } }
      outputs { modelOutputs { modelId step } } } } })";

class GraphqlApi : public tracking::testing::ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(add_graphql_routes(router_, through(router_, nullptr)));
  }
};

TEST_P(GraphqlApi, TheQueriesOfTheWebInterface) {
  const auto id = experiment("weather");
  const auto run_id = run(id);
  for (int step = 0; step < 5; ++step) metric(run_id, "loss", step * 0.5, step, 10 + step);
  post("runs/log-parameter", {{"run_id", run_id}, {"key", "lr"}, {"value", "0.1"}});
  const auto shown = wire_.post("/graphql", {{"query", get_run}, {"variables", {{"data", {{"runUuid", run_id}}}}}});
  ASSERT_EQ(shown.status, 200) << shown.text;
  EXPECT_TRUE(shown.body["errors"].is_null()) << shown.text;
  const Json& found = at_pointer(shown.body, "/data/mlflowGetRun/run");
  EXPECT_EQ(at_pointer(found, "/info/status"), "RUNNING");
  EXPECT_EQ(at_pointer(found, "/info/startTime"), "1000");
  EXPECT_EQ(at_pointer(found, "/info/endTime"), "0");
  EXPECT_EQ(at_pointer(found, "/experiment/name"), "weather");
  EXPECT_EQ(at_pointer(found, "/data/metrics"),
            Json::parse(R"([{"key":"loss","value":2.0,"step":"4","timestamp":"14"}])"));
  EXPECT_EQ(at_pointer(found, "/data/params"), Json::parse(R"([{"key":"lr","value":"0.1"}])"));
  const auto history = wire_.post(
      "/graphql",
      {{"query",
        "query H($data: MlflowGetMetricHistoryBulkIntervalInput!) @component(name: \"x\") { "
        "mlflowGetMetricHistoryBulkInterval(input: $data) { __typename metrics { timestamp step runId key value } "
        "apiError { code message } } }"},
       {"variables", {{"data", {{"runIds", {run_id}}, {"metricKey", "loss"}, {"maxResults", 320}}}}}});
  EXPECT_EQ(at_pointer(history.body, "/data/mlflowGetMetricHistoryBulkInterval/metrics").size(), 5U) << history.text;
  const auto runs = wire_.post("/graphql", {{"query",
                                             "query S($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data) "
                                             "{ runs { info { runUuid } experiment { name } } } }"},
                                            {"variables", {{"data", {{"experimentIds", {id}}, {"maxResults", 10}}}}}});
  EXPECT_EQ(at_pointer(runs.body, "/data/mlflowSearchRuns/runs/0/info/runUuid"), run_id) << runs.text;
  const auto listed =
      wire_.post("/graphql",
                 {{"query", "{ mlflowListArtifacts(input: {runId: \"" + run_id + "\"}) { rootUri files { path } } }"}});
  EXPECT_EQ(at_pointer(listed.body, "/data/mlflowListArtifacts/files"), Json::array()) << listed.text;
  const auto missing = wire_.post(
      "/graphql", {{"query", "{ mlflowGetExperiment(input: {experimentId: \"99\"}) { experiment { name } } }"}});
  EXPECT_EQ(missing.status, 200);
  EXPECT_EQ(missing.body["errors"], Json::array({"No Experiment with id=99 exists"}));
  // An answer of 400 and above is an error, whoever made it.
  const Dispatch refuses = [](http::Request&) -> Result<http::Response> {
    return http::Response::json({{"error_code", "ENDPOINT_NOT_FOUND"}, {"message", "there is none"}}, 404);
  };
  http::Router other;
  ASSERT_TRUE(add_graphql_routes(other, refuses));
  const auto refused =
      tracking::testing::Wire(other).post("/graphql", {{"query", "{ mlflowListArtifacts(input: {}) { rootUri } }"}});
  EXPECT_EQ(refused.body, Json({{"data", {{"mlflowListArtifacts", nullptr}}}, {"errors", {"there is none"}}}));
}

TEST_P(GraphqlApi, WorkspacesAndMalformedRequests) {
  run(experiment("weather"));
  const std::string name = "{ mlflowGetExperiment(input: {experimentId: \"1\"}) { experiment { name } } }";
  EXPECT_EQ(at_pointer(wire_.get("/graphql?query=" + http::percent_encode(name)).body,
                       "/data/mlflowGetExperiment/experiment/name"),
            "weather");
  EXPECT_FALSE(wire_.post("/workspaces/dev/graphql", {{"query", name}}).body["errors"].is_null());
  for (const std::string body : {"{}", "[]", "{", R"({"query":"{"})", R"({"query":"{a}","variables":[1]})"})
    EXPECT_EQ(wire_.send(http::Method::post, "/graphql", body).status, 400) << body;
}

INSTANTIATE_TEST_SUITE_P(Engines, GraphqlApi, ::testing::Values(sql::Dialect::sqlite), tracking::testing::engine_name);

}  // namespace
}  // namespace ciclo::graphql
