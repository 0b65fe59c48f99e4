// A database of version 1 is carried over to the tables of today, on both engines.
#include <gtest/gtest.h>

#include "inner_loop/evaluation/evaluation_fixture.hpp"

namespace ciclo::evaluation::testing {
namespace {

constexpr std::string_view old_rows[] = {
    "INSERT INTO scorers VALUES ('s-1', 'default', 1, 'short'), ('s-2', 'other', 0, 'short')",
    "INSERT INTO scorer_versions VALUES ('s-1', 1, '{\"a\":1}', 10), ('s-1', 2, '{\"a\":2}', 20), ('s-2', 1, '{}', 30)",
    "INSERT INTO scorer_online VALUES ('s-1', 'c-1', 'status = 1')",
    "INSERT INTO evaluation_datasets VALUES ('d-1', 'default', 'first', '01234567', 'null', 1, 'ana', 'rui', 5, 6), "
    "('d-2', 'other', 'second', '89abcdef', 'null', 1, 'ana', 'ana', 7, 8)",
    "INSERT INTO evaluation_dataset_tags VALUES ('d-1', 'team', 'a')",
    "INSERT INTO evaluation_dataset_experiments VALUES ('d-1', 'default', 1), ('d-2', 'other', 0)",
    "INSERT INTO evaluation_records VALUES ('dr-1', 'd-1', 'h1', '{\"q\":1}', 'null', 'null', '{}', 'null', 'ana', "
    "'ana', "
    "9, 9), ('dr-2', 'd-2', 'h1', '{\"q\":2}', 'null', 'null', '{}', 'null', 'ana', 'ana', 9, 9)"};

class EvaluationMigrations : public EvaluationFixture {
 protected:
  Result<void> prepare(sql::Database& database) override {
    const auto steps = migrations();
    CICLO_CHECK(database.migrate(tracking::migrations()));
    CICLO_CHECK(database.migrate(std::span(steps).first(1)));
    return database.write([](sql::Session& session) -> Result<void> {
      for (const std::string_view statement : old_rows) CICLO_CHECK(session.execute(statement));
      return {};
    });
  }
  Json asked(const std::string& workspace, const std::string& path) const {
    const Answer answer = wire_.get("/workspaces/" + workspace + root + path);
    EXPECT_EQ(answer.status, 200) << path << answer.text;
    return answer.body;
  }
  Json records(const std::string& workspace, const std::string& id) const {
    return parse_json(text_or(asked(workspace, "datasets/" + id + "/records"), "records")).value_or(Json());
  }
};

TEST_P(EvaluationMigrations, ScorersAreCarriedOver) {
  ASSERT_EQ(experiment_, "1");
  const Json here = asked("default", "scorers/versions?experiment_id=1&name=short")["scorers"];
  ASSERT_EQ(here.size(), 2U);
  EXPECT_EQ(here[0]["scorer_id"], "s-1");
  EXPECT_EQ(here[0]["creation_time"], 10);
  EXPECT_EQ(here[1]["scorer_version"], 2);
  EXPECT_EQ(here[1]["serialized_scorer"], R"({"a":2})");
  const Json configs = asked("default", "scorers/online-configs?scorer_ids=s-1&scorer_ids=s-2")["configs"];
  ASSERT_EQ(configs.size(), 1U);
  EXPECT_EQ(configs[0]["online_scoring_config_id"], "c-1");
  EXPECT_EQ(configs[0]["filter_string"], "status = 1");
  ASSERT_TRUE(tracking_->experiments.ensure_default("other"));
  const Json other = asked("other", "scorers/versions?experiment_id=0&name=short")["scorers"];
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0]["scorer_id"], "s-2");
  EXPECT_EQ(other[0]["creation_time"], 30);
}

TEST_P(EvaluationMigrations, DatasetsAreCarriedOver) {
  const Json here = asked("default", "datasets/d-1")["dataset"];
  EXPECT_EQ(here["name"], "first");
  EXPECT_EQ(here["digest"], "01234567");
  EXPECT_EQ(here["tags"], R"({"team":"a"})");
  EXPECT_EQ(here["experiment_ids"], Json::array({"1"}));
  EXPECT_EQ(here["last_updated_by"], "rui");
  EXPECT_EQ(here["last_update_time"], 6);
  const Json other = asked("other", "datasets/d-2")["dataset"];
  EXPECT_EQ(other["name"], "second");
  EXPECT_EQ(other["tags"], "{}");
  EXPECT_EQ(other["experiment_ids"], Json::array({"0"}));
  EXPECT_EQ(wire_.get("/workspaces/default/api/3.0/mlflow/datasets/d-2").status, 404) << "it is another workspace's";

  ASSERT_EQ(records("default", "d-1").size(), 1U);
  EXPECT_EQ(records("default", "d-1")[0]["dataset_record_id"], "dr-1");
  EXPECT_EQ(records("default", "d-1")[0]["inputs"], (Json{{"q", 1}}));
  ASSERT_EQ(records("other", "d-2").size(), 1U);
  EXPECT_EQ(records("other", "d-2")[0]["inputs"], (Json{{"q", 2}}));
}

INSTANTIATE_TEST_SUITE_P(Engines, EvaluationMigrations,
                         ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql), engine_name);

}  // namespace
}  // namespace ciclo::evaluation::testing
