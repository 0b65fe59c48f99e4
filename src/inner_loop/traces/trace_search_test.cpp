// Searches and numbers over traces, on both engines.
#include <gtest/gtest.h>

#include <set>

#include "inner_loop/traces/trace_fixture.hpp"

namespace ciclo::traces {
namespace {

class TraceSearches : public testing::TraceFixture {
 protected:
  void SetUp() override {
    TraceFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start("tr-a", 1000,
          {{"tags", {{"team", "Blue"}, {"mlflow.traceName", "chat"}}},
           {"client_request_id", "c1"},
           {"trace_metadata", {{"env", "prod"}, {"mlflow.trace.session", "s1"}}}});
    start("tr-b", 2000,
          {{"tags", {{"team", "blue"}, {"mlflow.traceName", "search"}}},
           {"state", "ERROR"},
           {"execution_duration", "2s"},
           {"trace_metadata", {{"mlflow.trace.session", "s1"}}}});
    start("tr-c", 3000,
          {{"execution_duration", nullptr},
           {"state", "IN_PROGRESS"},
           {"trace_metadata", {{"mlflow.trace.tokenUsage", R"({"total_tokens": 7})"}}}});
  }
  void assess(const std::string& id, const Json& assessment) {
    EXPECT_EQ(post3("traces/" + id + "/assessments", {{"assessment", assessment}}).status, 200);
  }
};

TEST_P(TraceSearches, Attributes) {
  EXPECT_EQ(found(""), "cba");
  EXPECT_EQ(found("timestamp_ms > 1000"), "cb");
  EXPECT_EQ(found("trace.timestamp >= 1000 AND attributes.timestamp < 3000"), "ba");
  EXPECT_EQ(found("execution_time_ms > 1000"), "b");
  EXPECT_EQ(found("execution_time IS NULL"), "c");
  EXPECT_EQ(found("end_time_ms = 1500"), "a");
  EXPECT_EQ(found("status = 'OK'"), "a");
  EXPECT_EQ(found("attributes.status != 'OK'"), "cb");
  EXPECT_EQ(found("status IN ('OK', 'ERROR')"), "ba");
  EXPECT_EQ(found("name = 'chat'"), "a");
  EXPECT_EQ(found("name LIKE '%ar%'"), "b");
  EXPECT_EQ(found("name ILIKE 'CHAT'"), "a");
  EXPECT_EQ(found("name LIKE 'CHAT'"), "");
  EXPECT_EQ(found("name RLIKE '^(ch|se)a'"), "ba");
  EXPECT_EQ(found("name IS NULL"), "c");
  EXPECT_EQ(found("client_request_id = 'c1'"), "a");
  EXPECT_EQ(found("trace_id = 'tr-b' OR request_id = 'tr-c'"), "cb");
  EXPECT_EQ(found("(name = 'chat' OR name = 'search') AND status = 'ERROR'"), "b");
}

TEST_P(TraceSearches, TagsAndMetadata) {
  EXPECT_EQ(found("tags.team = 'blue'"), "b");
  EXPECT_EQ(found("tag.`team` ILIKE 'BLUE'"), "ba");
  EXPECT_EQ(found("tags.team IN ('blue', 'Blue')"), "ba");
  EXPECT_EQ(found("tags.team IS NULL"), "c");
  EXPECT_EQ(found("tags.\"mlflow.traceName\" = 'search'"), "b");
  EXPECT_EQ(found("metadata.env = 'prod'"), "a");
  EXPECT_EQ(found("request_metadata.env IS NOT NULL"), "a");
  EXPECT_EQ(found("metadata.mlflow.trace.session = 's1'"), "ba");
  EXPECT_EQ(found("metadata.`mlflow.trace.tokenUsage` IS NOT NULL"), "c");
  EXPECT_EQ(found("tags.`mlflow.artifactLocation` LIKE '%tr-a%'"), "a");
}

TEST_P(TraceSearches, Spans) {
  const auto text = [](const std::string& value) { return Json{{"stringValue", value}}; };
  export_json({span(1, 1, 0, {{{"key", "mlflow.spanType"}, {"value", text("AGENT")}}}),
               span(1, 2, 1,
                    {{{"key", "mlflow.spanType"}, {"value", text("LLM")}},
                     {{"key", "gpt model"}, {"value", text("gpt-5 \"x\"")}},
                     {{"key", "n"}, {"value", {{"intValue", "5"}}}},
                     {{"key", "b"}, {"value", {{"boolValue", true}}}}})});
  const std::string one = id_of(1).substr(3);
  EXPECT_EQ(found("span.type = 'LLM'"), one);
  EXPECT_EQ(found("span.name = 'span2' AND span.type = 'LLM'"), one);
  EXPECT_EQ(found("span.name = 'span1' AND span.type = 'LLM'"), "");  // no one span is both
  EXPECT_EQ(found("span.name = 'span1' OR span.type = 'NONE'"), one);
  EXPECT_EQ(found("span.status = 'UNSET'"), one);
  EXPECT_EQ(found("span.attributes.`gpt model` LIKE 'gpt%'"), one);
  EXPECT_EQ(found("span.attributes.`gpt model` = 'gpt-5 \"\"x\"\"'"), "");
  EXPECT_EQ(found("span.attributes.`gpt model` = 'gpt-5 \"x\"'"), one);
  EXPECT_EQ(found("span.attributes.n = '5' AND span.attributes.b = 'true'"), one);
  EXPECT_EQ(found("span.attributes.n RLIKE '^[0-9]$'"), one);
  EXPECT_EQ(found("span.attributes.none IS NOT NULL"), "");
  EXPECT_EQ(found("trace.text LIKE '%gpt-5%'"), one);
  EXPECT_EQ(found("text LIKE '%nothing of this%'"), "");
}

TEST_P(TraceSearches, Assessments) {
  assess("tr-a", {{"assessment_name", "good"}, {"feedback", {{"value", "yes"}}}});
  assess("tr-b", {{"assessment_name", "score"}, {"feedback", {{"value", 0.8}}}});
  assess("tr-c", {{"assessment_name", "score"}, {"feedback", {{"value", 0.2}}}});
  assess("tr-c", {{"assessment_name", "good"}, {"expectation", {{"value", true}}}});
  assess("tr-c", {{"assessment_name", "iss-1"}, {"issue", {{"issue_name", "I"}}}});
  EXPECT_EQ(found("feedback.good = 'yes'"), "a");
  EXPECT_EQ(found("feedback.good != 'yes'"), "");
  EXPECT_EQ(found("feedback.score > 0.5"), "b");
  EXPECT_EQ(found("feedback.score <= 0.2"), "c");
  EXPECT_EQ(found("feedback.score = '0.8'"), "b");
  EXPECT_EQ(found("expectation.good = 'true'"), "c");
  EXPECT_EQ(found("feedback.good IS NULL"), "cb");
  EXPECT_EQ(found("feedback.good IS NOT NULL"), "a");
  EXPECT_EQ(found("issue.id = 'iss-1'"), "c");
  // One that was made for the session counts for all traces of it.
  assess(
      "tr-a",
      {{"assessment_name", "calm"}, {"feedback", {{"value", "yes"}}}, {"metadata", {{"mlflow.trace.session", "s1"}}}});
  EXPECT_EQ(found("feedback.calm = 'yes'"), "ba");
  EXPECT_EQ(found("feedback.calm IS NULL"), "c");
}

// Sessions of two experiments may have the same name; what is said of one is nothing to the other.
TEST_P(TraceSearches, WhatIsSaidOfASessionStaysInItsExperiment) {
  const std::string other = experiment("other");
  start("tr-o", 1000, {{"trace_metadata", {{"mlflow.trace.session", "s1"}}}}, other);
  const Json said{{"assessment_name", "calm"},
                  {"source", {{"source_type", "HUMAN"}}},
                  {"feedback", {{"value", "yes"}}},
                  {"metadata", {{"mlflow.trace.session", "s1"}}}};
  EXPECT_EQ(post3("traces/tr-o/assessments", {{"assessment", said}}).status, 200);
  EXPECT_EQ(found("feedback.calm = 'yes'"), "");
  EXPECT_EQ(found("feedback.calm IS NULL"), "cba");
  Json elsewhere = search_request("feedback.calm = 'yes'");
  elsewhere["locations"] = Json::array({location(other)});
  EXPECT_EQ(post3("traces/search", elsewhere).body["traces"].size(), 1U);
}

TEST_P(TraceSearches, WhatIsNotUnderstoodIsRefused) {
  for (const std::string filter :
       {"nothing = 'x'", "tags.a = 1", "span.weird = 'x'", "issue.name = 'x'", "name RLIKE '('", "name RLIKE '(?i)a'",
        "timestamp_ms = 'x'", "timestamp_ms LIKE '1'", "metrics.a > 1", "metadata.`mlflow.trace.cost` = '1'",
        "span.attributes. = 'x'", "feedback.a > 'x'"})
    EXPECT_EQ(post3("traces/search", search_request(filter)).status, 400) << filter;
  EXPECT_EQ(post3("traces/search", search_request("", {"nothing"})).status, 400);
  EXPECT_EQ(post3("traces/search", search_request("", {"span.name"})).status, 400);
  EXPECT_EQ(post3("traces/search", {{"locations", {location("0")}}, {"max_results", 501}}).status, 400);
  EXPECT_EQ(post3("traces/search", {{"filter", ""}}).status, 400);
}

TEST_P(TraceSearches, Orders) {
  EXPECT_EQ(found("", {"timestamp_ms ASC"}), "abc");
  EXPECT_EQ(found("", {"execution_time_ms DESC"}), "bac");  // missing last
  EXPECT_EQ(found("", {"execution_time_ms ASC"}), "abc");
  EXPECT_EQ(found("", {"name DESC"}), "bac");
  EXPECT_EQ(found("", {"tags.team ASC", "trace_id DESC"}), "abc");
  EXPECT_EQ(found("", {"attributes.status", "timestamp ASC"}), "bca");
  EXPECT_EQ(found("", {"metadata.env", "request_id"}), "abc");
}

TEST_P(TraceSearches, PagesHoldEveryTraceOnce) {
  const auto other = experiment("other");
  for (int i = 0; i < 5; ++i) start("tr-x" + std::to_string(i), 1000 + i % 2, Json::object(), i % 2 == 0 ? "0" : other);
  for (const Json& order : {Json::array(), Json{"execution_time_ms DESC"}, Json{"name ASC"}}) {
    Json request{{"locations", {location("0"), location(other)}}, {"max_results", 3}, {"order_by", order}};
    std::set<std::string> seen;
    std::vector<std::size_t> sizes;
    for (int turn = 0; turn < 9; ++turn) {
      const auto page = post3("traces/search", request);
      ASSERT_EQ(page.status, 200) << page.text;
      sizes.push_back(page.body["traces"].size());
      for (const Json& trace : page.body["traces"]) EXPECT_TRUE(seen.insert(text_or(trace, "trace_id")).second);
      if (!page.body.contains("next_page_token")) break;
      request["page_token"] = page.body["next_page_token"];
    }
    EXPECT_EQ(seen.size(), 8U);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 3, 2}));
  }
  EXPECT_EQ(post3("traces/search", {{"locations", {location("0")}}, {"page_token", "00"}}).status, 400);
}

TEST_P(TraceSearches, Metrics) {
  const auto points = [&](Json request) {
    request["experiment_ids"] = {"0"};
    const auto answer = post3("traces/metrics", request);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return to_text(member(answer.body, "data_points"));
  };
  const auto aggregate = [](const std::string& type) { return Json{{"aggregation_type", type}}; };
  EXPECT_EQ(points({{"view_type", "TRACES"},
                    {"metric_name", "trace_count"},
                    {"aggregations", {aggregate("COUNT")}},
                    {"dimensions", {"trace_status"}}}),
            R"([{"metric_name":"trace_count","dimensions":{"trace_status":"ERROR"},"values":{"COUNT":1.0}},)"
            R"({"metric_name":"trace_count","dimensions":{"trace_status":"IN_PROGRESS"},"values":{"COUNT":1.0}},)"
            R"({"metric_name":"trace_count","dimensions":{"trace_status":"OK"},"values":{"COUNT":1.0}}])");
  // Of 500 and 2000: the mean, the median, and 500 + 0.9 · 1500.
  EXPECT_EQ(points({{"view_type", "TRACES"},
                    {"metric_name", "latency"},
                    {"aggregations",
                     {aggregate("AVG"),
                      {{"aggregation_type", "PERCENTILE"}, {"percentile_value", 50}},
                      {{"aggregation_type", "PERCENTILE"}, {"percentile_value", 90}}}}}),
            R"([{"metric_name":"latency","values":{"AVG":1250.0,"P50.0":1250.0,"P90.0":1850.0}}])");
  EXPECT_EQ(points({{"view_type", "TRACES"}, {"metric_name", "session_count"}, {"aggregations", {aggregate("COUNT")}}}),
            R"([{"metric_name":"session_count","values":{"COUNT":1.0}}])");
  EXPECT_EQ(points({{"view_type", "TRACES"},
                    {"metric_name", "total_tokens"},
                    {"aggregations", {aggregate("SUM")}},
                    {"filters", {"trace.status = 'IN_PROGRESS'"}}}),
            R"([{"metric_name":"total_tokens","values":{"SUM":7.0}}])");
  EXPECT_EQ(
      points({{"view_type", "TRACES"},
              {"metric_name", "trace_count"},
              {"aggregations", {aggregate("COUNT")}},
              {"time_interval_seconds", 2},
              {"start_time_ms", 0},
              {"end_time_ms", 2500},
              {"filters", {"trace.tag.team = 'blue'"}}}),
      R"([{"metric_name":"trace_count","dimensions":{"time_bucket":"1970-01-01T00:00:02+00:00"},"values":{"COUNT":1.0}}])");
  assess("tr-a", {{"assessment_name", "score"}, {"feedback", {{"value", 0.5}}}});
  assess("tr-b", {{"assessment_name", "score"}, {"feedback", {{"value", true}}}});
  EXPECT_EQ(points({{"view_type", "ASSESSMENTS"},
                    {"metric_name", "assessment_value"},
                    {"aggregations", {aggregate("AVG")}},
                    {"dimensions", {"assessment_name"}}}),
            R"([{"metric_name":"assessment_value","dimensions":{"assessment_name":"score"},"values":{"AVG":0.75}}])");
  EXPECT_EQ(export_json({span(1, 1, 0,
                              {text_attribute("mlflow.spanType", "LLM"),
                               text_attribute("mlflow.llm.cost", R"({"total_cost": 0.25})")}),
                         span(1, 2, 1)})
                .status,
            200);
  EXPECT_EQ(points({{"view_type", "SPANS"},
                    {"metric_name", "span_count"},
                    {"aggregations", {aggregate("COUNT")}},
                    {"dimensions", {"span_type"}}}),
            R"([{"metric_name":"span_count","dimensions":{"span_type":"LLM"},"values":{"COUNT":1.0}}])");
  EXPECT_EQ(points({{"view_type", "SPANS"}, {"metric_name", "total_cost"}, {"aggregations", {aggregate("SUM")}}}),
            R"([{"metric_name":"total_cost","values":{"SUM":0.25}}])");
  const auto refused = [&](Json request) {
    request["experiment_ids"] = {"0"};
    return post3("traces/metrics", request).status;
  };
  EXPECT_EQ(refused({{"view_type", "TRACES"}, {"metric_name", "nope"}, {"aggregations", {aggregate("SUM")}}}), 400);
  EXPECT_EQ(refused({{"view_type", "TRACES"}, {"metric_name", "trace_count"}, {"aggregations", {aggregate("SUM")}}}),
            400);
  EXPECT_EQ(refused({{"view_type", "TRACES"},
                     {"metric_name", "trace_count"},
                     {"aggregations", {aggregate("COUNT")}},
                     {"filters", {"span.name = 'x'"}}}),
            400);
}

TEST_P(TraceSearches, Correlation) {
  const auto answer =
      post3("traces/calculate-filter-correlation",
            {{"experiment_ids", {"0"}}, {"filter_string1", "status = 'OK'"}, {"filter_string2", "name = 'chat'"}});
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["npmi"], 1.0);
  EXPECT_EQ(answer.body["joint_count"], 1);
  EXPECT_EQ(answer.body["total_count"], 3);
  const auto within = post3("traces/calculate-filter-correlation", {{"experiment_ids", {"0"}},
                                                                    {"filter_string1", "status = 'OK'"},
                                                                    {"filter_string2", "name = 'none'"},
                                                                    {"base_filter", "timestamp_ms < 2500"}});
  EXPECT_EQ(within.body["total_count"], 2);
  EXPECT_EQ(within.body["npmi"], "NaN");
}

INSTANTIATE_TEST_SUITE_P(Engines, TraceSearches, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         tracking::testing::engine_name);

}  // namespace
}  // namespace ciclo::traces
