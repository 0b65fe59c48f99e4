// OTLP read from both encodings; what is refused; and what other libraries' attributes mean.
#include "inner_loop/traces/otlp.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "inner_loop/traces/conventions.hpp"
#include "inner_loop/traces/span_forms.hpp"
#include "otlp_trace.pb.h"

namespace ciclo::traces {
namespace {

const std::string trace_bytes = *decode_hex("0af7651916cd43dd8448eb211c80319c");
const std::string span_bytes = *decode_hex("b7ad6b7169203331");

otlp::Span* add_span(otlp::ExportTraceServiceRequest& request) {
  otlp::Span* span = request.add_resource_spans()->add_scope_spans()->add_spans();
  span->set_trace_id(trace_bytes);
  span->set_span_id(span_bytes);
  span->set_name("call");
  span->set_start_time_unix_nano(1'700'000'000'000'000'000);
  span->set_end_time_unix_nano(1'700'000'001'000'000'000);
  return span;
}

otlp::AnyValue* add_attribute(otlp::Span* span, const std::string& key) {
  auto* pair = span->add_attributes();
  pair->set_key(key);
  return pair->mutable_value();
}

OtlpRequest read(const otlp::ExportTraceServiceRequest& request) {
  auto parsed = read_otlp(request.SerializeAsString(), OtlpEncoding::protobuf);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? *std::move(parsed) : OtlpRequest{};
}

TEST(Otlp, ProtobufIsReadWithItsTypes) {
  otlp::ExportTraceServiceRequest request;
  otlp::Span* span = add_span(request);
  add_attribute(span, "i")->set_int_value(5);
  add_attribute(span, "d")->set_double_value(2.0);
  add_attribute(span, "b")->set_bool_value(true);
  add_attribute(span, "s")->set_string_value("x");
  add_attribute(span, "json")->set_string_value(R"({"q": 1})");
  add_attribute(span, "digits")->set_string_value("12");
  add_attribute(span, "bytes")->set_bytes_value(std::string("\x00\x01\x02", 3));
  add_attribute(span, "none");
  add_attribute(span, "list")->mutable_array_value()->add_values()->set_string_value("[1]");
  span->mutable_status()->set_code(2);
  span->mutable_status()->set_message("bad");
  auto* event = span->add_events();
  event->set_name("ev");
  event->set_time_unix_nano(7);
  auto* link = span->add_links();
  link->set_trace_id(trace_bytes);
  link->set_span_id(span_bytes);
  const auto parsed = read(request);
  ASSERT_EQ(parsed.spans.size(), 1U);
  const Span& got = parsed.spans.front();
  EXPECT_EQ(got.trace_id, "tr-0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(got.span_id, "b7ad6b7169203331");
  EXPECT_EQ(got.parent_id, "");
  EXPECT_EQ(got.status, SpanStatus::error);
  EXPECT_EQ(
      to_text(got.attributes),
      R"({"i":5,"d":2.0,"b":true,"s":"x","json":{"q":1},"digits":"12","bytes":"AAEC","none":null,"list":["[1]"]})");
  EXPECT_EQ(to_text(got.events), R"([{"name":"ev","time_unix_nano":7,"attributes":{}}])");
  EXPECT_EQ(to_text(got.links),
            R"([{"trace_id":"tr-0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","attributes":null}])");
}

TEST(Otlp, JsonIsReadAsProtobufIs) {
  const auto parsed = read_otlp(R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":
      {"stringValue":"svc"}}]},"scopeSpans":[{"spans":[{"traceId":"0AF7651916cd43dd8448eb211c80319c",
      "spanId":"b7ad6b7169203331","parentSpanId":"","name":"j","startTimeUnixNano":"1700000000000000000",
      "endTimeUnixNano":1700000001000000000,"attributes":[{"key":"i","value":{"intValue":"5"}},
      {"key":"d","value":{"doubleValue":"NaN"}},{"key":"kv","value":{"kvlistValue":{"values":[{"key":"a",
      "value":{"boolValue":true}}]}}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}}],
      "events":[{"name":"ev","timeUnixNano":"7"}],"links":[{"traceId":"0af7651916cd43dd8448eb211c80319d",
      "spanId":"b7ad6b7169203332"}],"status":{"code":"STATUS_CODE_OK"},"unknown":1}]}]}]})",
                                OtlpEncoding::json);
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->spans.size(), 1U) << parsed->why;
  const Span& got = parsed->spans.front();
  EXPECT_EQ(got.trace_id, "tr-0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(got.start_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(got.end_ns, 1'700'000'001'000'000'000);
  EXPECT_EQ(got.status, SpanStatus::ok);
  EXPECT_EQ(to_text(got.attributes), R"({"i":5,"d":"NaN","kv":{"a":true},"l":["x"]})");
  EXPECT_EQ(text_or(got.links[0], "trace_id"), "tr-0af7651916cd43dd8448eb211c80319d");
  EXPECT_EQ(text_or(*got.resource, "service.name"), "svc");
}

TEST(Otlp, SpansThatBreakARuleAreLeftOutAlone) {
  otlp::ExportTraceServiceRequest request;
  add_span(request);
  add_span(request)->set_trace_id("short");
  add_span(request)->set_span_id(std::string(8, '\0'));
  add_span(request)->set_start_time_unix_nano(~0ULL);
  otlp::Span* crowded = add_span(request);
  for (std::size_t i = 0; i <= limits::max_attributes; ++i) add_attribute(crowded, std::to_string(i));
  otlp::AnyValue* deep = add_attribute(add_span(request), "deep");
  for (int i = 0; i <= limits::max_value_depth; ++i) deep = deep->mutable_array_value()->add_values();
  const auto parsed = read(request);
  EXPECT_EQ(parsed.spans.size(), 1U);
  EXPECT_EQ(parsed.rejected, 5);
  EXPECT_NE(parsed.why.find("trace_id must be 16 bytes"), std::string::npos);
}

TEST(Otlp, WhatIsNoRequestIsRefused) {
  EXPECT_FALSE(read_otlp("\xff\xff\xff", OtlpEncoding::protobuf));
  EXPECT_FALSE(read_otlp("{", OtlpEncoding::json));
  EXPECT_FALSE(read_otlp("[]", OtlpEncoding::json));
  EXPECT_FALSE(read_otlp(R"({"resourceSpans":{}})", OtlpEncoding::json));
  otlp::ExportTraceServiceRequest request;
  otlp::AnyValue* deep = add_attribute(add_span(request), "deep");
  for (int i = 0; i < 200; ++i) deep = deep->mutable_array_value()->add_values();
  EXPECT_FALSE(read_otlp(request.SerializeAsString(), OtlpEncoding::protobuf));
  EXPECT_TRUE(read_otlp("", OtlpEncoding::protobuf));  // carries nothing, says OTLP, and is well
}

TEST(Otlp, TextsBecomeCleanUtf8) {
  otlp::ExportTraceServiceRequest request;
  otlp::Span* span = add_span(request);
  span->set_name(
      "a\xff"
      "b");
  add_attribute(span, "nul")->set_string_value(std::string("a\0b", 3));
  add_attribute(span, "escaped")->set_string_value(R"({"a":"\u0000"})");
  const auto parsed = read(request);
  EXPECT_EQ(parsed.spans[0].name,
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(parsed.spans[0].text("nul"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(parsed.spans[0].text("escaped"), R"({"a":"\u0000"})");
}

TEST(Otlp, AnswersSayWhatWasLeftOut) {
  EXPECT_EQ(otlp_answer(OtlpEncoding::protobuf, 0, ""), "");
  EXPECT_EQ(otlp_answer(OtlpEncoding::json, 0, ""), "{}");
  EXPECT_EQ(otlp_answer(OtlpEncoding::json, 2, "why"),
            R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"why"}})");
  otlp::ExportTraceServiceResponse answer;
  ASSERT_TRUE(answer.ParseFromString(otlp_answer(OtlpEncoding::protobuf, 2, "why")));
  EXPECT_EQ(answer.partial_success().rejected_spans(), 2);
  otlp::RpcStatus status;
  ASSERT_TRUE(
      status.ParseFromString(otlp_failure(OtlpEncoding::protobuf, {.code = ErrorCode::invalid, .message = "m"})));
  EXPECT_EQ(status.code(), 3);
  EXPECT_EQ(status.message(), "m");
}

TEST(SpanForms, StoredContentComesBack) {
  Span span;
  span.trace_id = "tr-0af7651916cd43dd8448eb211c80319c";
  span.span_id = "b7ad6b7169203331";
  span.name = "call";
  span.start_ns = 5;
  span.status = SpanStatus::error;
  span.status_message = "bad";
  span.attributes = {{"n", 1}, {"f", 2.0}, {"t", "x"}, {"l", {1, "a"}}, {"o", {{"k", nullptr}}}};
  Span again;
  ASSERT_TRUE(read_content(stored_content(span), again));
  EXPECT_EQ(to_text(again.attributes), to_text(span.attributes));
  EXPECT_EQ(again.status_message, "bad");
  EXPECT_EQ(to_text(otlp_form(span)),
            R"({"trace_id":"CvdlGRbNQ92ESOshHIAxnA==","span_id":"t61rcWkgMzE=","name":"call","start_time_unix_nano":5,)"
            R"("attributes":[{"key":"n","value":{"int_value":1}},{"key":"f","value":{"double_value":2.0}},)"
            R"({"key":"t","value":{"string_value":"x"}},{"key":"l","value":{"array_value":{"values":[{"int_value":1},)"
            R"({"string_value":"a"}]}}},{"key":"o","value":{"kvlist_value":{"values":[{"key":"k"}]}}}],)"
            R"("status":{"message":"bad","code":"STATUS_CODE_ERROR"}})");
  EXPECT_EQ(text_or(file_form(span)["attributes"], "t"), "\"x\"");
}

TEST(Conventions, OtherLibrariesAreUnderstood) {
  struct Case {
    Json attributes;
    std::string key;
    Json expected;
  };
  const std::vector<Case> cases{
      {{{"gen_ai.operation.name", "chat"}}, "mlflow.spanType", "CHAT_MODEL"},
      {{{"openinference.span.kind", "LLM"}, {"mlflow.spanType", "UNKNOWN"}}, "mlflow.spanType", "LLM"},
      {{{"openinference.span.kind", "LLM"}, {"mlflow.spanType", "TOOL"}}, "mlflow.spanType", "TOOL"},
      {{{"input.value", {{"q", 1}}}}, "mlflow.spanInputs", {{"q", 1}}},
      {{{"input.value", ""}}, "mlflow.spanInputs", nullptr},
      {{{"gen_ai.usage.input_tokens", 3}, {"gen_ai.usage.output_tokens", "4"}},
       "mlflow.chat.tokenUsage",
       {{"input_tokens", 3}, {"output_tokens", 4}, {"total_tokens", 7}}},
      {{{"llm.token_count.total", 9}}, "mlflow.chat.tokenUsage", {{"total_tokens", 9}}},
      {{{"gen_ai.request.model", "m"}}, "mlflow.llm.model", "m"},
      {{{"mlflow.spanInputs", {{"model", "from inputs"}}}}, "mlflow.llm.model", "from inputs"},
      {{{"langfuse.observation.type", "generation"}}, "mlflow.spanType", "LLM"},
  };
  for (const Case& each : cases) {
    Span span;
    span.attributes = each.attributes;
    add_mlflow_attributes(span);
    EXPECT_EQ(member(span.attributes, each.key), each.expected) << to_text(each.attributes);
  }
}

}  // namespace
}  // namespace ciclo::traces
