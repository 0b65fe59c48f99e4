// What Database promises, checked on every engine.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <latch>
#include <limits>
#include <set>
#include <thread>

#include "platform/sql/database.hpp"
#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::sql {
namespace {

class DatabaseContract : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (GetParam() == Dialect::sqlite) {
      std::string folder = "/tmp/ciclo-sql-XXXXXX";
      ASSERT_NE(::mkdtemp(folder.data()), nullptr);
      folder_ = folder;
      url_ = "sqlite:" + folder + "/test.db";
    } else {
      const auto server = testing::PostgresServer::shared();
      ASSERT_TRUE(server) << server.error().text();
      const auto url = (*server)->create_database();
      ASSERT_TRUE(url) << url.error().text();
      url_ = *url;
    }
    open();
    const Migration migration = {"test", 1, R"(
      CREATE TABLE parents (name TEXT PRIMARY KEY, size BIGINT NOT NULL DEFAULT 0 CHECK (size >= 0));
      CREATE TABLE children (
        id {{auto_id}},
        parent TEXT NOT NULL REFERENCES parents (name),
        score DOUBLE PRECISION,
        bytes {{blob}});
    )"};
    const auto migrated = database_->migrate(std::span(&migration, 1));
    ASSERT_TRUE(migrated) << migrated.error().text();
  }

  void TearDown() override {
    database_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void open(const DatabaseSettings& settings = {}) {
    database_.reset();
    auto opened = Database::open(url_, settings);
    ASSERT_TRUE(opened) << opened.error().text();
    database_ = std::move(*opened);
  }

  Result<void> add(const std::string& name, std::int64_t size = 0) {
    return database_->write([&](Session& session) -> Result<void> {
      CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name, size) VALUES (?, ?)", {name, size}));
      return {};
    });
  }

  std::int64_t count() {
    auto rows = database_->read([](Session& session) { return session.query_one("SELECT COUNT(*) FROM parents"); });
    EXPECT_TRUE(rows) << rows.error().text();
    return rows && *rows ? (*rows)->integer(0) : -1;
  }

  std::filesystem::path folder_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

TEST_P(DatabaseContract, KeepsEveryTypeOfValue) {
  ASSERT_TRUE(add("p"));
  const std::string bytes("\0\xff\x01?", 4);
  const auto changed = database_->write([&](Session& session) {
    return session.execute("INSERT INTO children (parent, score, bytes) VALUES (?, ?, ?), (?, ?, ?)",
                           {"p", 0.1, Blob{bytes}, "p", nullptr, Blob{}});
  });
  ASSERT_TRUE(changed) << changed.error().text();
  EXPECT_EQ(*changed, 2);
  const auto rows = database_->read(
      [](Session& session) { return session.query("SELECT id, parent, score, bytes FROM children ORDER BY id"); });
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].integer(0), 1);
  EXPECT_EQ((*rows)[0].text(1), "p");
  EXPECT_EQ((*rows)[0].real(2), 0.1);
  EXPECT_EQ((*rows)[0].blob(3), bytes);
  EXPECT_TRUE((*rows)[1].is_null(2));
  EXPECT_FALSE((*rows)[1].is_null(3));
  EXPECT_EQ((*rows)[1].optional_integer(2), std::nullopt);
}

TEST_P(DatabaseContract, KeepsExtremeNumbers) {
  ASSERT_TRUE(add("p", std::numeric_limits<std::int64_t>::max()));
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> numbers = {infinity, -infinity, std::numeric_limits<double>::max(), 5e-324, 1.0, -0.0};
  for (const double number : numbers) {
    const auto row = database_->write([&](Session& session) {
      return session.query_one("INSERT INTO children (parent, score) VALUES (?, ?) RETURNING score", {"p", number});
    });
    ASSERT_TRUE(row) << row.error().text();
    EXPECT_EQ((*row)->real(0), number);
  }
  const auto size = database_->read([](Session& session) { return session.query_one("SELECT size FROM parents"); });
  EXPECT_EQ((*size)->integer(0), std::numeric_limits<std::int64_t>::max());
}

TEST_P(DatabaseContract, UpsertsAndLeavesQuestionMarksInTextAlone) {
  const auto upsert = [&](std::int64_t size) {
    return database_->write([&](Session& session) {
      return session.query_one(
          "INSERT INTO parents (name, size) VALUES ('why?' /* ? */, ?) -- ?\n"
          "ON CONFLICT (name) DO UPDATE SET size = parents.size + excluded.size RETURNING name, size",
          {size});
    });
  };
  ASSERT_TRUE(upsert(1));
  const auto row = upsert(2);
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_EQ((*row)->text(0), "why?");
  EXPECT_EQ((*row)->integer(1), 3);
}

TEST_P(DatabaseContract, MapsErrors) {
  ASSERT_TRUE(add("p"));
  const auto twice = add("p");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::already_exists) << twice.error().text();
  EXPECT_EQ(add("q", -1).error().code, ErrorCode::conflict);
  const auto orphan = database_->write(
      [](Session& session) { return session.execute("INSERT INTO children (parent) VALUES (?)", {"nobody"}); });
  EXPECT_EQ(orphan.error().code, ErrorCode::conflict) << orphan.error().text();
  const auto absent = database_->write([](Session& session) { return session.execute("DELETE FROM nothing"); });
  EXPECT_EQ(absent.error().code, ErrorCode::internal);
  const auto few = database_->read([](Session& session) { return session.query("SELECT ? + 1", {}); });
  EXPECT_EQ(few.error().code, ErrorCode::internal);
  const auto writing = database_->read([](Session& session) { return session.execute("DELETE FROM parents"); });
  EXPECT_FALSE(writing);
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, AFailedClosureIsUndoneAlone) {
  // All wait behind the first, so they share a transaction.
  constexpr int writers = 12;
  std::latch entered(1);
  std::latch release(1);
  std::jthread first([&] {
    std::ignore = database_->write([&](Session&) -> Result<void> {
      entered.count_down();
      release.wait();
      return {};
    });
  });
  entered.wait();
  std::vector<std::jthread> threads;
  std::atomic<int> failures = 0;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&, i] {
      const auto done = database_->write([&](Session& session) -> Result<void> {
        CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name) VALUES (?)", {"w" + std::to_string(i)}));
        if (i % 3 == 0) return fail(ErrorCode::denied, "no");
        if (i % 3 == 1) {
          CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name) VALUES (?)", {"w" + std::to_string(i)}));
        }
        return {};
      });
      if (!done) ++failures;
    });
  }
  release.count_down();
  threads.clear();
  EXPECT_EQ(failures, 8);
  EXPECT_EQ(count(), 4);
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseContract, ::testing::Values(Dialect::sqlite, Dialect::postgresql),
                         [](const auto& engine) {
                           return std::string(engine.param == Dialect::sqlite ? "Sqlite" : "Postgresql");
                         });

}  // namespace
}  // namespace ciclo::sql
