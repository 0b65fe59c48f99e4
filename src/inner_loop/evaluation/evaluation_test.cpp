// Scorers and evaluation data sets through MLflow's API, over both engines.
#include "inner_loop/evaluation/evaluation_fixture.hpp"

namespace ciclo::evaluation::testing {
namespace {

using Evaluation = EvaluationFixture;

TEST_P(Evaluation, ScorersHaveVersions) {
  const auto add = [&](const std::string& name, const std::string& text) {
    return post("scorers/register", {{"experiment_id", experiment_}, {"name", name}, {"serialized_scorer", text}});
  };
  EXPECT_EQ(add("safety", R"({"a":1})").body["version"], 1);
  EXPECT_EQ(add("safety", R"({"a":2})").body["version"], 2);
  EXPECT_EQ(add("tone", "{}").body["version"], 1);
  const auto listed = get("scorers/list?experiment_id=" + experiment_);
  ASSERT_EQ(listed.body["scorers"].size(), 2U) << listed.text;
  EXPECT_EQ(listed.body["scorers"][0]["scorer_version"], 2);
  EXPECT_EQ(get("scorers/list").body["scorers"].size(), 2U);
  EXPECT_EQ(get("scorers/list?experiment_ids=" + experiment_ + "&experiment_ids=77").body["scorers"].size(), 2U);
  const std::string safety = "experiment_id=" + experiment_ + "&name=safety";
  EXPECT_EQ(get("scorers/versions?" + safety).body["scorers"].size(), 2U);
  EXPECT_EQ(get("scorers/get?" + safety).body["scorer"]["serialized_scorer"], R"({"a":2})");
  EXPECT_EQ(get("scorers/get?" + safety + "&version=1").body["scorer"]["serialized_scorer"], R"({"a":1})");
  EXPECT_EQ(get("scorers/get?" + safety + "&version=9").status, 404);
  const std::string id = listed.body["scorers"][0]["scorer_id"];
  const auto online = [&](double rate) {
    return wire_.send(http::Method::put, std::string(root) + "scorers/online-config",
                      to_text({{"experiment_id", experiment_}, {"name", "safety"}, {"sample_rate", rate}}));
  };
  EXPECT_EQ(online(0.5).status, 400) << "there is no gateway";
  EXPECT_EQ(get("scorers/online-configs?scorer_ids=" + id).body["configs"].size(), 0U) << "nothing half done";
  EXPECT_EQ(online(0).body["config"]["scorer_id"], id);
  EXPECT_EQ(get("scorers/online-configs?scorer_ids=" + id).body["configs"][0]["sample_rate"], 0.0);
  const Json one{{"experiment_id", experiment_}, {"name", "safety"}};
  EXPECT_EQ(
      send(http::Method::del, "scorers/delete", {{"experiment_id", experiment_}, {"name", "safety"}, {"version", 2}})
          .status,
      200);
  EXPECT_EQ(add("safety", "{}").body["version"], 2) << "as MLflow counts: after the highest that is there";
  EXPECT_EQ(send(http::Method::del, "scorers/delete", one).status, 200);
  EXPECT_EQ(send(http::Method::del, "scorers/delete", one).status, 404);
  EXPECT_EQ(add(" ", "{}").status, 400);
  EXPECT_EQ(add("x", "no json").status, 400);
  EXPECT_EQ(add("x", R"({"judges":[{"call_source":"import os"}]})").status, 400);
  EXPECT_EQ(add("x", R"({"call_source":null})").status, 200);
  EXPECT_EQ(post("scorers/register", {{"experiment_id", "77"}, {"name", "x"}, {"serialized_scorer", "{}"}}).status,
            404);
  ASSERT_TRUE(tracking_->experiments.remove("default", std::stoll(experiment_)));
  EXPECT_EQ(add("x", "{}").status, 400);
}

TEST_P(Evaluation, DatasetsAreFoundByWhatTheyAre) {
  const auto first =
      dataset("alpha", {{"experiment_ids", {experiment_}}, {"tags", R"({"team":"a","mlflow.user":"rui"})"}});
  dataset("beta", {{"tags", {{"team", "b"}}}});
  dataset("gamma");
  const auto shown = get("datasets/" + first).body["dataset"];
  EXPECT_EQ(shown["created_by"], "rui");
  EXPECT_EQ(shown["experiment_ids"][0], experiment_);
  EXPECT_EQ(shown["digest"].get<std::string>().size(), 8U);
  EXPECT_EQ(parse_json(text_or(shown, "tags")).value_or(Json())["team"], "a");
  EXPECT_EQ(found({}), "gamma beta alpha ");
  EXPECT_EQ(found({{"experiment_ids", {experiment_}}}), "alpha ");
  EXPECT_EQ(found({{"filter_string", "name = 'beta' OR tags.team = 'a'"}, {"order_by", {"name ASC"}}}), "alpha beta ");
  EXPECT_EQ(found({{"filter_string", "tags.team IS NULL"}}), "gamma ");
  auto page = post("datasets/search", {{"max_results", 2}});
  page = post("datasets/search", {{"max_results", 2}, {"page_token", page.body["next_page_token"]}});
  EXPECT_EQ(page.body["datasets"].size(), 1U);
  EXPECT_FALSE(page.body.contains("next_page_token"));
  EXPECT_EQ(post("datasets/search", {{"filter_string", "nothing = 'x'"}}).status, 400);
  EXPECT_EQ(found({{"experiment_ids", std::vector<std::string>(1000, experiment_)}}), "alpha ");
  EXPECT_EQ(post("datasets/search", {{"experiment_ids", std::vector<std::string>(1001, "0")}}).status, 400);
  const std::string path = "datasets/" + first;
  EXPECT_EQ(send(http::Method::patch, path + "/tags", {{"tags", R"({"team":"c"})"}}).status, 200);
  EXPECT_EQ(send(http::Method::del, path + "/tags/team", Json::object()).status, 200);
  EXPECT_EQ(found({{"filter_string", "tags.team = 'c'"}}), "");
  EXPECT_EQ(post(path + "/add-experiments", {{"experiment_ids", {"0", "77"}}}).status, 404);
  EXPECT_EQ(post(path + "/add-experiments", {{"experiment_ids", {"0"}}}).status, 200);
  EXPECT_EQ(get(path + "/experiment-ids").body["experiment_ids"].size(), 2U);
  EXPECT_EQ(post(path + "/remove-experiments", {{"experiment_ids", {"0", "5"}}}).status, 200);
  EXPECT_EQ(get(path + "/experiment-ids").body["experiment_ids"].size(), 1U);
  EXPECT_EQ(send(http::Method::del, path, Json::object()).status, 200);
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(post("datasets/create", {{"name", ""}}).status, 400);
  EXPECT_EQ(post("datasets/create", {{"name", "x"}, {"tags", "[1]"}}).status, 400);
  EXPECT_EQ(post("datasets/create", {{"name", "x"}, {"experiment_ids", {"77"}}}).status, 404);
}

TEST_P(Evaluation, RecordsWithTheSameInputsAreOne) {
  const std::string path = "datasets/" + dataset("d");
  const auto digest = get(path).body["dataset"]["digest"];
  clock_.advance(Milliseconds(5));
  const auto put = [&](const Json& records) { return post(path + "/records", {{"records", to_text(records)}}); };
  auto count =
      put({{{"inputs", {{"q", "a"}, {"n", 1}}}, {"expectations", {{"answer", "x"}}}},
           {{"inputs", {{"q", "b"}}}, {"source", {{"source_type", "trace"}, {"source_data", {{"trace_id", "t1"}}}}}}});
  EXPECT_EQ(count.body, (Json{{"inserted_count", 2}, {"updated_count", 0}})) << count.text;
  count = put({{{"inputs", {{"n", 1}, {"q", "a"}}},
                {"expectations", {{"tone", "kind"}}},
                {"outputs", "yes"},
                {"tags", {{"k", "v"}}}}});
  EXPECT_EQ(count.body["updated_count"], 1);
  const auto all = parse_json(text_or(get(path + "/records").body, "records"));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  const auto is_a = [](const Json& record) { return record["inputs"]["q"] == "a"; };
  const Json a = *std::ranges::find_if(*all, is_a);
  const Json b = *std::ranges::find_if_not(*all, is_a);
  EXPECT_EQ(a["expectations"], (Json{{"answer", "x"}, {"tone", "kind"}}));
  EXPECT_EQ(a["outputs"], "yes");
  EXPECT_EQ(b["source_type"], "TRACE");
  EXPECT_EQ(b["source_id"], "t1");
  const auto shown = get(path).body["dataset"];
  EXPECT_NE(shown["digest"], digest);
  EXPECT_EQ(shown["profile"], R"({"num_records":2})");
  EXPECT_EQ(parse_json(text_or(shown, "schema")).value_or(Json())["inputs"]["n"], "integer");
  const auto first = get(path + "/records?max_results=1");
  const auto rest =
      get(path + "/records?max_results=1&page_token=" + http::percent_encode(text_or(first.body, "next_page_token")));
  EXPECT_EQ(rest.status, 200) << rest.text;
  EXPECT_NE(first.body["records"], rest.body["records"]);
  EXPECT_FALSE(rest.body.contains("next_page_token"));
  EXPECT_EQ(
      send(http::Method::del, path + "/records", {{"dataset_record_ids", {text_or(a, "dataset_record_id"), "none"}}})
          .body["deleted_count"],
      1);
  EXPECT_EQ(get(path).body["dataset"]["profile"], R"({"num_records":1})");
  EXPECT_EQ(put({{{"inputs", 5}}}).status, 400);
  EXPECT_EQ(put({{{"inputs", {{"q", 1}}}, {"source", {{"source_type", "moon"}}}}}).status, 400);
  EXPECT_EQ(post(path + "/records", {{"records", "{"}}).status, 400);
  EXPECT_EQ(post("datasets/none/records", {{"records", "[]"}}).status, 404);
}

INSTANTIATE_TEST_SUITE_P(Engines, Evaluation, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         engine_name);

}  // namespace
}  // namespace ciclo::evaluation::testing
