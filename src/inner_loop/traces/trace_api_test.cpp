// MLflow's API of traces, on both engines.
#include <gtest/gtest.h>

#include <set>

#include "inner_loop/traces/trace_fixture.hpp"

namespace ciclo::traces {
namespace {

class TraceApi : public testing::TraceFixture {};

TEST_P(TraceApi, AStartedTraceIsReadBack) {
  const auto answer = start("tr-a", 1'767'323'045'006,
                            {{"client_request_id", "c1"},
                             {"request_preview", "{\"x\": 3}"},
                             {"trace_metadata",
                              {{"x", "y"},
                               {"mlflow.trace.session", "s"},
                               {"mlflow.trace.tokenUsage", "{\"input_tokens\": 3, \"total_tokens\": 3}"}}},
                             {"tags", {{"mlflow.traceName", "nm"}, {"t", "v"}}}});
  const Json expected = *parse_json(R"({"trace_id":"tr-a","client_request_id":"c1","trace_location":{"type":
    "MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}},"request_preview":"{\"x\": 3}",
    "request_time":"2026-01-02T03:04:05.006Z","execution_duration":"0.500s","state":"OK","trace_metadata":{"x":"y",
    "mlflow.trace.infoFinalized":"true","mlflow.trace.session":"s",
    "mlflow.trace.tokenUsage":"{\"input_tokens\":3,\"total_tokens\":3}"},
    "tags":{"mlflow.artifactLocation":"mlflow-artifacts:/0/traces/tr-a/artifacts","t":"v","mlflow.traceName":"nm"}})");
  EXPECT_TRUE(equal_values(at_pointer(answer.body, "/trace/trace_info"), expected)) << answer.text;
  EXPECT_TRUE(equal_values(info("tr-a"), expected));
  EXPECT_EQ(get3("traces/tr-none").status, 404);
  EXPECT_EQ(get3("traces/get?trace_id=tr-a").status, 404);  // its spans are not in the store
  EXPECT_EQ(post3("traces", {{"trace", {{"trace_info", {{"trace_id", "x"}}}}}}).status, 400);
  EXPECT_EQ(post3("traces/batchGetInfos", {{"trace_ids", {"tr-a", "tr-none", "tr-a"}}}).body["trace_infos"].size(), 1U);
}

TEST_P(TraceApi, SpansAndFinalStateComeInEitherOrder) {
  const Json usage{{"key", "mlflow.chat.tokenUsage"},
                   {"value", {{"stringValue", R"({"input_tokens":1,"output_tokens":2,"total_tokens":3})"}}}};
  for (const bool spans_first : {true, false}) {
    const int number = spans_first ? 1 : 2;
    const auto send_spans = [&] {
      EXPECT_EQ(export_json({span(number, 2, 1, Json::array({usage})), span(number, 1, 0)}).status, 200);
    };
    if (spans_first) send_spans();
    start(id_of(number), 1000,
          {{"tags", {{"mlflow.traceName", "final"}}},
           {"trace_metadata", {{"mlflow.trace.sizeStats", "{\"num_spans\": 2}"}}}});
    if (!spans_first) send_spans();
    const Json got = info(id_of(number));
    EXPECT_EQ(got["request_time"], "1970-01-01T00:00:01Z");
    EXPECT_EQ(got["execution_duration"], "0.500s");
    EXPECT_EQ(got["tags"]["mlflow.traceName"], "final");
    EXPECT_EQ(got["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE");
    EXPECT_EQ(got["trace_metadata"]["mlflow.trace.tokenUsage"],
              R"({"input_tokens":1,"output_tokens":2,"total_tokens":3})");
    const auto whole = get3("traces/get?trace_id=" + id_of(number));
    ASSERT_EQ(whole.status, 200) << whole.text;
    EXPECT_EQ(whole.body["trace"]["spans"][0]["name"], "span1");  // the root first
    EXPECT_EQ(whole.body["trace"]["spans"].size(), 2U);
  }
}

TEST_P(TraceApi, SpansAloneMakeATrace) {
  EXPECT_EQ(export_json({span(1, 2, 1)}).status, 200);
  EXPECT_EQ(info(id_of(1))["state"], "IN_PROGRESS");
  EXPECT_EQ(info(id_of(1))["request_time"], "2023-11-14T22:13:20.002Z");
  Json root =
      span(1, 1, 0,
           {text_attribute("session.id", "S"), text_attribute("user.id", "u"), text_attribute("input.value", "hello")});
  root["status"] = {{"code", 2}, {"message", "bad"}};
  EXPECT_EQ(export_json({root}).status, 200);
  const Json got = info(id_of(1));
  EXPECT_EQ(got["state"], "ERROR");
  EXPECT_EQ(got["request_time"], "2023-11-14T22:13:20.001Z");
  EXPECT_EQ(got["execution_duration"], "0.011s");
  EXPECT_EQ(got["request_preview"], "\"hello\"");
  EXPECT_EQ(got["tags"]["mlflow.traceName"], "span1");
  EXPECT_EQ(got["trace_metadata"]["mlflow.trace.session"], "S");
  EXPECT_EQ(got["trace_metadata"]["mlflow.trace.user"], "u");
  EXPECT_EQ(export_json({root}).status, 200);  // again: it replaces itself
  EXPECT_EQ(get3("traces/get?trace_id=" + id_of(1)).body["trace"]["spans"].size(), 2U);
  const auto batch = get3("traces/batchGet?trace_ids=" + id_of(1) + "&trace_ids=tr-none");
  EXPECT_EQ(batch.body["traces"].size(), 1U);
  const auto file = wire_.get("/ajax-api/2.0/mlflow/get-trace-artifact?request_id=" + id_of(1));
  EXPECT_EQ(file.body["spans"][0]["attributes"]["mlflow.spanInputs"], "\"hello\"");
  EXPECT_EQ(file.body["spans"][0]["attributes"]["mlflow.traceRequestId"], "\"" + id_of(1) + "\"");
}

TEST_P(TraceApi, OtlpSaysWhatIsWrong) {
  EXPECT_EQ(export_json({span(1, 1, 0)}, "").status, 400);
  EXPECT_EQ(export_json({span(1, 1, 0)}, "999").status, 404);
  EXPECT_EQ(export_json({{{"name", "no ids"}}}).status, 400);
  const auto partly = export_json({span(1, 1, 0), {{"name", "no ids"}}});
  EXPECT_EQ(partly.status, 200);
  EXPECT_EQ(partly.body["partialSuccess"]["rejectedSpans"], "1");
  EXPECT_EQ(export_json(Json::array()).text, "{}");
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", experiment("gone")}}).status, 200);
  EXPECT_EQ(export_json({span(2, 1, 0)}, "1").status, 400);
}

TEST_P(TraceApi, TagsAreSetAndDeleted) {
  start("tr-a", 1000);
  EXPECT_EQ(patch3("traces/tr-a/tags", {{"key", "k"}, {"value", "v"}}).status, 200);
  EXPECT_EQ(
      wire_.send(http::Method::patch, "/api/2.0/mlflow/traces/tr-a/tags", R"({"key":"mlflow.traceName","value":"n"})")
          .status,
      200);
  EXPECT_EQ(info("tr-a")["tags"]["k"], "v");
  EXPECT_EQ(info("tr-a")["tags"]["mlflow.traceName"], "n");
  const auto remove = [&](const std::string& key) {
    return wire_.send(http::Method::del, "/api/3.0/mlflow/traces/tr-a/tags", to_text(Json{{"key", key}})).status;
  };
  EXPECT_EQ(remove("k"), 200);
  EXPECT_EQ(remove("k"), 404);
  EXPECT_EQ(remove("mlflow.traceName"), 200);
  EXPECT_EQ(remove("mlflow.traceName"), 404);
  EXPECT_EQ(remove("mlflow.trace.spansLocation"), 400);
  EXPECT_EQ(patch3("traces/tr-a/tags", {{"key", "mlflow.trace.spansLocation"}, {"value", "v"}}).status, 400);
  EXPECT_EQ(patch3("traces/tr-a/tags", {{"key", "a//b"}, {"value", "v"}}).status, 400);
  EXPECT_EQ(patch3("traces/tr-none/tags", {{"key", "k"}, {"value", "v"}}).status, 404);
}

TEST_P(TraceApi, AssessmentsLiveAndOverride) {
  start("tr-a", 1000, {{"assessments", {{{"assessment_name", "early"}, {"feedback", {{"value", 1}}}}}}});
  EXPECT_EQ(info("tr-a")["assessments"][0]["assessment_name"], "early");
  const auto create = [&](const Json& more) {
    Json assessment{{"assessment_name", "q"}, {"source", {{"source_type", "human"}, {"source_id", "ana"}}}};
    merge_patch(assessment, more);
    return post3("traces/tr-a/assessments", {{"assessment", assessment}});
  };
  const auto first = create({{"feedback", {{"value", 0.9}}}, {"rationale", "why"}, {"metadata", {{"a", "b"}}}});
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string id = first.body["assessment"]["assessment_id"];
  EXPECT_EQ(first.body["assessment"]["source"]["source_type"], "HUMAN");
  EXPECT_EQ(first.body["assessment"]["valid"], true);
  const auto second = create({{"feedback", {{"value", 0.5}}}, {"overrides", id}});
  EXPECT_EQ(get3("traces/tr-a/assessments/" + id).body["assessment"]["valid"], false);
  EXPECT_EQ(create({{"feedback", {{"value", 1}}}, {"overrides", "a-none"}}).status, 404);
  EXPECT_EQ(create(Json::object()).status, 400);
  EXPECT_EQ(create({{"feedback", {{"value", 1}}}, {"source", {{"source_type", "ALIEN"}}}}).status, 400);
  const auto expectation = create(
      {{"expectation", {{"serialized_value", {{"serialization_format", "JSON_FORMAT"}, {"value", "{\"a\": 1}"}}}}}});
  EXPECT_EQ(expectation.body["assessment"]["expectation"]["serialized_value"]["value"], "{\"a\":1}");
  EXPECT_EQ(create({{"issue", {{"issue_name", "I"}}}}).body["assessment"]["issue"]["issue_name"], "I");
  const auto error = create({{"feedback", {{"error", {{"error_code", "E"}, {"error_message", "m"}}}}}});
  EXPECT_EQ(error.body["assessment"]["feedback"]["error"]["error_code"], "E");
  const auto changed =
      patch3("traces/tr-a/assessments/" + id,
             {{"assessment", {{"feedback", {{"value", true}}}, {"rationale", "r2"}, {"metadata", {{"c", "d"}}}}},
              {"update_mask", "feedback,rationale,metadata"}});
  EXPECT_EQ(changed.body["assessment"]["feedback"]["value"], true);
  EXPECT_EQ(to_text(changed.body["assessment"]["metadata"]), R"({"a":"b","c":"d"})");
  EXPECT_EQ(patch3("traces/tr-a/assessments/" + id,
                   {{"assessment", {{"expectation", {{"value", 1}}}}}, {"update_mask", "expectation"}})
                .status,
            400);
  EXPECT_EQ(patch3("traces/tr-a/assessments/" + id, {{"assessment", Json::object()}, {"update_mask", "source"}}).status,
            400);
  const std::string second_id = second.body["assessment"]["assessment_id"];
  EXPECT_EQ(wire_.send(http::Method::del, "/api/3.0/mlflow/traces/tr-a/assessments/" + second_id, "").status, 200);
  EXPECT_EQ(wire_.send(http::Method::del, "/api/3.0/mlflow/traces/tr-a/assessments/" + second_id, "").status, 200);
  EXPECT_EQ(get3("traces/tr-a/assessments/" + second_id).status, 404);
  EXPECT_EQ(get3("traces/tr-a/assessments/" + id).body["assessment"]["valid"], true);
}

TEST_P(TraceApi, TracesAreDeletedByIdAndByTime) {
  for (int i = 0; i < 5; ++i) start("tr-" + std::to_string(i), 1000 + i);
  EXPECT_EQ(export_json({span(7, 1, 0)}).status, 200);
  const auto remove = [&](Json request) {
    request["experiment_id"] = "0";
    return post3("traces/delete-traces", request);
  };
  EXPECT_EQ(remove(Json::object()).status, 400);
  EXPECT_EQ(remove({{"request_ids", {"tr-1"}}, {"max_timestamp_millis", 5}}).status, 400);
  EXPECT_EQ(remove({{"request_ids", {"tr-1"}}, {"max_traces", 5}}).status, 400);
  EXPECT_EQ(remove({{"max_timestamp_millis", 5}, {"max_traces", 0}}).status, 400);
  EXPECT_EQ(remove({{"request_ids", {"tr-1", "tr-none", id_of(7)}}}).body["traces_deleted"], 2);
  EXPECT_EQ(remove({{"max_timestamp_millis", 1003}, {"max_traces", 2}}).body["traces_deleted"], 2);  // the oldest
  EXPECT_EQ(found(""), "43");
  EXPECT_EQ(remove({{"max_timestamp_millis", 9999}}).body["traces_deleted"], 2);
  const auto left =
      database_->read([](sql::Session& session) { return session.query_one("SELECT COUNT(*) FROM trace_tags"); });
  EXPECT_EQ((*left)->integer(0), 0);
}

TEST_P(TraceApi, APurgedExperimentLeavesNothing) {
  for (int i = 0; i < 5; ++i) start("tr-" + std::to_string(i), 1000 + i);
  EXPECT_EQ(export_json({span(7, 1, 0)}).status, 200);
  const auto other = experiment("other");
  start("tr-other", 1, Json::object(), other);
  std::vector<std::int64_t> turns;
  while (turns.empty() || turns.back() > 0) {
    const auto done = database_->write([](sql::Session& session) { return purge_in(session, "default", 0, 4); });
    ASSERT_TRUE(done) << done.error().text();
    turns.push_back(*done);
  }
  EXPECT_EQ(turns, (std::vector<std::int64_t>{4, 2, 0}));
  EXPECT_EQ(found(""), "");
  EXPECT_EQ(get3("traces/tr-other").status, 200);
}

TEST_P(TraceApi, TheOldApiWorks) {
  const auto begun = post("traces", {{"experiment_id", "0"},
                                     {"timestamp_ms", 1000},
                                     {"request_metadata", {{{"key", "a"}, {"value", "b"}}}},
                                     {"tags", {{{"key", "mlflow.traceName"}, {"value", "n"}}}}});
  ASSERT_EQ(begun.status, 200) << begun.text;
  const std::string id = begun.body["trace_info"]["request_id"];
  EXPECT_EQ(begun.body["trace_info"]["status"], "IN_PROGRESS");
  const auto ended =
      wire_.send(http::Method::patch, "/api/2.0/mlflow/traces/" + id,
                 R"({"timestamp_ms":1500,"status":"OK","request_metadata":[{"key":"c","value":"d"}],"tags":[]})");
  EXPECT_EQ(ended.body["trace_info"]["execution_time_ms"], 500);
  EXPECT_EQ(to_text(ended.body["trace_info"]["request_metadata"]),
            R"([{"key":"a","value":"b"},{"key":"c","value":"d"}])");
  EXPECT_EQ(get("traces/" + id + "/info").body["trace_info"]["status"], "OK");
  EXPECT_EQ(get("traces?experiment_ids=0&max_results=5").body["traces"][0]["request_id"], id);
  EXPECT_EQ(get("traces?experiment_ids=0&filter=attributes.status%20%3D%20%27ERROR%27").text, "{}");
  EXPECT_EQ(post("traces/delete-traces", {{"experiment_id", "0"}, {"request_ids", {id}}}).body["traces_deleted"], 1);
}

TEST_P(TraceApi, RunsAndPromptsAreLinked) {
  const auto run_id = run("0");
  start("tr-a", 1000);
  start("tr-b", 2000, {{"trace_metadata", {{"mlflow.sourceRun", run_id}}}});
  start("tr-c", 3000);
  EXPECT_EQ(post("traces/link-to-run", {{"trace_ids", {"tr-a", "tr-none"}}, {"run_id", run_id}}).status, 200);
  EXPECT_EQ(post("traces/link-to-run", {{"trace_ids", {"tr-a"}}, {"run_id", "none"}}).status, 404);
  EXPECT_EQ(post("traces/link-to-run", {{"trace_ids", std::vector<std::string>(101, "x")}, {"run_id", run_id}}).status,
            400);
  EXPECT_EQ(found("attributes.run_id = '" + run_id + "'"), "ba");
  EXPECT_EQ(found("metadata.mlflow.sourceRun = '" + run_id + "'"), "ba");
  EXPECT_EQ(export_json({span(9, 1, 0)}, "0", run_id).status, 200);
  EXPECT_EQ(found("run_id = '" + run_id + "'").size(), 2U + 32U);
  EXPECT_EQ(
      post("traces/link-prompts", {{"trace_id", "tr-c"}, {"prompt_versions", {{{"name", "p"}, {"version", "1"}}}}})
          .status,
      200);
  EXPECT_EQ(found("prompt = 'p/1'"), "c");
}

INSTANTIATE_TEST_SUITE_P(Engines, TraceApi, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         tracking::testing::engine_name);

}  // namespace
}  // namespace ciclo::traces
