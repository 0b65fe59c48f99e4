// Scorers and evaluation data sets over a router and a database of either engine.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "inner_loop/evaluation/handlers.hpp"
#include "inner_loop/evaluation/migrations.hpp"
#include "inner_loop/tracking/testing.hpp"

namespace ciclo::evaluation::testing {

using tracking::testing::Answer;

class EvaluationFixture : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    const std::string url = tracking::testing::new_database(GetParam(), folder_);
    if (url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
    auto opened = sql::Database::open(url);
    ASSERT_TRUE(opened) << opened.error().text();
    database_ = std::move(*opened);
    const auto prepared = prepare(*database_);
    ASSERT_TRUE(prepared) << prepared.error().text();
    auto steps = tracking::migrations();
    for (const auto& step : migrations()) steps.push_back(step);
    ASSERT_TRUE(database_->migrate(steps));
    tracking_ = std::make_unique<tracking::Tracking>(*database_, clock_);
    const EvaluationParts parts{*database_, clock_, tracking_->experiments};
    scorers_.emplace(parts);
    datasets_.emplace(parts);
    imports_.emplace(parts);
    ASSERT_TRUE(add_scorer_routes(router_, *scorers_));
    ASSERT_TRUE(add_dataset_routes(router_, *datasets_));
    ASSERT_TRUE(add_import_routes(router_, *imports_));
    const auto made =
        tracking_->experiments.create({.workspace = "default", .name = "e", .artifact_location = {}, .tags = {}});
    ASSERT_TRUE(made);
    experiment_ = std::to_string(made->id);
  }

  // What is in the database before it is migrated: nothing, unless a test says so.
  virtual Result<void> prepare(sql::Database& database) {
    (void)database;
    return {};
  }

  Answer post(const std::string& path, const Json& body) const { return wire_.post(root + path, body); }
  Answer get(const std::string& path) const { return wire_.get(root + path); }
  Answer send(http::Method method, const std::string& path, const Json& body) const {
    return wire_.send(method, root + path, to_text(body));
  }
  Answer take(const std::string& route, const Json& body, const std::string& workspace = "default") const {
    return wire_.post("/api/v1/workspaces/" + workspace + "/import/" + route, body);
  }
  std::string dataset(const std::string& name, const Json& more = Json::object()) {
    clock_.advance(Milliseconds(1));
    Json body{{"name", name}};
    body.update(more);
    const auto made = post("datasets/create", body);
    EXPECT_EQ(made.status, 200) << made.text;
    return text_or(member(made.body, "dataset"), "dataset_id");
  }
  std::string found(const Json& request) const {
    std::string names;
    const auto answer = post("datasets/search", request);
    EXPECT_EQ(answer.status, 200) << answer.text;
    for (const Json& one : member(answer.body, "datasets")) names += text_or(one, "name") + " ";
    return names;
  }

  static constexpr const char* root = "/api/3.0/mlflow/";
  tracking::testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<tracking::Tracking> tracking_;
  std::optional<ScorerService> scorers_;
  std::optional<DatasetService> datasets_;
  std::optional<EvaluationImport> imports_;
  http::Router router_;
  tracking::testing::Wire wire_{router_};
  std::string experiment_;
};

inline std::string engine_name(const ::testing::TestParamInfo<sql::Dialect>& engine) {
  return engine.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
}

}  // namespace ciclo::evaluation::testing
