// MLflow's searches, data sets, logged models and artifacts, on both engines.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "inner_loop/tracking/api_fixture.hpp"

namespace ciclo::tracking {
namespace {

class MlflowSearch : public testing::ApiFixture {};

TEST_P(MlflowSearch, SearchFiltersAndOrders) {
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

TEST_P(MlflowSearch, SearchRefusesWhatItDoesNotUnderstand) {
  const auto refused = [&](const std::string& filter) {
    return post("runs/search", {{"experiment_ids", {"0"}}, {"filter", filter}}).status;
  };
  for (const std::string filter :
       {"metrics.a >", "metrics.a > 'x'", "params.a = 1", "attributes.nothing = 'x'", "a ! b", "metrics.a LIKE '1'",
        "params.'a' = 'b'", "weird.a = 'b'", "(params.a = 'b'", "params.a = 'b' params.c = 'd'", "params.a = 'b"})
    EXPECT_EQ(refused(filter), 400) << filter;
}

TEST_P(MlflowSearch, SearchIsPagedByKeyInEveryOrder) {
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

TEST_P(MlflowSearch, ExperimentsAreSearched) {
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

TEST_P(MlflowSearch, InputsAndOutputsOfARun) {
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

TEST_P(MlflowSearch, LoggedModelsLiveAndAreSearched) {
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

TEST_P(MlflowSearch, ArtifactsGoInAndOut) {
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

INSTANTIATE_TEST_SUITE_P(Engines, MlflowSearch, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
