// Traces that come from another store: as they were, once, and never over what is here.
#include <gtest/gtest.h>

#include "inner_loop/traces/import.hpp"
#include "inner_loop/traces/span_forms.hpp"
#include "inner_loop/traces/span_reader.hpp"
#include "inner_loop/traces/trace_fixture.hpp"

namespace ciclo::traces {
namespace {

class TraceImports : public testing::TraceFixture {
 protected:
  void SetUp() override {
    TraceFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    imports_ = std::make_unique<TraceImport>(*database_, tracking_->experiments);
    ASSERT_TRUE(add_import_routes(router_, *imports_));
  }
  testing::Answer take(const Json& traces) const {
    return wire_.post("/api/v1/workspaces/default/import/traces", {{"traces", traces}});
  }
  Json outcome(const Json& item) const {
    const auto answer = take(Json::array({item}));
    EXPECT_EQ(answer.status, 200) << answer.text;
    return at_pointer(answer.body, "/traces/0");
  }

  static Json item(const Json& more = Json::object()) {
    Json made = *parse_json(R"({
      "trace_info": {"trace_id": "tr-0af7651916cd43dd8448eb211c80319c",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "client_request_id": "c1", "request_preview": "in", "response_preview": "out",
        "request_time": "2026-01-02T03:04:05.006Z", "execution_duration": "1.250s", "state": "ERROR",
        "trace_metadata": {"mlflow.trace.session": "s1", "mlflow.trace.infoFinalized": "true", "mlflow.sourceRun": "r1",
          "mlflow.trace.tokenUsage": "{\"input_tokens\": 3, \"total_tokens\": 3}"},
        "tags": {"mlflow.traceName": "ask", "team": "a", "mlflow.trace.spansLocation": "TRACKING_STORE",
          "mlflow.artifactLocation": "/somewhere/else"},
        "assessments": [
          {"assessment_id": "a-1", "assessment_name": "good", "source": {"source_type": "HUMAN", "source_id": "ana"},
           "feedback": {"value": true}, "valid": false, "rationale": "short",
           "create_time": "2026-01-02T03:05:00.001Z", "last_update_time": "2026-01-02T03:06:00.002Z"},
          {"assessment_id": "a-2", "assessment_name": "good", "source": {"source_type": "HUMAN", "source_id": "ana"},
           "feedback": {"value": false}, "overrides": "a-1",
           "create_time": "2026-01-02T03:07:00Z", "last_update_time": "2026-01-02T03:07:00Z"}]},
      "spans": [
        {"span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "root", "start_time_unix_nano": 1767323045006000000,
         "end_time_unix_nano": 1767323046256000000, "status": {"code": "STATUS_CODE_ERROR", "message": "broke"},
         "attributes": {"mlflow.spanInputs": "{\"q\": \"why\"}", "mlflow.spanType": "\"CHAIN\"", "n": "5", "odd": "NaN"},
         "events": [{"name": "exception", "time_unix_nano": 1767323045007000000, "attributes": {"type": "E"}}],
         "links": [{"trace_id": "tr-1", "span_id": "0000000000000009", "attributes": {"why": "retry"}}]},
        {"span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAE=", "name": "child",
         "start_time_unix_nano": "1767323045106000000", "end_time_unix_nano": null,
         "status": {"code": "STATUS_CODE_UNSET", "message": ""}, "attributes": {}}],
      "run_ids": ["r2"], "prompts": ["greeting/1"]})");
    merge_patch(made, more);
    return made;
  }
  static Json in_info(const Json& more) { return item({{"trace_info", more}}); }
  static constexpr const char* id = "tr-0af7651916cd43dd8448eb211c80319c";

  std::unique_ptr<TraceImport> imports_;
};

TEST_P(TraceImports, KeepWhatTheyAre) {
  EXPECT_EQ(outcome(item())["outcome"], "added");
  const Json got = info(id);
  EXPECT_EQ(got["request_time"], "2026-01-02T03:04:05.006Z");
  EXPECT_EQ(got["execution_duration"], "1.250s");
  EXPECT_EQ(got["state"], "ERROR");
  EXPECT_EQ(got["client_request_id"], "c1");
  EXPECT_EQ(got["trace_metadata"]["mlflow.trace.session"], "s1");
  EXPECT_EQ(got["trace_metadata"]["mlflow.trace.infoFinalized"], "true");
  EXPECT_EQ(got["tags"]["mlflow.traceName"], "ask");
  EXPECT_EQ(got["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE");
  EXPECT_EQ(got["tags"]["mlflow.artifactLocation"], fmt::format("mlflow-artifacts:/0/traces/{}/artifacts", id));
  const Json first = got["assessments"][0];
  EXPECT_EQ(first["assessment_id"], "a-1");
  EXPECT_EQ(first["valid"], false);
  EXPECT_EQ(first["last_update_time"], "2026-01-02T03:06:00.002Z");
  EXPECT_EQ(got["assessments"][1]["overrides"], "a-1");
  const Json spans = get3(std::string("traces/get?trace_id=") + id).body["trace"]["spans"];
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["name"], "root");
  EXPECT_EQ(spans[0]["status"]["message"], "broke");
  EXPECT_EQ(spans[0]["events"][0]["name"], "exception");
  EXPECT_EQ(spans[0]["links"][0]["attributes"][0]["key"], "why");
  EXPECT_FALSE(spans[1].contains("end_time_unix_nano"));
  EXPECT_EQ(found("span.name = 'root'"), id + 3);
  EXPECT_EQ(found("prompt = 'greeting/1'"), id + 3);
  for (const char* run : {"r1", "r2"}) EXPECT_EQ(found(fmt::format("run_id = '{}'", run)), id + 3) << run;
}

TEST_P(TraceImports, ComeOnceAndTakeInWhatIsNew) {
  outcome(item());
  const Json again = outcome(item());
  EXPECT_EQ(again["outcome"], "present") << to_text(again);
  EXPECT_FALSE(again.contains("differences") && !again["differences"].empty()) << to_text(again);
  const Json third = {{"span_id", "AAAAAAAAAAM="}, {"name", "late"}, {"start_time_unix_nano", 5}};
  Json more = in_info({{"tags", {{"extra", "1"}, {"team", "b"}}}});
  more["spans"].push_back(third);
  more["spans"][1]["end_time_unix_nano"] = 1767323045206000000;
  more["trace_info"]["assessments"][1]["valid"] = false;
  more["trace_info"]["assessments"].push_back(
      {{"assessment_id", "a-3"}, {"assessment_name", "good"}, {"feedback", {{"value", true}}}, {"overrides", "a-2"}});
  const Json news = outcome(more);
  EXPECT_EQ(news["outcome"], "changed");
  EXPECT_EQ(news["differences"], Json::array({"the tag 'team' has another value here"})) << to_text(news);
  const Json got = info(id);
  EXPECT_EQ(got["tags"]["extra"], "1");
  EXPECT_EQ(got["tags"]["team"], "a");
  EXPECT_EQ(got["assessments"].size(), 3U);
  for (const Json& assessment : got["assessments"])
    EXPECT_EQ(assessment["valid"], assessment["assessment_id"] == "a-3") << to_text(assessment);
  const Json spans = get3(std::string("traces/get?trace_id=") + id).body["trace"]["spans"];
  EXPECT_EQ(spans.size(), 3U);
  for (const Json& span : spans) EXPECT_NE(span.contains("end_time_unix_nano"), span["name"] == "late");
}

TEST_P(TraceImports, ATraceInProgressTakesItsEnd) {
  Json open = in_info({{"state", "IN_PROGRESS"}, {"execution_duration", nullptr}, {"response_preview", nullptr}});
  open["trace_info"]["trace_metadata"].erase("mlflow.trace.infoFinalized");
  EXPECT_EQ(outcome(open)["outcome"], "added");
  EXPECT_EQ(outcome(item())["outcome"], "changed");
  EXPECT_EQ(info(id)["state"], "ERROR");
  EXPECT_EQ(info(id)["response_preview"], "out");
  const Json other = outcome(in_info({{"state", "OK"}}));
  EXPECT_EQ(other["differences"], Json::array({"its state or its times are others here"}));
  EXPECT_EQ(info(id)["state"], "ERROR");
}

TEST_P(TraceImports, MalformedOnesAreRefusedAlone) {
  Json odd_span = item({{"trace_info", {{"trace_id", "tr-odd"}}}});
  odd_span["spans"][0]["span_id"] = "short";
  const auto answer = take(Json::array({odd_span, 5, in_info({{"trace_id", "a b"}}), item(),
                                        in_info({{"trace_id", "tr-2"}, {"trace_location", location("99")}})}));
  ASSERT_EQ(answer.status, 200) << answer.text;
  const Json outcomes = answer.body["traces"];
  EXPECT_EQ(outcomes[0]["outcome"], "refused");
  EXPECT_EQ(outcomes[0]["differences"][0], "'span_id' of a span must be the base64 of 8 bytes");
  EXPECT_EQ(outcomes[1]["outcome"], "refused");
  EXPECT_EQ(outcomes[2]["outcome"], "refused");
  EXPECT_EQ(outcomes[3]["outcome"], "added");
  EXPECT_EQ(outcomes[4]["differences"][0], "there is no experiment 99 for it");
  EXPECT_EQ(get3("traces/tr-odd").status, 404);
  EXPECT_EQ(take(5).status, 400);
  EXPECT_EQ(take(Json::array_t(1001)).status, 413);
  const std::string other = experiment("other");
  EXPECT_EQ(outcome(in_info({{"trace_location", location(other)}}))["differences"][0], "it is in experiment 0 here");
}

TEST_P(TraceImports, NulIsReplacedWhereverItIs) {
  Json bad = item();
  const std::string nul("a\0b", 3);
  bad["trace_info"]["tags"]["team"] = nul;
  bad["spans"][0]["name"] = nul;
  bad["spans"][0]["attributes"] = {{"mlflow.spanType", to_text(nul)}, {"x", R"({"y": ["\u0000"]})"}, {nul, "1"}};
  bad["spans"][0]["events"][0]["attributes"] = {{"k", Json::array({nul})}};
  EXPECT_EQ(outcome(bad)["outcome"], "added");
  EXPECT_EQ(get3(std::string("traces/get?trace_id=") + id).text.find("\\u0000"), std::string::npos);
}

// What is read in MLflow's form is written in it as it was.
TEST(SpanReader, IsTheInverseOfTheFileForm) {
  const Json form =
      *parse_json(R"({"trace_id": "Cvdlkai=", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "n",
    "start_time_unix_nano": 1, "end_time_unix_nano": 2, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""},
    "attributes": {"a": "\"text\"", "b": "5", "c": "[1,2.5]", "d": "{\"x\":null}", "e": "true"}, "links": []})");
  const auto span = span_from_file_form(form, "tr-0af7651916cd43dd8448eb211c80319c");
  ASSERT_TRUE(span) << span.error().text();
  Json again = file_form(*span);
  again["attributes"].erase("mlflow.traceRequestId");
  for (const char* key : {"span_id", "parent_span_id", "name", "start_time_unix_nano", "status", "attributes", "links"})
    EXPECT_TRUE(equal_values(again[key], form[key])) << key << ": " << to_text(again[key]);
}

INSTANTIATE_TEST_SUITE_P(Engines, TraceImports, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         tracking::testing::engine_name);

}  // namespace
}  // namespace ciclo::traces
