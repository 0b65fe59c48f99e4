// What is particular to PostgreSQL: lost connections, and several servers on one database.
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "platform/sql/database.hpp"
#include "platform/sql/postgres_connection.hpp"
#include "platform/sql/postgres_types.hpp"
#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::sql {
namespace {

constexpr Migration schema = {"test", 1, "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);"};

class PostgresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = testing::PostgresServer::shared();
    ASSERT_TRUE(server) << server.error().text();
    server_ = *server;
    auto url = server_->create_database();
    ASSERT_TRUE(url) << url.error().text();
    url_ = *url;
    database_ = open();
    const auto migrated = database_->migrate(std::span(&schema, 1));
    ASSERT_TRUE(migrated) << migrated.error().text();
  }

  std::unique_ptr<Database> open() const {
    auto opened = Database::open(url_);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }

  static Result<std::int64_t> add(Database& database, const std::string& name) {
    return database.write(
        [&](Session& session) { return session.execute("INSERT INTO counters (name, value) VALUES (?, 1)", {name}); });
  }

  static std::int64_t count(Database& database) {
    const auto row = database.read([](Session& session) { return session.query_one("SELECT COUNT(*) FROM counters"); });
    EXPECT_TRUE(row) << row.error().text();
    return row ? (*row)->integer(0) : -1;
  }

  testing::PostgresServer* server_ = nullptr;
  std::string url_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresTest, ConnectsAnewAfterConnectionsWereDropped) {
  ASSERT_TRUE(add(*database_, "a"));
  EXPECT_EQ(count(*database_), 1);
  ASSERT_TRUE(server_->drop_connections());
  const auto added = add(*database_, "b");
  EXPECT_TRUE(added) << added.error().text() << ": nothing was sent yet, so it can be done again";
  EXPECT_EQ(count(*database_), 2);
}

TEST_F(PostgresTest, AWriteWhoseConnectionBreaksIsDoneOnce) {
  int runs = 0;
  const auto added = database_->write([&](Session& session) -> Result<void> {
    if (++runs == 1) CICLO_CHECK(server_->drop_connections());
    CICLO_TRY(std::ignore, session.execute("INSERT INTO counters (name, value) VALUES ('a', 1)"));
    return {};
  });
  EXPECT_TRUE(added) << added.error().text();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(count(*database_), 1);
}

TEST_F(PostgresTest, AReadWhoseConnectionBreaksSaysSo) {
  const auto read = database_->read([&](Session& session) {
    EXPECT_TRUE(server_->drop_connections());
    return session.query_one("SELECT COUNT(*) FROM counters");
  });
  EXPECT_EQ(read.error().code, ErrorCode::unavailable) << read.error().text();
  EXPECT_EQ(count(*database_), 0);
}

TEST_F(PostgresTest, AcknowledgedWritesSurviveACrashOfTheServer) {
  std::vector<std::jthread> threads;
  std::atomic<int> acknowledged = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 40; ++k) {
        if (add(*database_, std::to_string(i) + "-" + std::to_string(k))) ++acknowledged;
      }
    });
  }
  const auto restarted = server_->crash_and_restart();
  threads.clear();
  ASSERT_TRUE(restarted) << restarted.error().text();
  EXPECT_GE(count(*database_), acknowledged);
  EXPECT_TRUE(add(*database_, "after"));
}

TEST_F(PostgresTest, SaysThatTheServerIsNotThere) {
  const auto opened = Database::open("postgresql://someone:secret@127.0.0.1:1/nothing");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_EQ(opened.error().text().find("secret"), std::string::npos);
}

TEST_F(PostgresTest, RepeatsADeadlockedTransaction) {
  ASSERT_TRUE(add(*database_, "a"));
  ASSERT_TRUE(add(*database_, "b"));
  const auto other = open();
  ASSERT_TRUE(other);
  const auto increase_both = [](Database& database, const std::string& one, const std::string& two) {
    return database.write([&](Session& session) -> Result<void> {
      for (const std::string& name : {one, two}) {
        CICLO_TRY(std::ignore, session.execute("UPDATE counters SET value = value + 1 WHERE name = ?", {name}));
      }
      return {};
    });
  };
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(increase_both(*database_, "a", "b"));
  });
  threads.emplace_back([&] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(increase_both(*other, "b", "a"));
  });
  threads.clear();
  const auto sum =
      database_->read([](Session& session) { return session.query_one("SELECT SUM(value) FROM counters"); });
  ASSERT_TRUE(sum) << sum.error().text();
  EXPECT_EQ((*sum)->integer(0), 82);
}

TEST_F(PostgresTest, ServersMigrateInTurn) {
  const auto other = open();
  const std::vector<Migration> next = {schema, {"test", 2, "CREATE TABLE more (id {{auto_id}});"}};
  std::vector<std::jthread> threads;
  for (Database* database : {database_.get(), other.get()}) {
    threads.emplace_back([&next, database] {
      const auto migrated = database->migrate(next);
      EXPECT_TRUE(migrated) << migrated.error().text();
    });
  }
}

TEST(PostgresErrors, AreMappedByState) {
  const std::vector<std::pair<std::string, ErrorCode>> table = {
      {"23505", ErrorCode::already_exists}, {"23503", ErrorCode::conflict},    {"23502", ErrorCode::conflict},
      {"40001", ErrorCode::unavailable},    {"40P01", ErrorCode::unavailable}, {"", ErrorCode::unavailable},
      {"53300", ErrorCode::unavailable},    {"53100", ErrorCode::internal},    {"25006", ErrorCode::internal},
      {"42601", ErrorCode::internal},       {"22021", ErrorCode::invalid},     {"57014", ErrorCode::timeout},
      {"54000", ErrorCode::too_large},      {"XX001", ErrorCode::internal}};
  for (const auto& [state, code] : table) EXPECT_EQ(postgres_error(state, "m").code, code) << state;
  EXPECT_NE(postgres_error("53100", "m").hint, "");
  EXPECT_TRUE(is_transient("40P01"));
  EXPECT_TRUE(ends_connection("57P01"));
}

TEST(PostgresValues, AreReadByType) {
  EXPECT_EQ(postgres_value(postgres_type::int8, "-9223372036854775808").storage(),
            Value(std::numeric_limits<std::int64_t>::min()).storage());
  EXPECT_EQ(postgres_value(postgres_type::numeric, "42"), Value(42));
  EXPECT_EQ(postgres_value(postgres_type::numeric, "0.5"), Value(0.5));
  EXPECT_EQ(postgres_value(postgres_type::boolean, "t"), Value(1));
  EXPECT_EQ(postgres_value(postgres_type::bytea, "\\x00fF"), Value(Blob{std::string("\0\xff", 2)}));
  EXPECT_EQ(postgres_value(postgres_type::text, "a"), Value("a"));
}

}  // namespace
}  // namespace ciclo::sql
