#include "outer_loop/triggers/store.hpp"

#include <gtest/gtest.h>

#include "outer_loop/triggers/testing/world.hpp"
#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::outer_loop {
namespace {

using ciclo::testing::must;

// The same statements on both engines.
void check_store(sql::Database& database) {
  must(database.migrate(trigger_migrations()));
  const TriggerStore store;
  const TimePoint time = from_unix_ms(1'767'225'600'000);
  FireRecord record{.trigger_uid = "t",
                    .event_sequence = 7,
                    .workspace = "dev",
                    .trigger_name = "retrain",
                    .event_id = "e",
                    .event_type = "ciclo.monitor.alert",
                    .event_subject = "schedule/s",
                    .time = time,
                    .state = "pending",
                    .reason = "",
                    .result = {{"kind", "job"}},
                    .attempts = 0,
                    .next_attempt = time};
  must(database.write([&](sql::Session& session) { return store.insert(session, record); }));
  const auto again = database.write([&](sql::Session& session) { return store.insert(session, record); });
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);

  EXPECT_FALSE(must(database.read([&](sql::Session& session) { return store.find_state(session, "t"); })).has_value());
  for (const TriggerHistory& history : {TriggerHistory{}, TriggerHistory{time, 20'454, 2}}) {
    must(database.write([&](sql::Session& session) { return store.put_state(session, "t", {9, history}); }));
    const auto state = must(database.read([&](sql::Session& session) { return store.find_state(session, "t"); }));
    EXPECT_EQ(state->cursor, 9);
    EXPECT_EQ(state->history.last_fired, history.last_fired);
    EXPECT_EQ(state->history.fired_on_day, history.fired_on_day);
  }

  const auto pending = must(database.read([&](sql::Session& session) { return store.pending(session, "t"); }));
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(to_json(pending[0]), to_json(record));
  record.state = "delivered";
  record.attempts = 1;
  must(database.write([&](sql::Session& session) { return store.update(session, record); }));
  EXPECT_TRUE(must(database.read([&](sql::Session& session) { return store.pending(session, "t"); })).empty());
  const auto listed = must(database.read([&](sql::Session& session) { return store.list(session, {"t"}); }));
  EXPECT_EQ(listed.at(0).state, "delivered");
  EXPECT_TRUE(must(database.read([&](sql::Session& session) { return store.list(session, {"t", 7}); })).empty());
}

TEST(TriggerStore, OnSqlite) {
  const auto file = std::filesystem::temp_directory_path() / ("ciclo-test-" + random_hex(8) + ".db");
  check_store(*must(sql::Database::open("sqlite:" + file.string())));
  for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
}

TEST(TriggerStore, OnPostgresql) {
  const auto server = sql::testing::PostgresServer::shared();
  if (!server) GTEST_SKIP() << server.error().text();
  check_store(*must(sql::Database::open(must((*server)->create_database()))));
}

}  // namespace
}  // namespace ciclo::outer_loop
