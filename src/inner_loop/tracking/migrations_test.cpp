// A database of version 1 is carried over to the tables of today, on both engines.
#include <gtest/gtest.h>

#include "inner_loop/tracking/api_fixture.hpp"

namespace ciclo::tracking {
namespace {

class TrackingMigrations : public ::testing::TestWithParam<sql::Dialect> {};

constexpr std::string_view old_rows[] = {
    "INSERT INTO experiments VALUES ('default', 0, 'Default', 'mlflow-artifacts:/0', 'active', 1, 1)",
    "INSERT INTO experiments VALUES ('default', 1, 'old', 'mlflow-artifacts:/1', 'active', 1, 1)",
    "INSERT INTO experiments VALUES ('other', 1, 'old', 'mlflow-artifacts:/1', 'active', 1, 1)",
    "INSERT INTO runs (workspace, run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, "
    "artifact_uri, "
    "is_managed) VALUES ('default', 'r1', 1, 'first', 'ana', 'FINISHED', 10, 'active', 'a', 0), ('default', 'r2', 1, "
    "'second', 'ana', 'RUNNING', 20, 'active', 'a', 0), ('default', 'r3', 1, 'third', 'ana', 'RUNNING', 30, 'deleted', "
    "'a', 0), ('other', 'r4', 1, 'fourth', 'ana', 'RUNNING', 40, 'active', 'a', 0)",
    "INSERT INTO metrics (run_number, key, step, timestamp, value, is_nan) VALUES (1, 'loss', 0, 1, 0.5, 0), (1, "
    "'loss', 1, "
    "2, 0.25, 0), (1, 'acc', 0, 1, 0.75, 0), (2, 'loss', 0, 1, 0, 1), (4, 'loss', 0, 1, 9, 0)",
    "INSERT INTO latest_metrics (run_number, key, step, timestamp, value, is_nan) VALUES (1, 'loss', 1, 2, 0.25, 0), "
    "(1, "
    "'acc', 0, 1, 0.75, 0), (2, 'loss', 0, 1, 0, 1), (4, 'loss', 0, 1, 9, 0)",
    "INSERT INTO params (run_number, key, value, value_hash) VALUES (1, 'model', 'tree', 1), (2, 'model', "
    "'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv', 2)",
    "INSERT INTO run_tags (run_number, key, value, value_hash) VALUES (1, 'mlflow.runName', 'first', 1), (1, 'team', "
    "'blue', "
    "2), (3, 'team', 'blue', 2)"};

TEST_P(TrackingMigrations, CarriesOldRowsOver) {
  const testing::TemporaryFolder folder;
  const std::string url = testing::new_database(GetParam(), folder);
  if (url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
  auto database = *sql::Database::open(url);
  const auto steps = migrations();
  ASSERT_TRUE(database->migrate(std::span(steps).first(1)));
  const auto filled = database->write([](sql::Session& session) -> Result<void> {
    for (const std::string_view statement : old_rows) {
      CICLO_TRY(std::ignore, session.execute(statement));
    }
    return {};
  });
  ASSERT_TRUE(filled) << filled.error().text();
  const auto migrated = database->migrate(steps);
  ASSERT_TRUE(migrated) << migrated.error().text();
  ASSERT_TRUE(database->migrate(steps));

  auto blobs = *blobs::open_folder_store(folder.path() / "blobs");
  FakeClock clock;
  Tracking tracking(*database, clock);
  http::Router router;
  ASSERT_TRUE(add_tracking_routes(router, tracking, *blobs));
  const testing::Wire wire(router);
  const auto found = [&](const std::string& filter, const std::string& order, const std::string& view) {
    const auto answer = wire.post(
        "/api/2.0/mlflow/runs/search",
        {{"experiment_ids", {"1"}}, {"filter", filter}, {"order_by", Json::array({order})}, {"run_view_type", view}});
    EXPECT_EQ(answer.status, 200) << answer.text;
    std::string names;
    for (const Json& run : member(answer.body, "runs")) names += text_or(run["info"], "run_name") + " ";
    return names;
  };
  EXPECT_EQ(found("", "start_time ASC", "ALL"), "first second third ");
  EXPECT_EQ(found("metrics.loss < 1", "metrics.loss ASC", "ACTIVE_ONLY"), "first ");
  EXPECT_EQ(found("params.model = '" + std::string(79, 'v') + "'", "start_time ASC", "ALL"), "second ");
  EXPECT_EQ(found("tags.team = 'blue'", "start_time ASC", "ALL"), "first third ");
  EXPECT_EQ(found("attributes.run_name = 'second'", "start_time ASC", "ALL"), "second ");
  const std::string history = "/api/2.0/mlflow/metrics/get-history?run_id=r1&metric_key=";
  EXPECT_EQ(wire.get(history + "loss").body["metrics"].size(), 2U);
  EXPECT_EQ(wire.get(history + "loss").body["metrics"][1]["value"], 0.25);
  EXPECT_EQ(wire.get(history + "acc").body["metrics"][0]["value"], 0.75);
  EXPECT_EQ(wire.get("/api/2.0/mlflow/runs/get?run_id=r2").body["run"]["data"]["metrics"][0]["value"], "NaN");
  // Logging goes on, to old keys and to new ones.
  for (const std::string key : {"loss", "fresh"}) {
    const auto logged = wire.post("/api/2.0/mlflow/runs/log-metric",
                                  {{"run_id", "r1"}, {"key", key}, {"value", 2}, {"timestamp", 3}, {"step", 5}});
    EXPECT_EQ(logged.status, 200) << logged.text;
  }
  EXPECT_EQ(wire.get(history + "loss").body["metrics"].size(), 3U);
  EXPECT_EQ(wire.get(history + "fresh").body["metrics"].size(), 1U);
  EXPECT_EQ(wire.get(history + "acc").body["metrics"].size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Engines, TrackingMigrations, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
