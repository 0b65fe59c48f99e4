// Scorers and evaluation data sets of another store: taken in once, as they were, and never over what is here.
#include "inner_loop/evaluation/evaluation_fixture.hpp"
#include "inner_loop/evaluation/limits.hpp"

namespace ciclo::evaluation::testing {
namespace {

class EvaluationImports : public EvaluationFixture {
 protected:
  static Json version(const Json& number, const std::string& text, const Json& time = 100) {
    return {{"scorer_version", number}, {"serialized_scorer", text}, {"creation_time", time}};
  }
  Json scorer(const Json& versions, const Json& more = Json::object()) const {
    Json item{{"experiment_id", experiment_}, {"name", "quality"}, {"scorer_id", "s-1"}, {"versions", versions}};
    item.update(more);
    return item;
  }
  static Json example(const Json& more = Json::object()) {
    Json item{{"dataset_id", "d-1"},
              {"name", "questions"},
              {"digest", "0123abcd"},
              {"tags", R"({"team":"a"})"},
              {"schema", R"({"inputs":{"q":"string"},"outputs":{},"expectations":{},"version":"1.0"})"},
              {"profile", R"({"num_records":2})"},
              {"created_by", "ana"},
              {"last_updated_by", "rui"},
              {"created_time", 10},
              {"last_update_time", "20"}};
    item.update(more);
    return item;
  }
  static Json record(const std::string& id, const Json& inputs, const Json& more = Json::object()) {
    Json item{{"dataset_record_id", id}, {"dataset_id", "d-1"},      {"inputs", inputs},   {"outputs", "yes"},
              {"tags", {{"k", "v"}}},    {"created_by", "ana"},      {"created_time", 11}, {"last_update_time", 12},
              {"source_type", "TRACE"},  {"last_updated_by", "rui"}, {"source_id", "tr-1"}};
    item["source"] = {{"source_type", "TRACE"}, {"source_data", {{"trace_id", "tr-1"}}}};
    item["expectations"] = {{"answer", "x"}};
    item.update(more);
    return item;
  }
  Json take_scorer(const Json& item, const std::string& workspace = "default") const {
    return one(take("scorers", {{"scorers", Json::array({item})}}, workspace), "scorers");
  }
  Json take_dataset(const Json& item, const std::string& workspace = "default") const {
    return one(take("evaluation-datasets", {{"evaluation_datasets", Json::array({item})}}, workspace),
               "evaluation_datasets");
  }
  Answer take_records(const Json& records, const std::string& id = "d-1") const {
    const Json item{{"dataset_id", id}, {"records", records}};
    return take("evaluation-records", {{"evaluation_datasets", Json::array({item})}});
  }
  Json versions() const {
    return get("scorers/versions?experiment_id=" + experiment_ + "&name=quality").body["scorers"];
  }
  Json records_here() const {
    return parse_json(text_or(get("datasets/d-1/records").body, "records")).value_or(Json());
  }

 private:
  static Json one(const Answer& answer, const std::string& name) {
    EXPECT_EQ(answer.status, 200) << answer.text;
    const Json& outcomes = member(answer.body, name);
    return outcomes.size() == 1 ? outcomes[0] : Json();
  }
};

TEST_P(EvaluationImports, ScorersKeepIdsNumbersAndTimes) {
  const Json item = scorer({version(2, R"({"a":1})"), version("5", R"({"a":2})", "200")});
  const Json outcome = take_scorer(item);
  EXPECT_EQ(outcome, (Json{{"id", "quality"}, {"outcome", "added"}}));
  const Json here = versions();
  ASSERT_EQ(here.size(), 2U);
  EXPECT_EQ(here[0]["scorer_version"], 2);
  EXPECT_EQ(here[1]["scorer_version"], 5);
  EXPECT_EQ(here[1]["creation_time"], 200);
  EXPECT_EQ(here[1]["serialized_scorer"], R"({"a":2})");
  EXPECT_EQ(here[1]["scorer_id"], "s-1");
  EXPECT_EQ(take_scorer(item), (Json{{"id", "quality"}, {"outcome", "present"}}));
  const auto made =
      post("scorers/register", {{"experiment_id", experiment_}, {"name", "quality"}, {"serialized_scorer", "{}"}});
  EXPECT_EQ(made.body["version"], 6) << "later ones count on from there";
}

TEST_P(EvaluationImports, ScorersThatDifferAreLeftAlone) {
  take_scorer(scorer(Json::array({version(1, R"({"a":1})")})));
  const Json outcome = take_scorer(scorer({version(1, R"({"a":9})"), version(2, "{}")}));
  EXPECT_EQ(outcome["outcome"], "changed");
  EXPECT_EQ(outcome["differences"], Json::array({"version 1 has another content here"}));
  EXPECT_EQ(versions()[0]["serialized_scorer"], R"({"a":1})");
  // Another scorer of the workspace has its id: it gets a new one. In another workspace it is free.
  const Json tone = take_scorer(scorer(Json::array({version(1, "{}")}), {{"name", "tone"}}));
  EXPECT_EQ(tone["outcome"], "added");
  EXPECT_EQ(tone["differences"], Json::array({"it has another scorer_id here"}));
  const Json elsewhere = take_scorer(scorer(Json::array({version(1, "{}")}), {{"experiment_id", "0"}}), "other");
  EXPECT_EQ(elsewhere, (Json{{"id", "quality"}, {"outcome", "added"}}));
  EXPECT_EQ(versions()[0]["scorer_id"], "s-1");
}

TEST_P(EvaluationImports, ScorersThatCannotBeTakenAreTold) {
  const std::string long_text = R"({"a":")" + std::string(max_scorer_bytes, 'x') + R"("})";
  const Json bad{version(1, R"({"call_source":"import os"})"), version(2, "[]"), version(3, long_text),
                 version(0, "{}"), "none"};
  Json outcome = take_scorer(scorer(bad));
  EXPECT_EQ(outcome["outcome"], "refused");
  EXPECT_EQ(outcome["differences"].size(), bad.size() + 1) << to_text(outcome);
  EXPECT_TRUE(versions().is_null());
  Json some = bad;
  some.push_back(version(7, "{}"));
  outcome = take_scorer(scorer(some));
  EXPECT_EQ(outcome["outcome"], "added");
  EXPECT_EQ(outcome["differences"].size(), bad.size());
  EXPECT_EQ(take_scorer(scorer(bad))["outcome"], "present") << "it is here";
  const Json fine = Json::array({version(1, "{}")});
  const auto mixed = take("scorers", {{"scorers",
                                       {scorer(fine, {{"name", " "}}), scorer(fine, {{"name", std::string("a\0b", 3)}}),
                                        scorer(fine, {{"experiment_id", "77"}}), scorer(fine, {{"experiment_id", "x"}}),
                                        scorer(Json::array(), {{"name", "empty"}}), scorer("{}", {{"name", "text"}}), 5,
                                        scorer(fine, {{"name", "last"}, {"scorer_id", std::string("a\0b", 3)}})}}});
  ASSERT_EQ(mixed.status, 200) << mixed.text;
  const Json& outcomes = mixed.body["scorers"];
  ASSERT_EQ(outcomes.size(), 8U);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(outcomes[i]["outcome"], "refused") << i;
  EXPECT_EQ(outcomes[2]["differences"], Json::array({"there is no experiment 77 for it"}));
  EXPECT_EQ(outcomes[7]["outcome"], "added");
}

TEST_P(EvaluationImports, ScorersComeIntoDeletedExperimentsAndKeepTheirFilter) {
  ASSERT_TRUE(tracking_->experiments.remove("default", std::stoll(experiment_)));
  const Json online{{"online_scoring_config_id", "c-1"}, {"sample_rate", 0.5}, {"filter_string", "status = 'OK'"}};
  const Json item = scorer(Json::array({version(1, "{}")}), {{"online", online}});
  Json outcome = take_scorer(item);
  EXPECT_EQ(outcome["outcome"], "added");
  const Json no_gateway =
      Json::array({"it does not judge traces as they come in here: there is no gateway to a model"});
  EXPECT_EQ(outcome["differences"], no_gateway);
  outcome = take_scorer(item);
  EXPECT_EQ(outcome["outcome"], "present");
  EXPECT_EQ(outcome["differences"], no_gateway);
  const Json other{{"sample_rate", "0"}, {"filter_string", "status = 'ERROR'"}};
  EXPECT_EQ(take_scorer(scorer(Json::array({version(1, "{}")}), {{"online", other}}))["differences"],
            Json::array({"it has another filter of traces here"}));
  const Json configs = get("scorers/online-configs?scorer_ids=s-1").body["configs"];
  ASSERT_EQ(configs.size(), 1U);
  EXPECT_EQ(configs[0], (Json{{"online_scoring_config_id", "c-1"},
                              {"scorer_id", "s-1"},
                              {"sample_rate", 0.0},
                              {"experiment_id", experiment_},
                              {"filter_string", "status = 'OK'"}}));
  ASSERT_TRUE(tracking_->experiments.restore("default", std::stoll(experiment_)));
  EXPECT_EQ(versions().size(), 1U);
}

TEST_P(EvaluationImports, DatasetsKeepWhatTheySay) {
  const Json item = example({{"experiment_ids", {experiment_, "77", "x"}}});
  const Json outcome = take_dataset(item);
  EXPECT_EQ(outcome["id"], "d-1");
  EXPECT_EQ(outcome["outcome"], "added");
  EXPECT_EQ(outcome["differences"], Json::array({"Invalid experiment id: 'x'", "there is no experiment 77 for it"}));
  const Json here = get("datasets/d-1").body["dataset"];
  Json expected = example({{"experiment_ids", Json::array({experiment_})}, {"last_update_time", 20}});
  expected.erase("profile");  // its records have not come yet
  EXPECT_TRUE(equal_values(here, expected)) << to_text(here);
  EXPECT_EQ(take_dataset(item)["outcome"], "present");
}

TEST_P(EvaluationImports, DatasetsThatDifferAreLeftAlone) {
  take_dataset(example());
  Json outcome = take_dataset(example({{"name", "others"},
                                       {"tags", {{"team", "b"}, {"late", 1}, {"none", nullptr}}},
                                       {"experiment_ids", Json::array({experiment_})}}));
  EXPECT_EQ(outcome["outcome"], "changed");
  EXPECT_EQ(outcome["differences"], Json::array({"the tag 'none' has no value", "it is named 'questions' here",
                                                 "the tag 'team' has another value here"}));
  const Json here = get("datasets/d-1").body["dataset"];
  const Json tags = parse_json(text_or(here, "tags")).value_or(Json());
  EXPECT_TRUE(equal_values(tags, {{"late", "1"}, {"team", "a"}})) << to_text(tags);
  EXPECT_EQ(here["experiment_ids"], Json::array({experiment_}));
  EXPECT_EQ(here["last_update_time"], 20);
}

TEST_P(EvaluationImports, ADatasetThatChangedLaterThereTakesItsDigest) {
  take_dataset(example());
  take_records(Json::array({record("dr-1", {{"q", "a"}})}));
  const std::string schema = R"({"inputs":{"n":"long","q":"string"},"outputs":{},"expectations":{},"version":"1.0"})";
  const Json later{{"digest", "89abcdef"}, {"last_update_time", "30"}, {"last_updated_by", "ana"}, {"schema", schema}};
  EXPECT_EQ(take_dataset(example(later))["outcome"], "changed");
  EXPECT_EQ(take_dataset(example(later))["outcome"], "present");
  EXPECT_EQ(take_dataset(example())["outcome"], "present") << "an older time changes nothing";
  const Json same_time{{"digest", "ffffffff"}, {"last_update_time", "30"}};
  EXPECT_EQ(take_dataset(example(same_time))["outcome"], "present");
  clock_.advance(Milliseconds(1));
  EXPECT_EQ(take_records(Json::array({record("dr-2", {{"n", 1}, {"q", "b"}})})).body["added"], 1);
  const Json here = get("datasets/d-1").body["dataset"];
  EXPECT_EQ(here["digest"], "89abcdef");
  EXPECT_TRUE(equal_values(parse_json(text_or(here, "schema")).value_or(Json()), *parse_json(schema))) << to_text(here);
  EXPECT_EQ(here["created_time"], 10);
  EXPECT_EQ(here["last_update_time"], 30);
  EXPECT_EQ(here["last_updated_by"], "ana");
  EXPECT_EQ(here["profile"], R"({"num_records":2})");
}

TEST_P(EvaluationImports, TwoWorkspacesTakeTheSameStore) {
  for (const char* workspace : {"default", "other"}) {
    EXPECT_EQ(take_dataset(example(), workspace), (Json{{"id", "d-1"}, {"outcome", "added"}})) << workspace;
    const Json item{{"dataset_id", "d-1"}, {"records", Json::array({record("dr-1", {{"q", workspace}})})}};
    const auto counts = take("evaluation-records", {{"evaluation_datasets", Json::array({item})}}, workspace);
    EXPECT_EQ(counts.body, (Json{{"added", 1}, {"present", 0}})) << counts.text;
  }
  ASSERT_EQ(records_here().size(), 1U);
  EXPECT_EQ(records_here()[0]["inputs"]["q"], "default");
  const auto other = wire_.get("/workspaces/other/api/3.0/mlflow/datasets/d-1/records");
  EXPECT_NE(other.text.find("other"), std::string::npos) << other.text;
  EXPECT_EQ(send(http::Method::del, "datasets/d-1", Json::object()).status, 200);
  EXPECT_EQ(wire_.get("/workspaces/other/api/3.0/mlflow/datasets/d-1").status, 200);
}

TEST_P(EvaluationImports, WhatIsOfAnExperimentGoesWithIt) {
  take_scorer(scorer(Json::array({version(1, "{}")}), {{"online", {{"filter_string", "status = 'OK'"}}}}));
  take_scorer(scorer(Json::array({version(1, "{}")}), {{"experiment_id", "0"}, {"scorer_id", "s-2"}}));
  take_dataset(example({{"experiment_ids", {experiment_, "0"}}}));
  const auto gone = database_->write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(ScorerStore().purge(session, "default", std::stoll(experiment_)));
    return DatasetStore().purge(session, "default", std::stoll(experiment_));
  });
  ASSERT_TRUE(gone) << gone.error().text();
  EXPECT_TRUE(versions().is_null());
  EXPECT_EQ(get("scorers/versions?experiment_id=0&name=quality").body["scorers"].size(), 1U);
  EXPECT_EQ(get("datasets/d-1").body["dataset"]["experiment_ids"], Json::array({"0"}));
  const auto left = database_->read([](sql::Session& session) {
    return session.query_one("SELECT (SELECT COUNT(*) FROM scorer_versions) + (SELECT COUNT(*) FROM scorer_online)",
                             {});
  });
  EXPECT_EQ((*left)->integer(0), 1);
}

TEST_P(EvaluationImports, DatasetsThatCannotBeTakenAreTold) {
  const auto mixed =
      take("evaluation-datasets",
           {{"evaluation_datasets",
             {example({{"dataset_id", "../d"}}), example({{"name", ""}}), example({{"created_time", "soon"}}), "none",
              example({{"created_by", std::string("a\0b", 3)}}),
              example({{"tags", {{"", "x"}, {"long", std::string(5001, 'x')}, {"team", "a"}}}, {"schema", "[1]"}})}}});
  ASSERT_EQ(mixed.status, 200) << mixed.text;
  const Json& outcomes = mixed.body["evaluation_datasets"];
  ASSERT_EQ(outcomes.size(), 6U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(outcomes[i]["outcome"], "refused") << i;
  EXPECT_EQ(outcomes[5]["outcome"], "added");
  EXPECT_EQ(outcomes[5]["differences"].size(), 3U) << to_text(outcomes[5]);
  EXPECT_EQ(get("datasets/d-1").body["dataset"]["tags"], R"({"team":"a"})");
}

TEST_P(EvaluationImports, RecordsComeOnceAndAreCounted) {
  take_dataset(example());
  const Json first = record("dr-1", {{"q", "a"}, {"n", 1}});
  const Json second = record("dr-2", {{"q", "b"}}, {{"expectations", nullptr}, {"created_time", "13"}});
  auto counts = take_records({first, second});
  EXPECT_EQ(counts.body, (Json{{"added", 2}, {"present", 0}})) << counts.text;
  EXPECT_EQ(take_records({first, second}).body, (Json{{"added", 0}, {"present", 2}}));
  const Json here = records_here();
  ASSERT_EQ(here.size(), 2U);
  EXPECT_TRUE(equal_values(here[0], first)) << to_text(here[0]);
  EXPECT_EQ(here[1]["created_time"], 13);
  EXPECT_FALSE(here[1].contains("expectations"));
  // The same inputs in another order, with another id and other outputs.
  const Json changed = record("dr-9", {{"n", 1.0}, {"q", "a"}}, {{"outputs", "no"}});
  counts = take_records({changed, record("dr-3", {{"q", "c"}}), changed});
  EXPECT_EQ(counts.body["added"], 1);
  EXPECT_EQ(counts.body["present"], 2);
  EXPECT_EQ(counts.body["differences"], Json::array({"a record has other outputs, expectations or tags here"}));
  const Json dataset = get("datasets/d-1").body["dataset"];
  EXPECT_EQ(dataset["profile"], R"({"num_records":3})");
  EXPECT_EQ(dataset["digest"], "0123abcd");
  EXPECT_EQ(dataset["last_update_time"], 20);
  EXPECT_EQ(dataset["last_updated_by"], "rui");
}

TEST_P(EvaluationImports, RecordsThatCannotBeTakenAreTold) {
  take_dataset(example());
  take_dataset(example({{"dataset_id", "d-2"}}));
  take_records(Json::array({record("dr-1", {{"q", "a"}})}));
  EXPECT_EQ(take_records(Json::array({record("dr-1", {{"q", "a"}})}), "d-2").body["added"], 1);
  const Json copied = parse_json(text_or(get("datasets/d-2/records").body, "records")).value_or(Json());
  ASSERT_EQ(copied.size(), 1U);
  EXPECT_EQ(copied[0]["dataset_record_id"], "dr-1");
  take_records(Json::array({record("dr-1", {{"q", "z"}})}), "d-2");
  const Json both = parse_json(text_or(get("datasets/d-2/records").body, "records")).value_or(Json());
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NE(both[0]["dataset_record_id"], both[1]["dataset_record_id"]) << "another record has that id";
  EXPECT_EQ(copied[0]["created_time"], 11);
  const Json bad{5,
                 record("dr-4", "text"),
                 record("dr-5", nullptr),
                 record("dr-6", {{"q", "b"}}, {{"tags", "x"}}),
                 record("dr-7", {{"q", "c"}}, {{"source", {{"source_type", "moon"}}}}),
                 record("", {{"q", "d"}}),
                 record("../8", {{"q", "e"}}),
                 record("dr-9", {{"q", "f"}}, {{"created_by", std::string("a\0b", 3)}}),
                 record("dr-10", {{"q", std::string("a\0b", 3)}})};
  const auto counts = take_records(bad);
  EXPECT_EQ(counts.body["added"], 1) << counts.text;
  EXPECT_EQ(counts.body["differences"].size(), bad.size() - 1) << counts.text;
  EXPECT_EQ(records_here().size(), 2U);
  const auto unknown = take_records(Json::array({record("dr-3", {{"q", "c"}})}), "d-none");
  EXPECT_EQ(unknown.body["differences"], Json::array({"there is no data set d-none here"})) << unknown.text;
  EXPECT_EQ(unknown.body["added"], 0);
  EXPECT_EQ(take_records(5).body["differences"].size(), 1U);
  EXPECT_EQ(take_records(Json::array(), std::string("d\0", 2)).status, 200);
}

TEST_P(EvaluationImports, RequestsHaveLimits) {
  EXPECT_EQ(take("scorers", {{"scorers", 5}}).status, 400);
  EXPECT_EQ(take("evaluation-datasets", Json::object()).status, 400);
  EXPECT_EQ(take("evaluation-records", Json::array()).status, 400);
  EXPECT_EQ(take("scorers", {{"scorers", std::vector<int>(1001, 1)}}).status, 413);
  EXPECT_EQ(take("evaluation-datasets", {{"evaluation_datasets", std::vector<int>(1001, 1)}}).status, 413);
  EXPECT_EQ(take("scorers", {{"scorers", Json::array({scorer(std::vector<int>(1001, 1))})}}).status, 413);
  const Json wide = example({{"experiment_ids", std::vector<int>(1001, 0)}});
  EXPECT_EQ(take("evaluation-datasets", {{"evaluation_datasets", Json::array({wide})}}).status, 413);
  EXPECT_EQ(take_records(std::vector<int>(10'001, 1)).status, 413);
  take_dataset(example());
  // Longer than http::Request::json() reads; a part of a record may not be.
  const Json half = {{"t", std::string(std::size_t{9} << 20U, 'x')}};
  const Json whole = {{"t", std::string(std::size_t{17} << 20U, 'x')}};
  const auto counts = take_records({record("dr-1", half), record("dr-2", {{"q", 1}}, {{"outputs", half}}),
                                    record("dr-3", {{"q", 2}}, {{"outputs", whole}})});
  EXPECT_EQ(counts.body["added"], 2) << counts.text.substr(0, 500);
  EXPECT_EQ(counts.body["differences"].size(), 1U);
  EXPECT_EQ(get("datasets/d-1").body["dataset"]["profile"], R"({"num_records":2})");
  EXPECT_EQ(get("datasets/d-1/records").status, 200) << "what is stored can be read";
}

INSTANTIATE_TEST_SUITE_P(Engines, EvaluationImports, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         engine_name);

}  // namespace
}  // namespace ciclo::evaluation::testing
