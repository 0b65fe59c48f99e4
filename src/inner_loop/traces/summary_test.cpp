// What spans say about their trace; and the mathematics of correlation by published and computed values.
#include "inner_loop/traces/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "inner_loop/traces/correlation.hpp"
#include "inner_loop/traces/service_limits.hpp"

namespace ciclo::traces {
namespace {

UsageNode node(const std::string& id, const std::string& parent, std::optional<std::int64_t> input) {
  UsageNode made{.span_id = id, .parent_id = parent, .usage = {}};
  if (input) made.usage = tokens_from(Json{{"input_tokens", *input}});
  return made;
}

TEST(Summary, AParentsTokensStandForItsChildren) {
  // root(none) → a(10) → b(4); root → c(none) → d(5); e(1) has a parent that is not here.
  const auto total = add_up({node("root", "", {}), node("a", "root", 10), node("b", "a", 4), node("c", "root", {}),
                             node("d", "c", 5), node("e", "elsewhere", 1)},
                            false);
  EXPECT_EQ(total.tokens[0], 16);
  EXPECT_EQ(total.tokens[1], 0);  // the plain counts are always there
  EXPECT_FALSE(total.tokens[3]);  // those of caches only when a span said them
  EXPECT_FALSE(add_up({node("root", "", {})}, false).has_tokens());
  EXPECT_FALSE(add_up({node("a", "b", 1), node("b", "a", 1)}, false).has_tokens());  // a ring has no root
}

TEST(Summary, NumbersAreTakenAsTheyComeAndNothingOverflows) {
  const auto usage = tokens_from(Json{{"input_tokens", "12"}, {"output_tokens", 3.0}, {"total_tokens", 1.5}});
  EXPECT_EQ(usage.tokens[0], 12);
  EXPECT_EQ(usage.tokens[1], 3);
  EXPECT_FALSE(usage.tokens[2]);
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(add_up({node("a", "", most), node("b", "", most)}, false).tokens[0], most);
  EXPECT_DOUBLE_EQ(*costs_from(Json{{"total_cost", 0.25}}).costs[2], 0.25);
}

TEST(Summary, TimesStateSessionAndTags) {
  Span root;
  root.span_id = "1";
  root.start_ns = 5'000'000;
  root.end_ns = 9'999'999;
  root.name = "root";
  root.status = SpanStatus::error;
  root.attributes = {{"mlflow.spanInputs", {{"x", 1}}},
                     {"mlflow.spanOutputs", "y"},
                     {"session.id", "S"},
                     {"mlflow.traceTag.team", "blue"},
                     {"mlflow.traceTag.mlflow.trace.spansLocation", "ELSEWHERE"},
                     {"mlflow.traceTag.mlflow.traceName", "given"}};
  root.resource = std::make_shared<const Json>(Json{
      {"service.name", "svc"}, {"telemetry.sdk.name", "x"}, {"mlflow.secret", "x"}, {"team", "red"}, {"bad%key", 1}});
  Span child = root;
  child.parent_id = "1";
  child.start_ns = 2'000'000;
  child.end_ns = 0;
  const auto summary = summarize({child, root});
  EXPECT_EQ(summary.start_ms, 2);
  EXPECT_EQ(summary.end_ms, 9);
  EXPECT_EQ(summary.root_state, TraceState::error);
  EXPECT_EQ(summary.session_id, "S");
  EXPECT_EQ(summary.name, "given");
  EXPECT_EQ(summary.request_preview, R"({"x":1})");
  EXPECT_EQ(summary.response_preview, "\"y\"");
  EXPECT_EQ(summary.tags, (std::vector<Tag>{{"service.name", "svc"}, {"team", "blue"}}));
}

TEST(Summary, PreviewsShowWhatWasSaid) {
  const auto message = [](const std::string& role, const Json& content) {
    return Json{{"role", role}, {"content", content}};
  };
  const Json chat{
      {"messages", {message("user", "hi"), message("assistant", "ho"), message("user", "last"), message("tool", "t")}}};
  EXPECT_EQ(preview_of(chat, "user"), "last");
  EXPECT_EQ(preview_of(chat, "nobody"), "t");
  EXPECT_EQ(preview_of(Json{{"choices", {{{"message", message("assistant", "ok")}}}}}, "assistant"), "ok");
  EXPECT_EQ(
      preview_of(Json{{"request", {{"input", {message("user", {{{"type", "text"}, {"text", "part"}}})}}}}}, "user"),
      "part");
  EXPECT_EQ(preview_of(5, "user"), "5");
  const std::string cut = preview_of(std::string(2000, 'x'), "user");
  EXPECT_EQ(cut.size(), max_preview_length);
  EXPECT_TRUE(cut.ends_with("x..."));
  EXPECT_EQ(cut_to("é1é2", 3), "é1é");
}

TEST(Correlation, ValuesOfMlflow) {
  const auto of = [](std::int64_t both, std::int64_t first, std::int64_t second, std::int64_t total) {
    Correlation counts{.total = total, .first = first, .second = second, .both = both};
    set_npmi(counts);
    return counts;
  };
  // MLflow 3.17 answers these for the same counts.
  EXPECT_DOUBLE_EQ(of(1, 1, 1, 2).npmi, 1.0);
  EXPECT_NEAR(of(1, 1, 1, 2).smoothed, 0.41339010522284747, 1e-15);
  EXPECT_DOUBLE_EQ(of(0, 2, 3, 10).npmi, -1.0);
  EXPECT_NEAR(of(10, 20, 50, 100).npmi, 0.0, 1e-15);  // independent
  EXPECT_DOUBLE_EQ(of(5, 5, 5, 5).smoothed, 1.0);
  EXPECT_TRUE(std::isnan(of(0, 0, 3, 10).npmi));
}

}  // namespace
}  // namespace ciclo::traces
