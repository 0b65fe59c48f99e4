// MLflow's API for experiments, runs and metrics, on both engines.
#include <gtest/gtest.h>

#include "inner_loop/tracking/api_fixture.hpp"

namespace ciclo::tracking {
namespace {

class MlflowApi : public testing::ApiFixture {};

TEST_P(MlflowApi, DefaultExperimentExistsInEveryWorkspace) {
  EXPECT_EQ(get("experiments/get?experiment_id=0").body["experiment"]["name"], "Default");
  const auto other = wire_.get("/workspaces/dev/ajax-api/2.0/mlflow/experiments/get-by-name?experiment_name=Default");
  EXPECT_EQ(other.body["experiment"]["experiment_id"], "0");
}

TEST_P(MlflowApi, ExperimentsOfOneWorkspaceAreNotSeenInAnother) {
  experiment("weather");
  EXPECT_EQ(wire_.get("/workspaces/dev/api/2.0/mlflow/experiments/get-by-name?experiment_name=weather").status, 404);
  const auto made = wire_.post("/workspaces/dev/api/2.0/mlflow/experiments/create", {{"name", "weather"}});
  EXPECT_EQ(made.body["experiment_id"], "1");
}

TEST_P(MlflowApi, ErrorsHaveMlflowsForm) {
  const auto missing = get("experiments/get-by-name?experiment_name=nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body["error_code"], "RESOURCE_DOES_NOT_EXIST");
  experiment("a");
  const auto twice = post("experiments/create", {{"name", "a"}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(twice.body["error_code"], "RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(post("experiments/create", {{"name", ""}}).body["error_code"], "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(wire_.send(http::Method::post, "/api/2.0/mlflow/runs/create", "{").status, 400);
  EXPECT_EQ(get("runs/get?run_id=none").status, 404);
  EXPECT_EQ(get("runs/get").status, 400);
}

TEST_P(MlflowApi, ABodyEncodedTwiceIsTaken) {
  const std::string once = to_text({{"name", "twice"}});
  EXPECT_EQ(wire_.send(http::Method::post, "/api/2.0/mlflow/experiments/create", to_text(Json(once))).status, 200);
}

TEST_P(MlflowApi, ADeletedExperimentKeepsItsNameAndTakesNoRuns) {
  const auto id = experiment("old");
  const auto run_id = run(id);
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", id}}).status, 200);
  EXPECT_EQ(get("experiments/get-by-name?experiment_name=old").body["experiment"]["lifecycle_stage"], "deleted");
  EXPECT_EQ(post("experiments/create", {{"name", "old"}}).status, 400);
  EXPECT_EQ(post("runs/create", {{"experiment_id", id}}).status, 400);
  EXPECT_EQ(get("runs/get?run_id=" + run_id).body["run"]["info"]["lifecycle_stage"], "deleted");
  EXPECT_EQ(post("experiments/restore", {{"experiment_id", id}}).status, 200);
  EXPECT_EQ(get("runs/get?run_uuid=" + run_id).body["run"]["info"]["lifecycle_stage"], "active");
}

TEST_P(MlflowApi, ARunHasItsNameInATag) {
  const auto made = post("runs/create", {{"experiment_id", "0"}, {"run_name", "first"}, {"user_id", "eva"}});
  const Json& info = made.body["run"]["info"];
  EXPECT_EQ(info["run_name"], "first");
  EXPECT_EQ(info["run_id"], info["run_uuid"]);
  EXPECT_EQ(info["user_id"], "eva");
  EXPECT_EQ(info["status"], "RUNNING");
  EXPECT_EQ(info["artifact_uri"], "mlflow-artifacts:/0/" + text_or(info, "run_id") + "/artifacts");
  EXPECT_EQ(made.body["run"]["data"]["tags"][0]["key"], "mlflow.runName");
  const std::string id = text_or(info, "run_id");
  const auto updated =
      post("runs/update", {{"run_id", id}, {"status", "FINISHED"}, {"end_time", "77"}, {"run_name", "second"}});
  EXPECT_EQ(updated.body["run_info"]["status"], "FINISHED");
  EXPECT_EQ(updated.body["run_info"]["end_time"], 77);
  EXPECT_EQ(search("0", "tags.mlflow.runName = 'second'"), std::vector{id});
}

TEST_P(MlflowApi, LatestMetricIsTheGreatestStepThenTimestampThenValue) {
  const auto id = run("0");
  metric(id, "m", 5.0, 2, 10);
  metric(id, "m", 9.0, 1, 99);
  EXPECT_EQ(latest(id)["m"], 5.0);
  metric(id, "m", 1.0, 2, 11);
  EXPECT_EQ(latest(id)["m"], 1.0);
  metric(id, "m", 3.0, 2, 11);
  metric(id, "m", 2.0, 2, 11);
  EXPECT_EQ(latest(id)["m"], 3.0);
  metric(id, "m", 3.0, 2, 11);  // the same again
  const auto history = get("metrics/get-history?metric_key=m&run_id=" + id);
  EXPECT_EQ(history.body["metrics"].size(), 5U);
}

TEST_P(MlflowApi, NotANumberAndInfinityComeBackAsMlflowGivesThem) {
  const auto id = run("0");
  metric(id, "nan", "NaN");
  metric(id, "up", "Infinity");
  metric(id, "down", "-Infinity");
  metric(id, "text", "1.5");
  const Json values = latest(id);
  EXPECT_EQ(values["nan"], "NaN");
  EXPECT_EQ(values["up"], 1.7976931348623157e308);
  EXPECT_EQ(values["down"], -1.7976931348623157e308);
  EXPECT_EQ(values["text"], 1.5);
  EXPECT_TRUE(search("0", "metrics.nan > -1").empty());
}

TEST_P(MlflowApi, HistoryIsPagedAndUnknownKeysHaveNone) {
  const auto id = run("0");
  for (int step = 0; step < 5; ++step) metric(id, "m", step * 0.5, step);
  std::vector<double> values;
  std::string token;
  do {
    const auto page = get("metrics/get-history?metric_key=m&max_results=2&run_id=" + id + "&page_token=" + token);
    for (const Json& item : page.body["metrics"]) values.push_back(item["value"].get<double>());
    token = text_or(page.body, "next_page_token");
  } while (!token.empty());
  EXPECT_EQ(values, (std::vector<double>{0, 0.5, 1, 1.5, 2}));
  EXPECT_EQ(get("metrics/get-history?metric_key=none&run_id=" + id).text, "{}");
  EXPECT_EQ(get("metrics/get-history?metric_key=m&page_token=zz&run_id=" + id).status, 400);
  EXPECT_EQ(get("metrics/get-history?metric_key=m&max_results=30000&run_id=" + id).status, 400);
}

TEST_P(MlflowApi, IntervalsSampleEvenlyWithBothEnds) {
  const auto id = run("0");
  Json points = Json::array();
  for (int step = 0; step < 200; ++step)
    points.push_back({{"key", "m"}, {"value", step}, {"timestamp", step}, {"step", step}});
  ASSERT_EQ(post("runs/log-batch", {{"run_id", id}, {"metrics", points}}).status, 200);
  const auto sampled = get("metrics/get-history-bulk-interval?metric_key=m&max_results=11&run_ids=" + id);
  std::vector<int> steps;
  for (const Json& item : sampled.body["metrics"]) steps.push_back(item["step"].get<int>());
  EXPECT_EQ(steps.size(), 11U);
  EXPECT_EQ(steps.front(), 0);
  EXPECT_EQ(steps.back(), 199);
  const auto all = get("metrics/get-history-bulk-interval?metric_key=m&run_ids=" + id);
  EXPECT_EQ(all.body["metrics"].size(), 200U);
  const auto bulk = get("metrics/get-history-bulk?metric_key=m&run_id=" + id + "&run_id=none");
  EXPECT_EQ(bulk.body["metrics"].size(), 200U);
  EXPECT_EQ(bulk.body["metrics"][0]["run_id"], id);
  EXPECT_EQ(latest(id)["m"], 199.0);
}

TEST_P(MlflowApi, ParamsNeverChange) {
  const auto id = run("0");
  const Json first{{"run_id", id}, {"key", "depth"}, {"value", "3"}};
  EXPECT_EQ(post("runs/log-parameter", first).status, 200);
  EXPECT_EQ(post("runs/log-parameter", first).status, 200);
  const auto changed = post("runs/log-parameter", {{"run_id", id}, {"key", "depth"}, {"value", "4"}});
  EXPECT_EQ(changed.status, 400);
  EXPECT_EQ(changed.body["error_code"], "INVALID_PARAMETER_VALUE");
  const Json pair{{"key", "a"}, {"value", "1"}};
  EXPECT_EQ(post("runs/log-batch", {{"run_id", id}, {"params", {pair, pair}}}).status, 400);
  // A batch with one bad parameter leaves nothing behind.
  const Json batch{{"run_id", id},
                   {"params", {{{"key", "new"}, {"value", "1"}}, {{"key", "depth"}, {"value", "9"}}}},
                   {"tags", {{{"key", "t"}, {"value", "1"}}}}};
  EXPECT_EQ(post("runs/log-batch", batch).status, 400);
  EXPECT_TRUE(search("0", "params.new = '1'").empty());
}

TEST_P(MlflowApi, LimitsHold) {
  const auto id = run("0");
  const auto param = [&](std::size_t key, std::size_t value) {
    return post("runs/log-parameter",
                {{"run_id", id}, {"key", std::string(key, 'k')}, {"value", std::string(value, 'v')}})
        .status;
  };
  EXPECT_EQ(param(250, 6000), 200);
  EXPECT_EQ(param(251, 1), 400);
  EXPECT_EQ(param(10, 6001), 400);
  EXPECT_EQ(post("runs/set-tag", {{"run_id", id}, {"key", "t"}, {"value", std::string(8001, 'v')}}).status, 400);
  EXPECT_EQ(post("runs/set-tag", {{"run_id", id}, {"key", "../t"}, {"value", "v"}}).status, 400);
  EXPECT_EQ(post("experiments/create", {{"name", std::string(501, 'e')}}).status, 400);
  Json many = Json::array();
  for (int i = 0; i < 1001; ++i) many.push_back({{"key", "m"}, {"value", i}, {"timestamp", i}, {"step", i}});
  EXPECT_EQ(post("runs/log-batch", {{"run_id", id}, {"metrics", many}}).status, 400);
  EXPECT_EQ(post("runs/search", {{"experiment_ids", {"0"}}, {"max_results", 50'001}}).status, 400);
}

TEST_P(MlflowApi, ADeletedRunTakesNothing) {
  const auto id = run("0");
  EXPECT_EQ(post("runs/delete", {{"run_id", id}}).status, 200);
  EXPECT_EQ(post("runs/log-metric", {{"run_id", id}, {"key", "m"}, {"value", 1}, {"timestamp", 1}}).status, 400);
  EXPECT_EQ(post("runs/set-tag", {{"run_id", id}, {"key", "m"}, {"value", "1"}}).status, 400);
  EXPECT_TRUE(search("0", "").empty());
  const auto deleted = post("runs/search", {{"experiment_ids", {"0"}}, {"run_view_type", "DELETED_ONLY"}});
  EXPECT_EQ(deleted.body["runs"].size(), 1U);
  EXPECT_EQ(post("runs/restore", {{"run_id", id}}).status, 200);
  EXPECT_EQ(search("0", ""), std::vector{id});
}

TEST_P(MlflowApi, AJobsRunKeepsItsStatus) {
  const auto created = database_->write([&](sql::Session& session) {
    NewRun request;
    request.workspace = "default";
    request.run_id = "calm_river_1";
    request.experiment_name = "pipelines";
    request.parent_run_id = "parent";
    request.start_time = 5;
    request.is_managed = true;
    return RunStore().create_run_in(session, request);
  });
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(post("runs/update", {{"run_id", "calm_river_1"}, {"status", "FINISHED"}, {"end_time", 9}})
                .body["run_info"]["status"],
            "RUNNING");
  EXPECT_EQ(search("1", "tags.mlflow.parentRunId = 'parent'"), std::vector<std::string>{"calm_river_1"});
  const auto ended = database_->write([&](sql::Session& session) {
    return RunStore().end_run_in(session, {"default", "calm_river_1"}, RunStatus::failed, 10);
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(get("runs/get?run_id=calm_river_1").body["run"]["info"]["status"], "FAILED");
}

TEST_P(MlflowApi, WhatIsNotOfferedIsSaidInMlflowsForm) {
  for (const std::string path : {"/api/2.0/mlflow/nothing", "/workspaces/dev/ajax-api/3.0/mlflow/traces"}) {
    const auto answer = wire_.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body["error_code"], "ENDPOINT_NOT_FOUND") << path;
  }
  EXPECT_EQ(wire_.get("/workspaces/dev/version").text, "3.6.0");
}

INSTANTIATE_TEST_SUITE_P(Engines, MlflowApi, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
