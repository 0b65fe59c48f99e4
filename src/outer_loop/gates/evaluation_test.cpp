#include "outer_loop/gates/evaluation.hpp"

#include <gtest/gtest.h>

#include "outer_loop/gates/latency.hpp"

namespace ciclo::outer_loop {
namespace {

Json column(const std::string& name, const std::string& type, bool required = true) {
  return {{"name", name}, {"type", type}, {"required", required}};
}

ModelEvidence model(double accuracy) {
  return {.reference = "dev/weather:3",
          .metrics = {{"accuracy", accuracy}, {"loss", 1 - accuracy}},
          .signature = {{"inputs", Json::array({column("wind", "double"), column("city", "string")})}},
          .files = {"MLmodel", "model.onnx"}};
}

struct CheckCase {
  const char* name;
  Json check;
  double accuracy;
  std::optional<double> champion;
  CheckStatus expected;
};

TEST(Gate, JudgesMetrics) {
  const Json least = {{"type", "metric"}, {"name", "accuracy"}, {"minimum", 0.6}};
  const Json most = {{"type", "metric"}, {"name", "loss"}, {"maximum", 0.4}};
  const Json best = {{"type", "metric"}, {"name", "accuracy"}, {"compare", "champion"}};
  const Json nearly = {{"type", "metric"}, {"name", "accuracy"}, {"compare", "champion"}, {"tolerance", 0.05}};
  const Json lowest = {{"type", "metric"}, {"name", "loss"}, {"compare", "champion"}, {"goal", "minimize"}};
  Json mild = least;
  mild["severity"] = "warning";
  const Json unknown = {{"type", "metric"}, {"name", "acuracy"}, {"minimum", 0.1}};
  const std::vector<CheckCase> cases = {
      {"at the bound", least, 0.6, {}, CheckStatus::pass},
      {"below", least, 0.59, {}, CheckStatus::fail},
      {"below, a warning", mild, 0.59, {}, CheckStatus::warn},
      {"loss low enough", most, 0.7, {}, CheckStatus::pass},
      {"loss too high", most, 0.5, {}, CheckStatus::fail},
      {"no champion", best, 0.1, {}, CheckStatus::pass},
      {"as good as the champion", best, 0.8, 0.8, CheckStatus::pass},
      {"worse than the champion", best, 0.79, 0.8, CheckStatus::fail},
      {"hardly worse", nearly, 0.76, 0.8, CheckStatus::pass},
      {"too much worse", nearly, 0.74, 0.8, CheckStatus::fail},
      {"less loss", lowest, 0.81, 0.8, CheckStatus::pass},
      {"more loss", lowest, 0.79, 0.8, CheckStatus::fail},
      {"not measured", unknown, 0.9, {}, CheckStatus::fail},
  };
  for (const auto& c : cases) {
    GateEvidence evidence{.candidate = model(c.accuracy), .champion = {}, .latency = {}};
    if (c.champion) evidence.champion = model(*c.champion);
    const CheckResult result = evaluate(c.check, evidence);
    EXPECT_EQ(result.status, c.expected) << c.name << ": " << result.evidence;
    EXPECT_EQ(passes({result}), c.expected == CheckStatus::pass || c.expected == CheckStatus::warn) << c.name;
  }
}

TEST(Gate, ComparesInputsWithTheChampions) {
  const Json check = {{"type", "schema"}};
  const auto judge = [&](const Json& inputs) {
    GateEvidence evidence{.candidate = model(0.9), .champion = model(0.9), .latency = {}};
    evidence.candidate.signature["inputs"] = inputs;
    return evaluate(check, evidence);
  };
  const Json wind = column("wind", "double");
  const Json city = column("city", "string");
  EXPECT_EQ(judge(Json::array({wind, city})).status, CheckStatus::pass);
  EXPECT_EQ(judge(Json::array({column("wind", "double", false), city})).status, CheckStatus::pass);
  EXPECT_EQ(judge(Json::array({city, wind})).status, CheckStatus::fail);
  EXPECT_EQ(judge(Json::array({wind})).status, CheckStatus::fail);
  EXPECT_EQ(judge(Json::array()).status, CheckStatus::fail);
  const CheckResult changed = judge(Json::array({column("wind", "float"), city}));
  EXPECT_EQ(changed.evidence, "input 1 is \"wind\" (float), the champion's is \"wind\" (double)");
  EXPECT_EQ(evaluate(check, {.candidate = model(0.9), .champion = {}, .latency = {}}).status, CheckStatus::pass);
}

TEST(Gate, JudgesLatencyAndFormat) {
  const Json latency = {{"type", "latency"}, {"p95_ms", 50}};
  GateEvidence evidence{.candidate = model(0.9), .champion = {}, .latency = {}};
  EXPECT_EQ(evaluate(latency, evidence).status, CheckStatus::error);
  evidence.latency = LatencyEvidence{.p50_ms = 1, .p95_ms = 50, .requests = 100};
  EXPECT_EQ(evaluate(latency, evidence).status, CheckStatus::pass);
  evidence.latency = LatencyEvidence{.p50_ms = 1, .p95_ms = 50.1, .requests = 100};
  EXPECT_EQ(evaluate(latency, evidence).status, CheckStatus::fail);
  evidence.latency = Result<LatencyEvidence>(fail(ErrorCode::timeout, "late"));
  EXPECT_EQ(evaluate(latency, evidence).status, CheckStatus::error);

  EXPECT_EQ(evaluate({{"type", "format"}}, evidence).status, CheckStatus::pass);
  evidence.candidate.files.emplace_back("data/Model.PKL");
  EXPECT_EQ(evaluate({{"type", "format"}}, evidence).status, CheckStatus::fail);
  EXPECT_EQ(evaluate({{"type", "format"}, {"allow_pickle", true}}, evidence).status, CheckStatus::pass);
}

TEST(Latency, PercentilesAreMeasuredValues) {
  std::vector<double> times;
  for (int i = 100; i >= 1; --i) times.push_back(i);
  EXPECT_EQ(percentile(times, 95), 95);
  EXPECT_EQ(percentile(times, 50), 50);
  EXPECT_EQ(percentile({7}, 95), 7);
}

TEST(Latency, AsksWithOneRow) {
  const Json example = {{"columns", {"a", "b"}}, {"data", Json::array({Json::array({1, "x"}), Json::array({2, "y"})})}};
  EXPECT_EQ(sample_request(example, nullptr),
            Json({{"input_data", {{"columns", {"a", "b"}}, {"data", Json::array({Json::array({1, "x"})})}}}}));
  const Json signature = {
      {"inputs", Json::array({column("wind", "double"), column("city", "string"), column("n", "long")})}};
  EXPECT_EQ(
      sample_request(nullptr, signature),
      Json({{"input_data", {{"columns", {"wind", "city", "n"}}, {"data", Json::array({Json::array({0.0, "", 0})})}}}}));
  EXPECT_TRUE(sample_request(nullptr, nullptr).is_null());
}

}  // namespace
}  // namespace ciclo::outer_loop
