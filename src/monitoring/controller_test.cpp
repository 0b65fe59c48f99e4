#include "monitoring/controller.hpp"

#include <gtest/gtest.h>

#include <fmt/chrono.h>

#include <fstream>

#include "monitoring/handlers.hpp"
#include "outer_loop/triggers/controller.hpp"
#include "outer_loop/triggers/kinds.hpp"
#include "outer_loop/triggers/testing/world.hpp"

namespace ciclo::monitoring {
namespace {

using resources::Resource;
using resources::ResourceKey;
using testing::must;
using testing::plain_kind;
using testing::World;
using namespace std::chrono_literals;

std::vector<sql::Migration> all_migrations() {
  auto all = migrations();
  const auto more = outer_loop::trigger_migrations();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

class FolderLocator final : public DataLocator {
 public:
  explicit FolderLocator(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<LocatedData> locate(const resources::Caller&, const std::string&, const std::string& reference) override {
    ++calls;
    const auto path = folder_ / (reference.substr(reference.find(':') + 1) + ".csv");
    if (!std::filesystem::exists(path)) return fail(ErrorCode::not_found, "there is no data '" + reference + "'");
    return LocatedData{path, "/workspaces/dev/data/" + reference};
  }
  int calls = 0;

 private:
  std::filesystem::path folder_;
};

class ScheduleTest : public ::testing::Test {
 protected:
  ScheduleTest()
      : world_({plain_kind("job", "workspace"), plain_kind("online-endpoint", "workspace"), schedule_kind(),
                outer_loop::trigger_kind()},
               all_migrations()),
        locator_(world_.folder),
        runner_({*world_.database, locator_, world_.clock,
                 [this](const std::string& workspace) { return world_.folder / "collected" / workspace; }}) {}

  std::optional<std::chrono::milliseconds> reconcile(const std::string& name = "s") {
    // As after a start: a controller that remembers nothing.
    ScheduleController controller({*world_.service, runner_, *world_.logger});
    return must(controller.reconcile(key(name)));
  }
  static ResourceKey key(const std::string& name) {
    return {.workspace = "dev", .kind = "schedule", .parent = {}, .name = name, .version = {}};
  }
  Json status(const std::string& name = "s") { return world_.find(key(name))->status; }
  std::vector<ScheduleRun> runs(const std::string& name = "s") {
    const auto uid = world_.find(key(name))->uid;
    return must(world_.database->read([&](sql::Session& session) {
      return ScheduleStore().list(session, {uid, 0, 100});
    }));
  }
  // `rows` of {"temp": base + i%10, "wind": 1, "sky": …} at the clock's time.
  void collect(const std::string& collection, const std::vector<std::string>& rows) {
    const auto now = world_.clock.now();
    const auto folder = world_.folder / "collected/dev/weather/blue" / collection /
                        fmt::format("{:%Y/%m/%d/%H}", std::chrono::floor<std::chrono::seconds>(now));
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / "1.jsonl", std::ios::app);
    for (const auto& row : rows) {
      file << R"({"specversion":"1.0","time":")" << format_rfc3339(now) << R"(","data":[)" << row << "]}\n";
    }
  }
  void collect_inputs(double base, const std::string& sky, int count = 200) {
    std::vector<std::string> rows;
    for (int i = 0; i < count; ++i) rows.push_back(fmt::format(R"({{"temp":{:.1f},"sky":"{}"}})", base + i % 10, sky));
    collect("model_inputs", rows);
  }
  void collect_outputs(const std::string& label, int count = 200) {
    collect("model_outputs", std::vector<std::string>(static_cast<std::size_t>(count),
                                                      R"({"label":")" + label + R"(","probabilities":[0.5,0.5]})"));
  }
  void write_training_data() {
    std::ofstream file(world_.folder / "weather.csv");
    file << "date,temp,sky,weather\n";
    for (int i = 0; i < 300; ++i) {
      file << fmt::format("2026-01-{:02},{:.1f},{},{}\n", 1 + i % 28, 5.0 + i % 10, i % 2 == 0 ? "clear" : "grey",
                          i % 3 == 0 ? "rain" : "sun");
    }
  }
  Resource make_monitor(Json signals = nullptr) {
    Json monitor = {
        {"monitoring_target", {{"ml_task", "classification"}, {"endpoint_deployment_id", "azureml:weather:blue"}}}};
    if (!signals.is_null()) monitor["monitoring_signals"] = std::move(signals);
    return world_.create(
        "schedule", "dev",
        {{"name", "s"},
         {"trigger",
          {{"type", "recurrence"}, {"frequency", "day"}, {"interval", 1}, {"start_time", "2026-01-01T12:00:00Z"}}},
         {"create_monitor", monitor}});
  }

  World world_;
  FolderLocator locator_;
  MonitorRunner runner_;
};

const Json kTrainingReference = {{"input_data", {{"path", "azureml:weather"}, {"type", "uri_file"}}},
                                 {"data_context", "training"},
                                 {"data_column_names", {{"target_column", "weather"}}}};

TEST_F(ScheduleTest, CreatesAJobAtEachTimeOnce) {
  world_.create(
      "schedule", "dev",
      {{"name", "s"},
       {"trigger", {{"type", "cron"}, {"expression", "0 * * * *"}}},
       {"create_job", {{"job", {{"type", "pipeline"}, {"inputs", {{"a", 1}, {"b", 2}}}}}, {"inputs", {{"b", 3}}}}}});
  EXPECT_EQ(reconcile(), 60'000ms);
  EXPECT_TRUE(world_.all("job", "dev").empty());
  world_.clock.advance(1h);
  reconcile();
  reconcile();
  auto jobs = world_.all("job", "dev");
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].key.name, "s-20260101T010000Z");
  EXPECT_EQ(member(jobs[0].spec, "inputs"), (Json{{"a", 1}, {"b", 3}}));
  EXPECT_EQ(text_or(jobs[0].spec, "experiment_name"), "s");
  EXPECT_EQ(jobs[0].created_by, "maria");
  // Of what was missed in a night, the last is made up for.
  world_.clock.advance(8h + 10min);
  EXPECT_EQ(reconcile(), 60'000ms);
  jobs = world_.all("job", "dev");
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[1].key.name, "s-20260101T090000Z");
  EXPECT_EQ(text_or(status(), "next_run"), "2026-01-01T10:00:00.000Z");
  EXPECT_EQ(text_or(status(), "last_run_state"), "completed");
  EXPECT_EQ(world_.events_of("ciclo.schedule.fired").size(), 2U);
}

TEST_F(ScheduleTest, RunsAnExistingJobAgainAndSaysWhenItIsGone) {
  world_.create("job", "dev", {{"name", "first"}, {"type", "command"}, {"command", "train"}});
  world_.create("schedule", "dev",
                {{"name", "s"},
                 {"trigger", {{"type", "recurrence"}, {"frequency", "minute"}, {"interval", 5}}},
                 {"create_job", "azureml:first"}});
  reconcile();  // a recurrence without a start begins at once
  ASSERT_EQ(world_.all("job", "dev").size(), 2U);
  EXPECT_EQ(text_or(world_.all("job", "dev")[1].spec, "command"), "train");
  must(world_.service->remove(world_.maria(),
                              {.workspace = "dev", .kind = "job", .parent = {}, .name = "first", .version = {}}));
  world_.clock.advance(5min);
  reconcile();
  EXPECT_EQ(runs()[0].state, "failed");
  EXPECT_EQ(world_.events_of("ciclo.schedule.failed").size(), 1U);
}

TEST_F(ScheduleTest, ADisabledScheduleMakesUpForNothing) {
  world_.create("schedule", "dev",
                {{"name", "s"},
                 {"is_enabled", false},
                 {"trigger", {{"type", "cron"}, {"expression", "0 * * * *"}}},
                 {"create_job", {{"type", "command"}}}});
  world_.clock.advance(5h);
  EXPECT_EQ(reconcile(), std::nullopt);
  must(world_.service->update(world_.maria(),
                              {.key = key("s"), .patch = {{"is_enabled", true}}, .expected_revision = {}}));
  world_.clock.advance(1min);
  reconcile();
  EXPECT_TRUE(world_.all("job", "dev").empty());
}

TEST_F(ScheduleTest, ItsOwnerMustStillHaveTheRight) {
  world_.create("schedule", "dev",
                {{"name", "s"},
                 {"trigger", {{"type", "cron"}, {"expression", "0 * * * *"}}},
                 {"create_job", {{"type", "command"}}}});
  world_.access.denied = {"maria workspace/write"};
  world_.clock.advance(1h);
  reconcile();
  EXPECT_TRUE(world_.all("job", "dev").empty());
  EXPECT_EQ(runs()[0].state, "failed");
}

TEST_F(ScheduleTest, MonitorsDriftAgainstTrainingData) {
  write_training_data();
  const Json drift = {{"type", "data_drift"}, {"reference_data", kTrainingReference}};
  const Json predictions = {{"type", "prediction_drift"}, {"reference_data", kTrainingReference}};
  const Json quality = {{"type", "data_quality"}, {"reference_data", kTrainingReference}, {"alert_enabled", false}};
  make_monitor({{"drift", drift}, {"predictions", predictions}, {"quality", quality}});
  world_.clock.advance(11h);
  collect_inputs(25.0, "clear");
  collect_outputs("sun");
  world_.clock.advance(1h);
  reconcile();
  ASSERT_EQ(runs().size(), 1U);
  const Json result = runs()[0].result;
  EXPECT_EQ(runs()[0].state, "completed") << runs()[0].reason;
  // Every temperature is 20 above: a shift of 20 over the reference's deviation, some 6.95.
  const Json& temp = at_pointer(result, "/signals/drift/features/temp/metrics/0");
  EXPECT_EQ(text_or(temp, "metric"), "normalized_wasserstein_distance");
  EXPECT_NEAR(member(temp, "value").get<double>(), 20.0 / 2.8771, 0.01);
  EXPECT_EQ(member(temp, "breached"), true);
  EXPECT_EQ(at_pointer(result, "/signals/drift/features/sky/metrics/0/breached"), true);
  EXPECT_TRUE(at_pointer(result, "/signals/drift/features/weather").is_null());
  EXPECT_EQ(text_or(at_pointer(result, "/signals/predictions/features/label/metrics/0"), "metric"),
            "jensen_shannon_distance");
  EXPECT_EQ(at_pointer(result, "/signals/drift/production_data/rows"), 200);
  const auto alerts = world_.events_of("ciclo.monitor.alert");
  ASSERT_EQ(alerts.size(), 3U);
  EXPECT_EQ(text_or(alerts[1].data, "feature"), "temp");
  EXPECT_EQ(text_or(alerts[1].data, "signal_type"), "data_drift");
  EXPECT_EQ(member(alerts[1].data, "threshold"), 0.1);
  const auto completed = world_.events_of("ciclo.monitor.completed");
  ASSERT_EQ(completed.size(), 1U);
  EXPECT_EQ(at_pointer(completed[0].data, "/signals/quality"), "breached");
  const auto rows = must(world_.database->read([&](sql::Session& session) {
    return ScheduleStore().metrics(
        session, {.schedule_uid = world_.find(key("s"))->uid, .signal = "drift", .feature = "temp", .metric = {}});
  }));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].breached);
  const Json now = status();
  EXPECT_EQ(member(now, "last_run_breached").get<int>(), runs()[0].result["breached"].get<int>());
}

TEST_F(ScheduleTest, AReferenceIsReadOnce) {
  write_training_data();
  make_monitor({{"drift", {{"type", "data_drift"}, {"reference_data", kTrainingReference}}}});
  for (int day = 0; day < 2; ++day) {
    world_.clock.advance(11h);
    collect_inputs(5.0, "clear");
    world_.clock.advance(13h);
    reconcile();
    // What is stored is enough: the file may say something else by now.
    std::ofstream(world_.folder / "weather.csv") << "other\n1\n";
  }
  ASSERT_EQ(runs().size(), 2U);
  EXPECT_EQ(text_or(at_pointer(runs()[0].result, "/signals/drift"), "state"), "breached");
  EXPECT_EQ(at_pointer(runs()[0].result, "/signals/drift/features/temp/metrics/0/breached"), false);
}

TEST_F(ScheduleTest, TheOutOfBoxMonitorComparesWithTheProductionBefore) {
  make_monitor();
  world_.clock.advance(6h);
  collect_inputs(5.0, "clear");
  collect_outputs("sun");
  world_.clock.advance(24h);
  collect_inputs(5.0, "clear");
  collect_outputs("rain");
  world_.clock.advance(6h);
  reconcile();
  const Json result = runs()[0].result;
  EXPECT_EQ(text_or(at_pointer(result, "/signals/data_drift"), "state"), "ok");
  EXPECT_EQ(text_or(at_pointer(result, "/signals/data_quality"), "state"), "ok");
  EXPECT_EQ(text_or(at_pointer(result, "/signals/prediction_drift"), "state"), "breached");
  EXPECT_EQ(at_pointer(result, "/signals/prediction_drift/features/label/metrics/0/value"), 1.0);
}

TEST_F(ScheduleTest, WithoutDataNothingIsComparedAndNothingAlerts) {
  make_monitor();
  world_.clock.advance(12h);
  reconcile();
  EXPECT_EQ(runs()[0].state, "completed");
  EXPECT_EQ(text_or(at_pointer(runs()[0].result, "/signals/data_drift"), "reason"),
            "there is no production data in the window");
  EXPECT_TRUE(world_.events_of("ciclo.monitor.alert").empty());
  EXPECT_EQ(world_.events_of("ciclo.monitor.completed").size(), 1U);
}

TEST_F(ScheduleTest, AHandfulOfRowsIsNotCompared) {
  make_monitor();
  world_.clock.advance(6h);
  collect_inputs(5.0, "clear", 50);
  world_.clock.advance(24h);
  collect_inputs(500.0, "clear", 5);
  world_.clock.advance(6h);
  reconcile();
  EXPECT_EQ(text_or(at_pointer(runs()[0].result, "/signals/data_drift/features/temp/metrics/0"), "reason"),
            "production has 5 values, fewer than 10");
  // Quality has no such limit: each row counts.
  EXPECT_EQ(at_pointer(runs()[0].result, "/signals/data_quality/features/temp/metrics/2/breached"), true);
}

TEST_F(ScheduleTest, AMissingReferenceFailsTheRun) {
  make_monitor(
      {{"drift", {{"type", "data_drift"}, {"reference_data", {{"input_data", {{"path", "azureml:nothing:1"}}}}}}}});
  world_.clock.advance(11h);
  collect_inputs(5.0, "clear");
  world_.clock.advance(1h);
  reconcile();
  EXPECT_EQ(runs()[0].state, "failed");
  EXPECT_EQ(runs()[0].reason, "signal 'drift': there is no data 'azureml:nothing:1'");
  EXPECT_EQ(world_.events_of("ciclo.monitor.failed").size(), 1U);
  EXPECT_EQ(text_or(status(), "last_run_state"), "failed");
}

TEST_F(ScheduleTest, RunsNowWhenAsked) {
  http::Router router;
  must(add_schedule_routes(router, *world_.service));
  make_monitor();
  http::Request request;
  const auto match = router.find(http::Method::post, "/api/v1/workspaces/dev/schedules/s/trigger");
  ASSERT_NE(match.route, nullptr);
  request.parameters = match.parameters;
  request.principal = "maria";
  request.identity = std::make_shared<resources::Caller>(world_.maria());
  const auto answer = match.route->handler(request);
  ASSERT_TRUE(answer.has_value()) << answer.error().text();
  EXPECT_EQ(answer->status, 202);
  reconcile();
  reconcile();
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].state, "completed");
  EXPECT_EQ(runs()[0].requested_by, "maria");
  const auto results = router.find(http::Method::get, "/api/v1/workspaces/dev/schedules/s/monitor-results");
  const auto list = results.route->handler(request);
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(at_pointer(parse_json(list->body).value_or(Json()), "/value/0/trigger"), "manual");
}

// The loop: a monitor's alert starts a retraining, once, though several columns have drifted.
TEST_F(ScheduleTest, AnAlertTriggersRetraining) {
  write_training_data();
  make_monitor({{"drift", {{"type", "data_drift"}, {"reference_data", kTrainingReference}}}});
  world_.create(
      "trigger", "dev",
      {{"name", "retrain"},
       {"on", {{"event", "ciclo.monitor.alert"}, {"filter", "data.signal_type == 'data_drift'"}}},
       {"action", {{"create_job", {{"job", {{"type", "command"}}}, {"inputs", {{"why", "${{event.data.feature}}"}}}}}}},
       {"limits", {{"cooldown", "PT1H"}}}});
  world_.clock.advance(11h);
  collect_inputs(25.0, "fog");
  world_.clock.advance(1h);
  reconcile();
  http::Client client;
  outer_loop::TriggerController controller({*world_.service, client, *world_.logger});
  must(controller.reconcile({.workspace = "dev", .kind = "trigger", .parent = {}, .name = "retrain", .version = {}}));
  ASSERT_EQ(world_.all("job", "dev").size(), 1U);
  EXPECT_EQ(at_pointer(world_.all("job", "dev")[0].spec, "/inputs/why"), "sky");
}

TEST_F(ScheduleTest, WhatTheSchemaCannotTellIsRefused) {
  const auto target = [&](Json document) {
    document["name"] = "x";
    const auto made = world_.service->create(world_.maria(), {.workspace = "dev",
                                                              .kind = "schedule",
                                                              .parent = {},
                                                              .document = std::move(document),
                                                              .owner = {},
                                                              .links = {}});
    return made ? std::string("accepted") : made.error().target;
  };
  const Json cron = {{"type", "cron"}, {"expression", "0 * * * *"}};
  EXPECT_EQ(target({{"trigger", cron}, {"create_job", "azureml:"}}), "/create_job");
  EXPECT_EQ(target({{"trigger", cron}}), "");
  EXPECT_EQ(target({{"trigger", {{"type", "cron"}, {"expression", "99 * * * *"}}}, {"create_job", "azureml:a"}}),
            "/trigger/expression");
  EXPECT_EQ(target({{"trigger", {{"type", "recurrence"}, {"frequency", "dayly"}, {"interval", 1}}},
                    {"create_job", "azureml:a"}}),
            "/trigger/frequency");
  EXPECT_EQ(
      target({{"trigger", cron}, {"create_monitor", {{"monitoring_signals", {{"a", {{"type", "data_drifft"}}}}}}}}),
      "/create_monitor/monitoring_signals/a/type");
  EXPECT_EQ(target({{"trigger", cron},
                    {"create_monitor",
                     {{"monitoring_target", {{"endpoint_deployment_id", "azureml:e:d"}}},
                      {"monitoring_signals",
                       {{"a", {{"type", "data_drift"}, {"metric_thresholds", {{"numerical", {{"jensen", 1}}}}}}}}}}}}),
            "/create_monitor/monitoring_signals/a/metric_thresholds/numerical/jensen");
}

}  // namespace
}  // namespace ciclo::monitoring
