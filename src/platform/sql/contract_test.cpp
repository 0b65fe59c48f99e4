// What Database promises, checked on every engine.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <limits>
#include <stdexcept>
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

TEST_P(DatabaseContract, ScansRowsOneByOneUntilToldToStop) {
  const auto filled = database_->write([](Session& session) -> Result<void> {
    CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name, size) VALUES ('a', 1), ('b', 2), ('c', 3)"));
    CICLO_TRY(std::ignore, session.execute("INSERT INTO children (parent, score) VALUES ('a', 0.25)"));
    return {};
  });
  ASSERT_TRUE(filled);
  std::string seen;
  std::int64_t sum = 0;
  const auto scanned = database_->read([&](Session& session) {
    return session.scan("SELECT name, size FROM parents WHERE size < ? ORDER BY name", std::vector<Value>{9},
                        [&](const RowView& row) {
                          seen += row.text(0);
                          sum += row.integer(1);
                          return sum < 3;
                        });
  });
  ASSERT_TRUE(scanned) << scanned.error().text();
  EXPECT_EQ(seen, "ab");
  EXPECT_EQ(sum, 3);
  double score = 1;
  std::string empty = "?";
  const auto null_is_empty = database_->read([&](Session& session) {
    return session.scan("SELECT score, CAST(NULL AS TEXT) FROM children", {}, [&](const RowView& row) {
      score = row.real(0);
      empty = row.text(1);
      return true;
    });
  });
  ASSERT_TRUE(null_is_empty);
  EXPECT_EQ(score, 0.25);
  EXPECT_EQ(empty, "");
  EXPECT_FALSE(database_->read([](Session& session) {
    return session.scan("SELECT nothing FROM nowhere", {}, [](const RowView&) { return true; });
  }));
}

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

TEST_P(DatabaseContract, AFailedStatementFailsTheWholeClosure) {
  ASSERT_TRUE(add("p"));
  const auto swallowed = database_->write([](Session& session) -> Result<void> {
    CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name) VALUES (?)", {"q"}));
    std::ignore = session.execute("INSERT INTO parents (name) VALUES (?)", {"p"});
    EXPECT_EQ(session.query("SELECT 1").error().code, ErrorCode::already_exists);
    return {};
  });
  EXPECT_EQ(swallowed.error().code, ErrorCode::already_exists);
  EXPECT_EQ(count(), 1);
  const auto thrown = database_->write([](Session& session) -> Result<void> {
    std::ignore = session.execute("INSERT INTO parents (name) VALUES (?)", {"r"});
    throw std::runtime_error("oops");
  });
  EXPECT_EQ(thrown.error().code, ErrorCode::internal);
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, ReadsASnapshotThatWritesBesideItDoNotChange) {
  ASSERT_TRUE(add("p"));
  const auto seen = database_->read([&](Session& session) -> Result<std::int64_t> {
    CICLO_TRY(const auto before, session.query_one("SELECT COUNT(*) FROM parents"));
    EXPECT_TRUE(add("q"));
    CICLO_TRY(const auto after, session.query_one("SELECT COUNT(*) FROM parents"));
    EXPECT_EQ(count(), 1) << "a read within a read is of the same snapshot";
    return before->integer(0) * 10 + after->integer(0);
  });
  EXPECT_EQ(*seen, 11);
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, ReadsSeeEveryAcknowledgedWrite) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        const std::string name = std::to_string(i) + "-" + std::to_string(k);
        EXPECT_TRUE(add(name));
        const auto row = database_->read(
            [&](Session& session) { return session.query_one("SELECT 1 FROM parents WHERE name = ?", {name}); });
        EXPECT_TRUE(row && *row) << name;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(count(), 120);
}

TEST_P(DatabaseContract, CallsBackAfterTheCommitOnly) {
  std::string told;
  const auto write = [&](const std::string& name, bool fails) {
    return database_->write([&](Session& session) -> Result<void> {
      session.after_commit([&, name] { told += name + std::to_string(count()); });
      CICLO_TRY(std::ignore, session.execute("INSERT INTO parents (name) VALUES (?)", {name}));
      if (fails) return fail(ErrorCode::denied, "no");
      return {};
    });
  };
  EXPECT_TRUE(write("a", false));
  EXPECT_FALSE(write("b", true));
  EXPECT_TRUE(write("c", false));
  EXPECT_FALSE(write("c", false));
  EXPECT_EQ(told, "a1c2");
}

TEST_P(DatabaseContract, AWriteWithinAWriteFailsInsteadOfWaitingForItself) {
  const auto inner = database_->write([&](Session&) { return add("p"); });
  EXPECT_EQ(inner.error().code, ErrorCode::internal);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, RefusesWritesBeyondTheQueue) {
  open({.max_queue = 1});
  std::latch entered(1);
  std::latch release(1);
  std::jthread first([&] {
    EXPECT_TRUE(database_->write([&](Session&) -> Result<void> {
      entered.count_down();
      release.wait();
      return {};
    }));
  });
  entered.wait();
  // One of the two waits in the queue, and so the other is refused: it alone can return while the first holds on.
  std::atomic<int> added = 0;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&, i] {
      const auto done = add(std::to_string(i));
      if (done) ++added;
      if (!done && done.error().code == ErrorCode::quota) {
        ++refused;
        release.count_down();
      }
    });
  }
  others.clear();
  EXPECT_EQ(added, 1);
  EXPECT_EQ(refused, 1);
}

TEST_P(DatabaseContract, KeepsWhatWasWrittenWhenOpenedAgain) {
  ASSERT_TRUE(add("p"));
  open();
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, MigratesOnceInOrderAndAsAWhole) {
  const Migration second = {"test", 2, "ALTER TABLE parents ADD COLUMN note TEXT NOT NULL DEFAULT 'a;b';"};
  const Migration first = {"test", 1, "CREATE TABLE parents (name TEXT PRIMARY KEY);"};
  const std::vector<Migration> edited = {second, first};
  const auto refused = database_->migrate(edited);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict) << refused.error().text();

  const Migration broken = {"other", 1, "CREATE TABLE half (id BIGINT);\nCREATE TABLE broken (;"};
  EXPECT_FALSE(database_->migrate(std::span(&broken, 1)));
  const std::vector<Migration> whole = {{"other", 2, "CREATE INDEX half_by_id ON half (id);"},
                                        {"other", 1, "CREATE TABLE half (id BIGINT);"}};
  for (int i = 0; i < 2; ++i) {
    const auto migrated = database_->migrate(whole);
    EXPECT_TRUE(migrated) << migrated.error().text();
  }
  const auto newer = database_->migrate(std::span(&whole[1], 1));
  EXPECT_EQ(newer.error().code, ErrorCode::conflict) << newer.error().text();
  const std::vector<Migration> twice = {whole[0], whole[0]};
  EXPECT_FALSE(database_->migrate(twice));
}

TEST_P(DatabaseContract, PagesByKeysets) {
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(add(name, name[0] == 'd' ? 1 : 2));
  const auto page = database_->read([](Session& session) {
    return session.query("SELECT name FROM parents WHERE (size, name) > (?, ?) ORDER BY size, name LIMIT ?",
                         {1, "d", 2});
  });
  ASSERT_TRUE(page) << page.error().text();
  ASSERT_EQ(page->size(), 2U);
  EXPECT_EQ((*page)[0].text(0), "a");
  EXPECT_EQ((*page)[1].text(0), "b");
}

TEST_P(DatabaseContract, ManyDifferentStatementsAreFine) {
  for (int i = 0; i < 300; ++i) {
    const auto row = database_->read([&](Session& session) {
      return session.query_one("SELECT COUNT(*) + ? AS c" + std::to_string(i) + " FROM parents", {i});
    });
    ASSERT_TRUE(row) << row.error().text();
    EXPECT_EQ((*row)->integer(0), i);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseContract, ::testing::Values(Dialect::sqlite, Dialect::postgresql),
                         [](const auto& engine) {
                           return std::string(engine.param == Dialect::sqlite ? "Sqlite" : "Postgresql");
                         });

}  // namespace
}  // namespace ciclo::sql
