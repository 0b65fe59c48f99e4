// What is taken in from another store: once, as it was, and never over what is here.
#include <gtest/gtest.h>

#include <limits>

#include "inner_loop/tracking/api_fixture.hpp"
#include "inner_loop/tracking/import_handlers.hpp"

namespace ciclo::tracking::testing {
namespace {

class Import : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    if (!database_) return;
    imports_ = std::make_unique<ImportService>(*database_, tracking_->experiments);
    ASSERT_TRUE(add_import_routes(router_, *imports_, *blobs_));
  }
  Answer take(const std::string& route, const Json& body) const {
    return wire_.post("/api/v1/workspaces/default/import/" + route, body);
  }
  static Json run(const Json& more = Json::object()) {
    Json info{{"run_id", "r1"},   {"experiment_id", "7"},         {"run_name", "first"},
              {"user_id", "ana"}, {"status", "FINISHED"},         {"start_time", 10},
              {"end_time", 20},   {"lifecycle_stage", "deleted"}, {"deleted_time", 30}};
    for (const auto& [key, value] : more.items()) info[key] = value;
    return {{"info", info},
            {"data", {{"params", {{{"key", "depth"}, {"value", "3"}}}}, {"tags", {{{"key", "a"}, {"value", "b"}}}}}}};
  }
  static Json experiment(const std::string& stage = "deleted") {
    return {{"experiments",
             {{{"experiment_id", "7"},
               {"name", "seven"},
               {"lifecycle_stage", stage},
               {"creation_time", 1},
               {"last_update_time", 2},
               {"tags", {{{"key", "team"}, {"value", "x"}}}}}}}};
  }
  static Json history(const Json& steps, const Json& values) {
    Json timestamps = Json::array();
    for (const Json& step : steps) timestamps.push_back(100 + step.get<int>());
    return {{"runs",
             {{{"run_id", "r1"},
               {"metrics", {{{"key", "loss"}, {"steps", steps}, {"timestamps", timestamps}, {"values", values}}}}}}}};
  }

  std::unique_ptr<ImportService> imports_;
};

TEST_P(Import, KeepsIdsTimesAndLifecycles) {
  EXPECT_EQ(take("experiments", experiment()).body["experiments"][0]["id"], "7");
  const auto done = take("runs", {{"runs", {run()}}});
  EXPECT_EQ(done.body["runs"][0]["outcome"], "added") << done.text;
  EXPECT_EQ(get("experiments/get?experiment_id=7").body["experiment"]["lifecycle_stage"], "deleted");
  const Json info = get("runs/get?run_id=r1").body["run"]["info"];
  EXPECT_EQ(info["end_time"], 20);
  EXPECT_EQ(info["lifecycle_stage"], "deleted");
  EXPECT_EQ(info["user_id"], "ana");
  // A later experiment counts on from there.
  EXPECT_EQ(ApiFixture::experiment("eight"), "8");
}

TEST_P(Import, ComesOnceHoweverOftenItIsSent) {
  take("experiments", experiment());
  take("runs", {{"runs", {run()}}});
  EXPECT_EQ(take("experiments", experiment()).body["experiments"][0]["outcome"], "present");
  EXPECT_EQ(take("runs", {{"runs", {run()}}}).body["runs"][0]["outcome"], "present");
  const Json first = history({0, 1, 2, 1}, {0.5, "NaN", "Infinity", "NaN"});
  EXPECT_EQ(take("metrics", first).body["added"], 3);
  EXPECT_EQ(take("metrics", first).body["added"], 0);
  // In between and at either end.
  const auto more = take("metrics", history({-1, 0, 1, 2, 3}, {9, 0.5, 0.25, "Infinity", 1}));
  EXPECT_EQ(more.body["added"], 3) << more.text;
  EXPECT_EQ(more.body["present"], 2);
  const auto all = get("metrics/get-history?run_id=r1&metric_key=loss").body["metrics"];
  EXPECT_EQ(all.size(), 6U) << to_text(all);
  EXPECT_EQ(get("runs/get?run_id=r1").body["run"]["info"]["lifecycle_stage"], "deleted");
}

TEST_P(Import, LeavesWhatIsHereAndSaysSo) {
  take("experiments", experiment("active"));
  take("runs", {{"runs", {run({{"status", "RUNNING"}, {"end_time", nullptr}, {"lifecycle_stage", "active"}})}}});
  Json changed = run({{"lifecycle_stage", "active"}});
  changed["data"]["params"] = {{{"key", "depth"}, {"value", "4"}}, {{"key", "late"}, {"value", "1"}}};
  const Json outcome = take("runs", {{"runs", {changed}}}).body["runs"][0];
  EXPECT_EQ(outcome["outcome"], "changed");
  EXPECT_EQ(outcome["differences"][0], "the parameter 'depth' has another value here");
  const Json run_here = get("runs/get?run_id=r1").body["run"];
  EXPECT_EQ(run_here["info"]["status"], "FINISHED");
  EXPECT_EQ(run_here["data"]["params"].size(), 2U);
  EXPECT_EQ(run_here["data"]["params"][0]["value"], "3");
  EXPECT_EQ(take("runs", {{"runs", {run({{"start_time", 11}})}}}).body["runs"][0]["outcome"], "refused");
}

TEST_P(Import, RefusesOneAndTakesTheOthers) {
  take("experiments", experiment());
  Json bad_key = run({{"run_id", "r2"}});
  bad_key["data"]["tags"].push_back({{"key", "../x"}, {"value", "y"}});
  const auto done =
      take("runs", {{"runs", {run({{"run_id", "../r"}}), bad_key, run({{"run_id", "r3"}, {"experiment_id", "99"}})}}});
  EXPECT_EQ(done.body["runs"][0]["outcome"], "refused") << done.text;
  EXPECT_EQ(done.body["runs"][1]["outcome"], "added");
  EXPECT_EQ(done.body["runs"][1]["differences"].size(), 1U);
  EXPECT_EQ(done.body["runs"][2]["outcome"], "refused");
  EXPECT_EQ(take("metrics",
                 {{"runs",
                   {{{"run_id", "r2"},
                     {"metrics", {{{"key", "k"}, {"steps", {1}}, {"timestamps", Json::array()}, {"values", {1}}}}}}}}})
                .status,
            400);
}

INSTANTIATE_TEST_SUITE_P(Engines, Import, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         engine_name);

}  // namespace
}  // namespace ciclo::tracking::testing
