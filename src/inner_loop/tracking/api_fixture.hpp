// MLflow's tracking API over a router and a database of either engine: what the tests of the handlers stand on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inner_loop/tracking/testing.hpp"

namespace ciclo::tracking::testing {

class ApiFixture : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    const std::string url = new_database(GetParam(), folder_);
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

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<Tracking> tracking_;
  http::Router router_;
  Wire wire_{router_};
};

inline std::string engine_name(const ::testing::TestParamInfo<sql::Dialect>& engine) {
  return engine.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
}

}  // namespace ciclo::tracking::testing
