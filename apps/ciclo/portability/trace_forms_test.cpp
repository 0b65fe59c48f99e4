// Traces from one form of MLflow's into another.
#include <gtest/gtest.h>

#include "portability/python_json.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

Json parsed(std::string_view text) {
  auto read = parse_json(text);
  EXPECT_TRUE(read) << text;
  return read ? *std::move(read) : Json();
}

TEST(TraceForms, TimesAndDurations) {
  EXPECT_EQ(time_text(1'767'323'045'006), "2026-01-02T03:04:05.006Z");
  EXPECT_EQ(time_of("2026-01-02T03:04:05.006Z"), 1'767'323'045'006);
  EXPECT_EQ(time_of("2026-01-02T03:04:05Z"), 1'767'323'045'000);
  EXPECT_EQ(time_of(1'767'323'045'006), 1'767'323'045'006);
  for (const std::int64_t milliseconds : {0, 1, 999, 1000, 1500, 86'400'123, -1, -999, -1500})
    EXPECT_EQ(duration_of(duration_text(milliseconds)), milliseconds) << duration_text(milliseconds);
  EXPECT_EQ(duration_text(1500), "1.500s");
  EXPECT_EQ(duration_of("0.007s"), 7);
  for (const char* odd : {"", "s", "x", "1e300s"}) EXPECT_EQ(duration_of(odd), 0) << odd;
}

TEST(TraceForms, TheOlderInfoBecomesTheNewer) {
  const Json info = trace_info_from(parsed(R"({"request_id": "abc", "experiment_id": "4", "timestamp_ms": 1500,
    "execution_time_ms": 250, "status": "OK", "request_metadata": [{"key": "a", "value": "b"}],
    "tags": [{"key": "mlflow.traceName", "value": "ask"}]})"));
  EXPECT_EQ(info["trace_id"], "abc");
  EXPECT_EQ(experiment_of(info), "4");
  EXPECT_EQ(info["request_time"], "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(info["execution_duration"], "0.250s");
  EXPECT_EQ(info["state"], "OK");
  EXPECT_EQ(info["trace_metadata"], parsed(R"({"a": "b"})"));
  EXPECT_EQ(info["tags"], parsed(R"({"mlflow.traceName": "ask"})"));
  // As a file store of MLflow 3 has it.
  const Json file = trace_info_from(parsed(R"({"trace_id": "tr-1", "request_time": "2026-01-02T03:04:05.006Z",
    "execution_duration_ms": 7, "state": "ERROR", "request_preview": "p"})"));
  EXPECT_EQ(file["execution_duration"], "0.007s");
  EXPECT_EQ(file["request_preview"], "p");
  EXPECT_EQ(file["tags"], Json::object());
}

TEST(TraceForms, AnAnsweredSpanBecomesThatOfAFile) {
  const Json span = file_span_from_api(parsed(R"({"trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "t61rcWkgMzE=",
    "name": "call", "start_time_unix_nano": "5", "end_time_unix_nano": 9,
    "attributes": [{"key": "t", "value": {"string_value": "x"}}, {"key": "n", "value": {"int_value": "7"}},
      {"key": "l", "value": {"array_value": {"values": [{"bool_value": true}, {}, {"double_value": 2.5}]}}},
      {"key": "o", "value": {"kvlist_value": {"values": [{"key": "k"}]}}}],
    "events": [{"time_unix_nano": "6", "name": "e", "attributes": [{"key": "a", "value": {"int_value": 1}}]}],
    "links": [{"trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "t61rcWkgMzE="}],
    "status": {"message": "bad", "code": "STATUS_CODE_ERROR"}})"));
  EXPECT_EQ(span["attributes"], parsed(R"({"t": "\"x\"", "n": "7", "l": "[true,null,2.5]", "o": "{\"k\":null}"})"));
  EXPECT_EQ(span["start_time_unix_nano"], 5);
  EXPECT_EQ(span["end_time_unix_nano"], 9);
  EXPECT_EQ(span["parent_span_id"], nullptr);
  EXPECT_EQ(span["status"]["code"], "STATUS_CODE_ERROR");
  EXPECT_EQ(span["events"][0]["attributes"]["a"], 1);
  EXPECT_EQ(span["links"][0]["trace_id"], "tr-0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(attribute_of(span, "n"), 7);
  EXPECT_EQ(attribute_of(span, "none"), nullptr);

  const Json sent = otlp_span_of(span, "tr-0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(sent["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(sent["spanId"], "b7ad6b7169203331");
  EXPECT_EQ(sent["attributes"], parsed(R"([{"key": "t", "value": {"stringValue": "x"}},
    {"key": "n", "value": {"intValue": "7"}},
    {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}, {}, {"doubleValue": 2.5}]}}},
    {"key": "o", "value": {"kvlistValue": {"values": [{"key": "k"}]}}}])"));
  EXPECT_EQ(sent["endTimeUnixNano"], "9");
  EXPECT_FALSE(sent.contains("parentSpanId"));
  EXPECT_TRUE(otlp_span_of(span, "an id of MLflow 2").is_null());
}

TEST(TraceForms, PromptsAreNamedByATag) {
  const Json tags{{"mlflow.linkedPrompts", R"([{"name": "greet", "version": "2"}, {"name": "ask", "version": 3}])"}};
  EXPECT_EQ(linked_prompts_of({{"tags", tags}}), Json::array({"greet/2", "ask/3"}));
  EXPECT_EQ(linked_prompts_of({{"tags", {{"mlflow.linkedPrompts", "no JSON"}}}}), Json::array());
}

// The expected texts are what CPython's json.dumps(value, sort_keys=True) writes.
TEST(PythonJson, WritesWhatPythonWrites) {
  for (const auto& [value, expected] : std::vector<std::pair<std::string, std::string>>{
           {R"({"b": 1, "a": [1.0, 2.5, null, true]})", R"({"a": [1.0, 2.5, null, true], "b": 1})"},
           {R"({"é": "ü😀\u0001/\"\\"})", R"({"\u00e9": "\u00fc\ud83d\ude00\u0001/\"\\"})"},
           {R"([1e16, 1e15, 123456789012345678, 0.0001, 0.00001, -0.0, 1e300, 5e-324])",
            R"([1e+16, 1000000000000000.0, 123456789012345678, 0.0001, 1e-05, -0.0, 1e+300, 5e-324])"},
           {R"({})", R"({})"},
           {R"([])", R"([])"}})
    EXPECT_EQ(python_text(parsed(value)), expected);
}

}  // namespace
}  // namespace ciclo::portability
