// Histories, samples and comparisons through MLflow's API and Ciclo's own, on both engines.
#include <gtest/gtest.h>

#include <random>

#include "inner_loop/tracking/api_fixture.hpp"
#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/json_text.hpp"

namespace ciclo::tracking {
namespace {

class MetricHistory : public testing::ApiFixture {
 protected:
  // `count` points of one key from step `first` on, by batches.
  void log_points(const std::string& run_id, const std::string& key, std::int64_t first, std::int64_t count) const {
    std::vector<Metric> metrics;
    for (std::int64_t step = first; step < first + count; ++step)
      metrics.push_back({.key = key, .value = static_cast<double>(step) / 2, .timestamp = 10 + step, .step = step});
    const auto done = database_->write([&](sql::Session& session) {
      return MetricStore().log_in(session, {"default", run_id}, metrics);
    });
    ASSERT_TRUE(done) << done.error().text();
  }
  std::vector<std::int64_t> steps(const std::string& path) const {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 200) << answer.text;
    std::vector<std::int64_t> found;
    for (const Json& point : member(answer.body, "metrics")) found.push_back(point["step"].get<std::int64_t>());
    return found;
  }
  Json compare(const Json& body) const { return wire_.post("/api/v1/workspaces/default/runs/compare", body).body; }
};

TEST_P(MetricHistory, TheLatestOfEachKeyIsKeptWhateverTheOrder) {
  const auto id = run("0");
  std::mt19937_64 chance(std::random_device{}());
  std::map<std::string, std::tuple<std::int64_t, std::int64_t, double>> latest;
  std::map<std::string, std::set<std::tuple<std::int64_t, std::int64_t, double>>> all;
  for (int round = 0; round < 40; ++round) {
    std::vector<Metric> metrics;
    const std::size_t size = round % 3 == 0 ? 1 : chance() % 300;
    for (std::size_t i = 0; i < size; ++i) {
      metrics.push_back({.key = "k" + std::to_string(chance() % 5),
                         .value = static_cast<double>(chance() % 3),
                         .timestamp = static_cast<std::int64_t>(chance() % 3),
                         .step = static_cast<std::int64_t>(chance() % 20)});
      const auto& added = metrics.back();
      const std::tuple point(added.step, added.timestamp, added.value);
      all[added.key].insert(point);
      latest[added.key] = std::max(latest.try_emplace(added.key, point).first->second, point);
    }
    const auto done = database_->write([&](sql::Session& session) {
      return MetricStore().log_in(session, {"default", id}, metrics);
    });
    ASSERT_TRUE(done) << done.error().text();
  }
  const Json values = this->latest(id);
  EXPECT_EQ(values.size(), latest.size());
  for (const auto& [key, point] : latest) {
    EXPECT_EQ(values[key], std::get<2>(point)) << key;
    EXPECT_EQ(steps("metrics/get-history?run_id=" + id + "&metric_key=" + key).size(), all[key].size());
  }
}

TEST_P(MetricHistory, AWholeHistoryAndItsPages) {
  const auto id = run("0");
  log_points(id, "loss", 0, 60'001);
  log_points(id, "other", 0, 3);
  const std::string path = "metrics/get-history?metric_key=loss&run_id=" + id;
  const auto whole = steps(path);
  ASSERT_EQ(whole.size(), 60'001U);
  EXPECT_TRUE(std::ranges::is_sorted(whole));
  std::string token;
  std::vector<std::int64_t> paged;
  for (int page = 0; page < 3; ++page) {
    const auto answer = get(path + "&max_results=25000&page_token=" + token);
    for (const Json& point : answer.body["metrics"]) paged.push_back(point["step"].get<std::int64_t>());
    token = text_or(answer.body, "next_page_token");
    EXPECT_EQ(token.empty(), page == 2);
  }
  EXPECT_EQ(paged, whole);
  EXPECT_EQ(get("metrics/get-history?metric_key=none&run_id=" + id).text, "{}");
  EXPECT_EQ(get(path + "&page_token=00").status, 400);
  EXPECT_EQ(get(path + "&max_results=25001").status, 400);
}

TEST_P(MetricHistory, SamplesKeepTheEnds) {
  const auto id = run("0");
  log_points(id, "loss", 0, 1000);
  const auto sample = [&](const std::string& key, const std::string& more) {
    return steps("metrics/get-history-bulk-interval?metric_key=" + key + "&run_ids=" + id + more);
  };
  EXPECT_EQ(sample("loss", "").size(), 320U);  // as many as MLflow gives
  // Four equal parts: the first of each, but of the last part the last.
  EXPECT_EQ(sample("loss", "&max_results=4"), (std::vector<std::int64_t>{0, 250, 500, 999}));
  EXPECT_EQ(sample("loss", "&max_results=1"), (std::vector<std::int64_t>{999}));
  EXPECT_EQ(sample("loss", "&max_results=3&start_step=10&end_step=19"), (std::vector<std::int64_t>{10, 14, 19}));
  EXPECT_EQ(sample("loss", "&max_results=3&start_step=5000&end_step=6000"), std::vector<std::int64_t>{});
  // So long that it is sampled by steps, with a gap in the middle.
  log_points(id, "long", 0, 40'000);
  log_points(id, "long", 100'000, 10'001);
  const auto by_steps = sample("long", "&max_results=100");
  EXPECT_LE(by_steps.size(), 100U);
  EXPECT_GE(by_steps.size(), 40U);
  EXPECT_EQ(by_steps.front(), 0);
  EXPECT_EQ(by_steps.back(), 110'000);
  EXPECT_TRUE(std::ranges::is_sorted(by_steps));
  // So long, and all on one step.
  std::vector<Metric> same;
  for (int i = 0; i < 12'000; ++i) same.push_back({.key = "same", .value = static_cast<double>(i), .timestamp = i});
  ASSERT_TRUE(database_->write([&](sql::Session& session) {
    return MetricStore().log_in(session, {"default", id}, same);
  }));
  const auto few = get("metrics/get-history-bulk-interval?metric_key=same&max_results=5&run_ids=" + id).body["metrics"];
  ASSERT_EQ(few.size(), 5U);
  EXPECT_EQ(few[1]["value"], 2400.0);
  EXPECT_EQ(few[4]["value"], 11999.0);
}

TEST_P(MetricHistory, BulkTakesFiveHundredRunsAndSaysWhatIsWrong) {
  const auto id = run("0");
  log_points(id, "loss", 0, 5);
  const auto other = run("0");
  log_points(other, "loss", 3, 2);
  const std::string bulk = "metrics/get-history-bulk?metric_key=loss&run_id=" + id + "&run_id=" + other;
  EXPECT_EQ(steps(bulk).size(), 7U);
  EXPECT_EQ(steps(bulk + "&max_results=4").size(), 4U);
  EXPECT_EQ(steps(bulk + "&max_results=1000000").size(), 7U);
  const auto first = get(bulk).body["metrics"][0]["run_id"];
  EXPECT_EQ(first, std::min(id, other));
  const auto many = [&](const std::string& path, const std::string& name, int count) {
    std::string target = "metrics/" + path + "?metric_key=loss";
    for (int i = 0; i < count; ++i) target += "&" + name + "=" + (i % 2 == 0 ? id : other);
    return get(target).status;
  };
  EXPECT_EQ(many("get-history-bulk", "run_id", 500), 200);
  EXPECT_EQ(many("get-history-bulk", "run_id", 501), 400);
  EXPECT_EQ(many("get-history-bulk-interval", "run_ids", 500), 200);
  EXPECT_EQ(many("get-history-bulk-interval", "run_ids", 501), 400);
  const auto refused = [&](const std::string& more) {
    return get("metrics/get-history-bulk-interval?run_ids=" + id + more).status;
  };
  EXPECT_EQ(refused(""), 400);
  EXPECT_EQ(refused("&metric_key=loss&start_step=1"), 400);
  EXPECT_EQ(refused("&metric_key=loss&start_step=3&end_step=1"), 400);
  EXPECT_EQ(refused("&metric_key=loss&max_results=0"), 400);
  EXPECT_EQ(refused("&metric_key=loss&max_results=2501"), 400);
  EXPECT_EQ(get("metrics/get-history-bulk?metric_key=loss").status, 400);
}

TEST_P(MetricHistory, ComparisonsShowWhatDiffers) {
  const auto a = run("0");
  const auto b = run("0");
  for (const auto& id : {a, b}) post("runs/log-parameter", {{"run_id", id}, {"key", "same"}, {"value", "1"}});
  post("runs/log-parameter", {{"run_id", a}, {"key", "depth"}, {"value", "3"}});
  metric(a, "loss", 0.5);
  metric(b, "loss", "NaN");
  metric(a, "equal", 1);
  metric(b, "equal", 1);
  const Json answer = compare({{"run_ids", {a, b, a}}});
  ASSERT_EQ(answer["rows"].size(), 2U);
  EXPECT_EQ(answer["rows"][0]["run_id"], a);
  EXPECT_EQ(answer["differing"]["params"], Json({"depth"}));
  EXPECT_EQ(answer["differing"]["metrics"], Json({"loss"}));
  for (std::size_t i = 0; i < answer["columns"].size(); ++i) {
    const Json& value = answer["rows"][1]["values"][i];
    if (answer["columns"][i]["key"] == "depth") {
      EXPECT_TRUE(value.is_null());
    }
    if (answer["columns"][i]["key"] == "loss") {
      EXPECT_EQ(value, "NaN");
    }
  }
  const Json only = compare({{"run_ids", {a, b}}, {"metric_keys", {"loss"}}, {"param_keys", Json::array()}});
  EXPECT_EQ(only["differing"]["params"], Json::array());
  EXPECT_EQ(only["columns"].size(), 6U + 1 + 1);  // attributes, loss, mlflow.runName
  const auto status = [&](const Json& body) {
    return wire_.post("/api/v1/workspaces/default/runs/compare", body).status;
  };
  EXPECT_EQ(status({{"run_ids", {a, "unknown"}}}), 404);
  EXPECT_EQ(status({{"run_ids", Json::array()}}), 400);
  std::vector<std::string> many;
  for (int i = 0; i < 501; ++i) many.push_back("r" + std::to_string(i));
  EXPECT_EQ(status({{"run_ids", many}}), 400);
}

TEST(JsonText, SaysWhatTheTreeSays) {
  tracking::Run run;
  run.run_id = "r1";
  run.name = "a \"name\" with \\ and ü and \n and \x01";
  run.experiment_id = 7;
  run.user = std::string("\xff", 1);  // no UTF-8
  run.end_time = 5;
  for (const double value : {0.0, 1.0, -0.5, 1e300, 1.0 / 3, 5e-324, std::nan("")})
    run.metrics.push_back({.key = "m", .value = value, .timestamp = -1, .step = 2});
  run.params = {{"p", ""}};
  const auto text = [](const tracking::Run& of) {
    std::string out;
    append_json(out, of);
    return out;
  };
  EXPECT_EQ(*parse_json(text(run)), *parse_json(to_text(to_json(run))));
  run.metrics.clear();
  run.tags = {{"t", "v"}};
  run.dataset_inputs = {{.dataset = {.name = "d", .digest = "1"}, .tags = {{"x", "y"}}}};
  run.model_outputs = {{.model_id = "m-1", .step = 3}};
  EXPECT_EQ(*parse_json(text(run)), *parse_json(to_text(to_json(run))));
}

INSTANTIATE_TEST_SUITE_P(Engines, MetricHistory, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
