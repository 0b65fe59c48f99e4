#include "monitoring/schedule_store.hpp"

#include <gtest/gtest.h>

#include "outer_loop/triggers/testing/world.hpp"
#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::monitoring {
namespace {

using ciclo::testing::must;

ScheduleRun run_at(std::int64_t unix_ms) {
  ScheduleRun run;
  run.workspace = "dev";
  run.schedule_uid = "u";
  run.schedule = "s";
  run.scheduled = from_unix_ms(unix_ms);
  return run;
}

// The same statements on both engines.
void check_runs(sql::Database& database) {
  const ScheduleStore store;
  const auto insert = [&](const ScheduleRun& run) {
    return must(database.write([&](sql::Session& session) { return store.insert(session, run); }));
  };
  EXPECT_TRUE(insert(run_at(1000)));
  EXPECT_FALSE(insert(run_at(1000)));  // a time is run once
  auto manual = run_at(1000);
  manual.request = "r";
  EXPECT_TRUE(insert(manual));

  auto pending = must(database.read([&](sql::Session& session) { return store.pending(session, "u"); }));
  ASSERT_EQ(pending.size(), 2U);
  auto& first = pending[0];
  first.state = "completed";
  first.result = {{"breached", 2}};
  const auto finish = [&] {
    return must(database.write([&](sql::Session& session) { return store.finish(session, first); }));
  };
  EXPECT_TRUE(finish());
  EXPECT_FALSE(finish());
  const auto found = must(database.read([&](sql::Session& session) { return store.find(session, "u", first.id); }));
  EXPECT_EQ(found->result["breached"], 2);
  const auto listed = must(database.read([&](sql::Session& session) { return store.list(session, {"u"}); }));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_GT(listed[0].id, listed[1].id);
  EXPECT_EQ(must(database.read([&](sql::Session& session) {
              return store.list(session, {"u", listed[0].id});
            })).size(),
            1U);
}

void check_metrics(sql::Database& database) {
  const ScheduleStore store;
  std::vector<MetricRow> rows;
  for (const auto* feature : {"temp", "wind"}) {
    rows.push_back({"dev", "u", 1, from_unix_ms(5), "drift", feature, "jensen_shannon_distance", 0.25, 0.1, true});
  }
  rows.push_back(
      {"dev", "u", 2, from_unix_ms(6), "drift", "temp", "jensen_shannon_distance", std::nullopt, 0.1, false});
  must(database.write([&](sql::Session& session) { return store.add_metrics(session, rows); }));
  const auto all = must(database.read([&](sql::Session& session) {
    return store.metrics(session, {.schedule_uid = "u", .signal = {}, .feature = {}, .metric = {}});
  }));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].value.has_value());
  const auto wind = must(database.read([&](sql::Session& session) {
    return store.metrics(session, {.schedule_uid = "u", .signal = "drift", .feature = "wind", .metric = {}});
  }));
  ASSERT_EQ(wind.size(), 1U);
  EXPECT_EQ(wind[0].value, 0.25);
  EXPECT_TRUE(wind[0].breached);

  const Json columns = {{"temp", 1}};
  for (int i = 0; i < 2; ++i) {
    must(database.write(
        [&](sql::Session& session) { return store.put_reference(session, "k", columns, from_unix_ms(1)); }));
  }
  EXPECT_EQ(must(database.read([&](sql::Session& session) { return store.find_reference(session, "k"); })), columns);
  EXPECT_FALSE(
      must(database.read([&](sql::Session& session) { return store.find_reference(session, "x"); })).has_value());
}

void check_store(sql::Database& database) {
  must(database.migrate(migrations()));
  check_runs(database);
  check_metrics(database);
}

TEST(ScheduleStore, OnSqlite) {
  const auto file = std::filesystem::temp_directory_path() / ("ciclo-test-" + random_hex(8) + ".db");
  check_store(*must(sql::Database::open("sqlite:" + file.string())));
  for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
}

TEST(ScheduleStore, OnPostgresql) {
  const auto server = sql::testing::PostgresServer::shared();
  if (!server) GTEST_SKIP() << server.error().text();
  check_store(*must(sql::Database::open(must((*server)->create_database()))));
}

}  // namespace
}  // namespace ciclo::monitoring
