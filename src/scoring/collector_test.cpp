#include "scoring/collector.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/json.hpp"
#include "scoring/testing/test_models.hpp"

namespace ciclo::scoring {
namespace {

class FixedExchange final : public Exchange {
 public:
  FixedExchange(std::string inputs, std::string outputs) : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}
  void append_inputs(std::string& json) const override { json += inputs_; }
  void append_outputs(std::string& json) const override { json += outputs_; }

 private:
  std::string inputs_;
  std::string outputs_;
};

CollectedRecord example() {
  CollectedRecord record;
  record.deployment = "blue";
  record.model_name = "weather";
  record.model_version = "3";
  record.request_id = "r-1";
  record.time = *parse_rfc3339("2026-01-31T08:15:30.123Z");
  record.inputs = record.outputs = true;
  record.correlation_id = "c0ffee000000000000001";
  record.exchange = std::make_unique<FixedExchange>(R"([{"city":"porto","temp":20.5,"wind":null,"wet":0}])",
                                                    R"([{"label":"sun","probabilities":[0.25,0.75]}])");
  return record;
}

CollectorSettings settings_in(const std::filesystem::path& folder) {
  return {.folder = folder, .workspace = "prod", .endpoint = "weather", .instance = "4242-a1b2c3d4e5f6-1"};
}

// The two lines of docs/formats/collected-data.md, which are the golden file of this format.
constexpr std::string_view golden_inputs =
    R"({"specversion":"1.0","id":"c0ffee000000000000001-inputs","source":"/workspaces/prod/onlineEndpoints/weather/deployments/blue","type":"ciclo.inferencing.inputs","datacontenttype":"application/json","time":"2026-01-31T08:15:30.123Z","data":[{"city":"porto","temp":20.5,"wind":null,"wet":0}],"correlationid":"c0ffee000000000000001","xrequestid":"r-1","modelname":"weather","modelversion":"3","collectdatatype":"pandas.core.frame.DataFrame","agent":"ciclo-scorer","contentrange":"bytes 0-49/50"})"
    "\n";
constexpr std::string_view golden_outputs =
    R"({"specversion":"1.0","id":"c0ffee000000000000001-outputs","source":"/workspaces/prod/onlineEndpoints/weather/deployments/blue","type":"ciclo.inferencing.outputs","datacontenttype":"application/json","time":"2026-01-31T08:15:30.123Z","data":[{"label":"sun","probabilities":[0.25,0.75]}],"correlationid":"c0ffee000000000000001","xrequestid":"r-1","modelname":"weather","modelversion":"3","collectdatatype":"pandas.core.frame.DataFrame","agent":"ciclo-scorer","contentrange":"bytes 0-44/45"})"
    "\n";

TEST(CollectorTest, WritesTheDocumentedLinesAtTheDocumentedPlace) {
  const testing::TemporaryFolder folder;
  Collector collector(settings_in(folder.path()));
  collector.offer(example());
  collector.flush();
  const auto base = folder.path() / "weather/blue";
  EXPECT_EQ(testing::read_file(base / "model_inputs/2026/01/31/08/4242-a1b2c3d4e5f6-1.jsonl"), golden_inputs);
  EXPECT_EQ(testing::read_file(base / "model_outputs/2026/01/31/08/4242-a1b2c3d4e5f6-1.jsonl"), golden_outputs);
  EXPECT_EQ(collector.counters().collected, 2U);
  EXPECT_EQ(collector.counters().dropped, 0U);
}

TEST(CollectorTest, WritesWhatWaitsWhenItStops) {
  const testing::TemporaryFolder folder;
  {
    Collector collector(settings_in(folder.path()));
    for (int i = 0; i < 100; ++i) {
      auto record = example();
      record.outputs = false;
      collector.offer(std::move(record));
    }
  }
  std::ifstream in(folder.path() / "weather/blue/model_inputs/2026/01/31/08/4242-a1b2c3d4e5f6-1.jsonl");
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) EXPECT_TRUE(parse_json(line));
  EXPECT_EQ(lines, 100);
}

TEST(CollectorTest, AFolderThatCannotBeWrittenOnlyDropsAndCounts) {
  const testing::TemporaryFolder folder;
  // A file where a folder belongs: fails for every user, root as well.
  testing::write_file(folder.path() / "weather", "in the way");
  Collector collector(settings_in(folder.path()));
  collector.offer(example());
  collector.flush();
  EXPECT_EQ(collector.counters().dropped, 2U);
  EXPECT_NE(collector.last_error().find("cannot open"), std::string::npos);
  std::filesystem::remove(folder.path() / "weather");
  collector.offer(example());
  collector.flush();
  EXPECT_EQ(collector.counters().collected, 2U);
  EXPECT_EQ(collector.last_error(), "");
}

TEST(CollectorTest, AFullQueueDropsAndCounts) {
  const testing::TemporaryFolder folder;
  auto settings = settings_in(folder.path());
  settings.max_queue = 0;
  Collector collector(settings);
  collector.offer(example());
  collector.flush();
  EXPECT_EQ(collector.counters().dropped, 1U);
  EXPECT_EQ(collector.counters().collected, 0U);
}

TEST(CollectorTest, EveryRequestHasACorrelationOfItsOwn) {
  const testing::TemporaryFolder folder;
  Collector one(settings_in(folder.path()));
  Collector two(settings_in(folder.path()));
  EXPECT_NE(one.next_correlation_id(), one.next_correlation_id());
  EXPECT_NE(one.next_correlation_id(), two.next_correlation_id());
}

}  // namespace
}  // namespace ciclo::scoring
