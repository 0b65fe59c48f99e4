// MLflow's tracking API through the router, on both engines.
#include <gtest/gtest.h>

#include <map>

#include "inner_loop/tracking/testing.hpp"

namespace ciclo::tracking {
namespace {

using testing::Answer;

class MlflowApi : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    const std::string url = testing::new_database(GetParam(), folder_);
    if (url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
    auto opened = sql::Database::open(url);
    ASSERT_TRUE(opened) << opened.error().text();
    database_ = std::move(*opened);
    ASSERT_TRUE(database_->migrate(migrations()));
    auto blobs = blobs::open_folder_store(folder_.path() / "blobs");
    ASSERT_TRUE(blobs);
    blobs_ = std::move(*blobs);
    tracking_ = std::make_unique<Tracking>(*database_, clock_);
    const auto added = add_tracking_routes(router_, *tracking_, *blobs_);
    ASSERT_TRUE(added) << added.error().text();
  }

  Answer post(const std::string& path, const Json& body) const { return wire_.post("/api/2.0/mlflow/" + path, body); }
  Answer get(const std::string& path) const { return wire_.get("/api/2.0/mlflow/" + path); }
  std::string experiment(const std::string& name) const {
    return text_or(post("experiments/create", {{"name", name}}).body, "experiment_id");
  }
  std::string run(const std::string& experiment_id, std::int64_t start_time = 1000) const {
    const auto made = post("runs/create", {{"experiment_id", experiment_id}, {"start_time", start_time}});
    EXPECT_EQ(made.status, 200) << made.text;
    return made.body.value(Json::json_pointer("/run/info/run_id"), std::string());
  }
  void metric(const std::string& run_id, const std::string& key, const Json& value, std::int64_t step = 0,
              std::int64_t timestamp = 1) const {
    const auto done =
        post("runs/log-metric",
             {{"run_id", run_id}, {"key", key}, {"value", value}, {"timestamp", timestamp}, {"step", step}});
    EXPECT_EQ(done.status, 200) << done.text;
  }
  std::vector<std::string> search(const std::string& experiment_id, const std::string& filter,
                                  const std::vector<std::string>& order = {}) const {
    const auto found =
        post("runs/search", {{"experiment_ids", {experiment_id}}, {"filter", filter}, {"order_by", order}});
    EXPECT_EQ(found.status, 200) << found.text;
    std::vector<std::string> ids;
    for (const Json& item : member(found.body, "runs")) ids.push_back(text_or(member(item, "info"), "run_id"));
    return ids;
  }
  Json latest(const std::string& run_id) const {
    Json values = Json::object();
    const auto answer = get("runs/get?run_id=" + run_id);
    for (const Json& item : at_pointer(answer.body, "/run/data/metrics")) values[text_or(item, "key")] = item["value"];
    return values;
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<Tracking> tracking_;
  http::Router router_;
  testing::Wire wire_{router_};
};

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

TEST_P(MlflowApi, SearchFiltersAndOrders) {
  const auto experiment_id = experiment("search");
  std::map<std::string, std::string> name_of;
  const auto make = [&](const std::string& name, double accuracy, const std::string& model, std::int64_t start) {
    const auto id = run(experiment_id, start);
    name_of[id] = name;
    metric(id, "val accuracy", accuracy);
    post("runs/log-parameter", {{"run_id", id}, {"key", "model"}, {"value", model}});
    post("runs/set-tag", {{"run_id", id}, {"key", "team.name"}, {"value", name}});
    return id;
  };
  make("a", 0.5, "Tree", 100);
  make("b", 0.9, "tree", 200);
  make("c", 0.7, "linear%", 300);
  name_of[run(experiment_id, 400)] = "d";  // without anything
  const auto found = [&](const std::string& filter, const std::vector<std::string>& order = {}) {
    std::string names;
    for (const std::string& id : search(experiment_id, filter, order)) names += name_of[id];
    return names;
  };
  EXPECT_EQ(found(""), "dcba");
  EXPECT_EQ(found("metrics.`val accuracy` >= 0.7"), "cb");
  EXPECT_EQ(found("metric.\"val accuracy\" != 0.9"), "ca");
  EXPECT_EQ(found("params.model = 'tree'"), "b");
  EXPECT_EQ(found("params.model LIKE 'T%'"), "a");
  EXPECT_EQ(found("params.model ILIKE 't_ee'"), "ba");
  EXPECT_EQ(found("params.model ilike '%'"), "cba");
  EXPECT_EQ(found("params.model IN ('tree', 'Tree')"), "ba");
  EXPECT_EQ(found("params.model NOT IN ('tree')"), "ca");
  EXPECT_EQ(found("tags.team.name = 'a' OR tags.team.name = 'c'"), "ca");
  EXPECT_EQ(found("(tags.team.name = 'a' OR tags.team.name = 'c') AND metrics.`val accuracy` > 0.6"), "c");
  EXPECT_EQ(found("params.model IS NULL"), "d");
  EXPECT_EQ(found("attributes.start_time > 150 and status = 'RUNNING' and params.model is not null"), "cb");
  EXPECT_EQ(found("", {"metrics.`val accuracy` DESC"}), "bcad");
  EXPECT_EQ(found("", {"metrics.`val accuracy` ASC"}), "acbd");
  EXPECT_EQ(found("", {"params.model", "start_time ASC"}).back(), 'd');
  EXPECT_EQ(found("", {"attributes.start_time ASC"}), "abcd");
}

TEST_P(MlflowApi, SearchRefusesWhatItDoesNotUnderstand) {
  const auto refused = [&](const std::string& filter) {
    return post("runs/search", {{"experiment_ids", {"0"}}, {"filter", filter}}).status;
  };
  for (const std::string filter :
       {"metrics.a >", "metrics.a > 'x'", "params.a = 1", "attributes.nothing = 'x'", "a ! b", "metrics.a LIKE '1'",
        "params.'a' = 'b'", "weird.a = 'b'", "(params.a = 'b'", "params.a = 'b' params.c = 'd'", "params.a = 'b"})
    EXPECT_EQ(refused(filter), 400) << filter;
}

TEST_P(MlflowApi, SearchIsPagedByKeyInEveryOrder) {
  const auto experiment_id = experiment("pages");
  std::size_t made = 0;
  for (; made < 7; ++made) {
    const auto id = run(experiment_id, 100 + static_cast<std::int64_t>(made % 3));
    if (made % 2 == 0) metric(id, "m", made % 4 == 0 ? 1.0 : 2.0);
  }
  for (const Json& order : {Json::array(), Json{"metrics.m DESC"}, Json{"metrics.m ASC", "attributes.end_time ASC"},
                            Json{"tags.none", "attributes.run_name DESC"}}) {
    Json request{{"experiment_ids", {experiment_id}}, {"max_results", 2}, {"order_by", order}};
    std::set<std::string> seen;
    std::size_t pages = 0;
    for (; pages < 10; ++pages) {
      const auto page = post("runs/search", request);
      ASSERT_EQ(page.status, 200) << page.text;
      for (const Json& item : page.body["runs"]) EXPECT_TRUE(seen.insert(text_or(item["info"], "run_id")).second);
      if (!page.body.contains("next_page_token")) break;
      request["page_token"] = page.body["next_page_token"];
    }
    EXPECT_EQ(seen.size(), made);
    EXPECT_EQ(pages, 3U);
  }
  EXPECT_EQ(post("runs/search", {{"experiment_ids", {experiment_id}}, {"page_token", "00"}}).status, 400);
}

TEST_P(MlflowApi, ExperimentsAreSearched) {
  const auto id = experiment("alpha");
  experiment("beta");
  EXPECT_EQ(post("experiments/set-experiment-tag", {{"experiment_id", id}, {"key", "team"}, {"value", "x"}}).status,
            200);
  const auto names = [&](const Json& request) {
    std::string joined;
    const auto found = post("experiments/search", request);
    for (const Json& item : member(found.body, "experiments")) joined += text_or(item, "name") + " ";
    return joined;
  };
  EXPECT_EQ(names({{"filter", "tags.team = 'x'"}}), "alpha ");
  EXPECT_EQ(names({{"filter", "name LIKE '%a'"}, {"order_by", {"name DESC"}}}), "beta alpha ");
  EXPECT_EQ(names({{"order_by", {"name ASC"}}, {"max_results", 2}}), "Default alpha ");
  EXPECT_EQ(get("experiments/search?max_results=1").body["experiments"][0]["name"], "beta");
}

TEST_P(MlflowApi, InputsAndOutputsOfARun) {
  const auto id = run("0");
  const Json dataset{{"name", "iris"}, {"digest", "d1"}, {"source_type", "local"}, {"source", "{}"}};
  const Json inputs{
      {"run_id", id},
      {"datasets", {{{"dataset", dataset}, {"tags", {{{"key", "mlflow.data.context"}, {"value", "training"}}}}}}}};
  EXPECT_EQ(post("runs/log-inputs", inputs).status, 200);
  EXPECT_EQ(post("runs/outputs", {{"run_id", id}, {"models", {{{"model_id", "m-1"}, {"step", 3}}}}}).status, 200);
  const auto read = get("runs/get?run_id=" + id).body["run"];
  EXPECT_EQ(read["inputs"]["dataset_inputs"][0]["dataset"]["name"], "iris");
  EXPECT_EQ(read["outputs"]["model_outputs"][0]["step"], 3);
  EXPECT_EQ(search("0", "datasets.name = 'iris' AND dataset.context = 'training'"), std::vector{id});
  EXPECT_TRUE(search("0", "datasets.digest = 'other'").empty());
}

TEST_P(MlflowApi, LoggedModelsLiveAndAreSearched) {
  const auto run_id = run("0");
  const auto make = [&](const std::string& name, double accuracy) {
    const auto made = post("logged-models", {{"experiment_id", "0"},
                                             {"name", name},
                                             {"source_run_id", run_id},
                                             {"params", {{{"key", "depth"}, {"value", "3"}}}}});
    EXPECT_EQ(made.status, 200) << made.text;
    const std::string id = made.body["model"]["info"]["model_id"];
    EXPECT_EQ(post("runs/log-metric", {{"run_id", run_id},
                                       {"key", "acc"},
                                       {"value", accuracy},
                                       {"timestamp", 1},
                                       {"model_id", id},
                                       {"dataset_name", "test"},
                                       {"dataset_digest", "d"}})
                  .status,
              200);
    return id;
  };
  const auto first = make("one", 0.5);
  const auto second = make("two", 0.8);
  const auto patch = [&](const std::string& path, const Json& body) {
    return wire_.send(http::Method::patch, "/api/2.0/mlflow/logged-models/" + path, to_text(body));
  };
  EXPECT_EQ(patch(first, {{"status", "LOGGED_MODEL_READY"}}).body["model"]["info"]["status"], "LOGGED_MODEL_READY");
  EXPECT_EQ(patch(first + "/tags", {{"tags", {{{"key", "k"}, {"value", "v"}}}}}).status, 200);
  const auto read = get("logged-models/" + first).body["model"];
  EXPECT_EQ(read["data"]["metrics"][0]["dataset_name"], "test");
  EXPECT_EQ(read["info"]["tags"][0]["value"], "v");
  const auto names = [&](const Json& request) {
    std::string joined;
    const auto found = post("logged-models/search", request);
    EXPECT_EQ(found.status, 200) << found.text;
    for (const Json& item : member(found.body, "models")) joined += text_or(item["info"], "name") + " ";
    return joined;
  };
  EXPECT_EQ(names({{"experiment_ids", {"0"}}, {"filter", "metrics.acc > 0.6"}}), "two ");
  EXPECT_EQ(
      names({{"experiment_ids", {"0"}}, {"filter", "metrics.acc > 0.6"}, {"datasets", {{{"dataset_name", "none"}}}}}),
      "");
  EXPECT_EQ(names({{"experiment_ids", {"0"}}, {"order_by", {{{"field_name", "metrics.acc"}, {"ascending", false}}}}}),
            "two one ");
  EXPECT_EQ(names({{"experiment_ids", {"0"}}, {"filter", "tags.k = 'v' AND status = 'READY'"}}), "one ");
  EXPECT_EQ(wire_.send(http::Method::del, "/api/2.0/mlflow/logged-models/" + second, "").status, 200);
  EXPECT_EQ(get("logged-models/" + second).status, 404);
}

TEST_P(MlflowApi, ArtifactsGoInAndOut) {
  const auto id = run("0");
  const std::string base = "/api/2.0/mlflow-artifacts/artifacts";
  const std::string root = "0/" + id + "/artifacts";
  const std::string content(100'000, 'x');
  EXPECT_EQ(wire_.send(http::Method::put, base + "/" + root + "/model/a%20b.txt", content).status, 200);
  EXPECT_EQ(wire_.get(base + "/" + root + "/model/a%20b.txt").text, content);
  EXPECT_EQ(wire_.get(base + "?path=" + root).body["files"][0]["path"], "model");
  const auto listed = get("artifacts/list?path=model&run_id=" + id);
  EXPECT_EQ(listed.body["files"][0]["path"], "model/a b.txt");
  EXPECT_EQ(listed.body["files"][0]["file_size"], 100'000);
  EXPECT_EQ(wire_.get("/get-artifact?path=model/a%20b.txt&run_uuid=" + id).text, content);
  EXPECT_EQ(get("artifacts/list?path=../..&run_id=" + id).status, 400);
  EXPECT_EQ(wire_.get(base + "?path=../..").status, 400);
  EXPECT_EQ(wire_.get("/get-artifact?path=../../x&run_uuid=" + id).status, 400);
  EXPECT_EQ(wire_.get(base + "/" + root + "/none").status, 404);
  EXPECT_EQ(wire_.send(http::Method::del, base + "/" + root + "/model", "").status, 200);
  EXPECT_EQ(wire_.get(base + "?path=" + root).text, "{}");
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

INSTANTIATE_TEST_SUITE_P(Engines, MlflowApi, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         [](const auto& engine) {
                           return engine.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
                         });

}  // namespace
}  // namespace ciclo::tracking
