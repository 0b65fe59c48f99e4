// What is particular to SQLite: the file, its lock and its rights, and what is left after the disk or the process
// failed.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "platform/sql/database.hpp"

namespace ciclo::sql {
namespace {

namespace fs = std::filesystem;

// No unique column: a row written twice must show.
constexpr Migration schema = {"test", 1, "CREATE TABLE rows (name TEXT NOT NULL, filler TEXT NOT NULL);"};

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/ciclo-sqlite-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / "test.db"; }
  Result<std::unique_ptr<Database>> open() const { return Database::open("sqlite:" + file().native()); }
  std::unique_ptr<Database> open_migrated() const {
    auto opened = open();
    EXPECT_TRUE(opened) << opened.error().text();
    if (!opened) return nullptr;
    const auto migrated = (*opened)->migrate(std::span(&schema, 1));
    EXPECT_TRUE(migrated) << migrated.error().text();
    return std::move(*opened);
  }

  static Result<void> add(Database& database, const std::string& name, std::size_t filler = 1) {
    return database.write([&](Session& session) -> Result<void> {
      CICLO_TRY(std::ignore,
                session.execute("INSERT INTO rows (name, filler) VALUES (?, ?)", {name, std::string(filler, 'x')}));
      return {};
    });
  }

  static std::multiset<std::string> names(Database& database) {
    const auto rows = database.read([](Session& session) { return session.query("SELECT name FROM rows"); });
    EXPECT_TRUE(rows) << rows.error().text();
    std::multiset<std::string> all;
    if (rows) {
      for (const Row& row : *rows) all.insert(row.text(0));
    }
    return all;
  }

  // Runs `body`, which gives an exit status, in a process of its own.
  template <class Body>
  static int in_child(Body&& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  fs::path folder_;
};

TEST_F(SqliteTest, FilesAreForTheirOwnerOnly) {
  const auto database = open_migrated();
  ASSERT_TRUE(add(*database, "a"));
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
}

TEST_F(SqliteTest, OneServerAtATime) {
  auto database = open_migrated();
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().hint, "");
  database.reset();
  EXPECT_TRUE(open());
}

TEST_F(SqliteTest, IsDurableByItsSettings) {
  const auto database = open_migrated();
  const auto setting = [&](const std::string& name) {
    const auto row = database->write([&](Session& session) { return session.query_one("PRAGMA " + name); });
    EXPECT_TRUE(row && *row) << name;
    return **row;
  };
  EXPECT_EQ(setting("journal_mode").text(0), "wal");
  EXPECT_EQ(setting("synchronous").integer(0), 2);
  EXPECT_EQ(setting("foreign_keys").integer(0), 1);
}

TEST_F(SqliteTest, ADurabilityOfProcessCrashesLeavesOutTheDisk) {
  const auto database = Database::open("sqlite:" + file().native(), {.durability = Durability::process_crash});
  ASSERT_TRUE(database) << database.error().text();
  const auto row = (*database)->write([](Session& session) { return session.query_one("PRAGMA synchronous"); });
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->integer(0), 1);
}

TEST_F(SqliteTest, ATypingErrorIsNoText) {
  const auto database = open_migrated();
  EXPECT_FALSE(database->read([](Session& session) { return session.query("SELECT \"nmae\" FROM rows"); }));
}

TEST_F(SqliteTest, SaysWhereItCannotWrite) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may write anywhere
    const auto opened = open();
    if (opened || opened.error().code != ErrorCode::internal) return 2;
    return opened.error().hint.empty() || opened.error().target.empty() ? 3 : 0;
  });
  ::chmod(folder_.c_str(), 0700);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Database::open("sqlite:/nowhere/at/all/x.db").error().code, ErrorCode::internal);
  EXPECT_EQ(Database::open("sqlite:").error().code, ErrorCode::invalid);
  EXPECT_EQ(Database::open("mysql://x").error().code, ErrorCode::invalid);
}

TEST_F(SqliteTest, SaysThatAFileIsDamaged) {
  std::ofstream(file()) << std::string(8192, 'x');
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::internal);
  EXPECT_NE(opened.error().hint.find("backup"), std::string::npos) << opened.error().text();
}

TEST_F(SqliteTest, SaysThatAPageIsDamaged) {
  {
    const auto database = open_migrated();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(add(*database, std::to_string(i), 2000));
  }
  std::fstream damaged(file(), std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(8192);
  damaged << std::string(60'000, '\x55');
  damaged.close();
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  const auto rows = (*opened)->read([](Session& session) { return session.query("SELECT name, filler FROM rows"); });
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::internal);
  EXPECT_NE(rows.error().hint, "");
}

// What the engine does when it cannot grow the file, as on a full disk; also in the middle of a group.
TEST_F(SqliteTest, AFullDatabaseKeepsWhatFitsAndSaysSo) {
  const auto database = open_migrated();
  ASSERT_TRUE(database->write([](Session& session) { return session.query("PRAGMA max_page_count = 60"); }));
  std::vector<std::jthread> threads;
  std::atomic<int> added = 0;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 40; ++k) {
        const auto done = add(*database, std::to_string(i * 100 + k), 3000);
        if (done) ++added;
        if (!done && done.error().code == ErrorCode::internal && !done.error().hint.empty()) ++refused;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(added + refused, 160);
  EXPECT_GT(added, 10);
  EXPECT_GT(refused, 10);
  EXPECT_EQ(names(*database).size(), static_cast<std::size_t>(added));
  ASSERT_TRUE(database->write([](Session& session) { return session.query("PRAGMA max_page_count = 1000"); }));
  EXPECT_TRUE(add(*database, "space again", 3000));
}

// A limit on the size of files makes every write beyond it fail, as a full disk does.
TEST_F(SqliteTest, AcknowledgedWritesSurviveAFullDisk) {
  const fs::path acknowledged = folder_ / "acknowledged";
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto database = open_migrated();
    const rlimit most{400'000, 400'000};
    ::setrlimit(RLIMIT_FSIZE, &most);
    std::ofstream log(acknowledged);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
      const auto done = add(*database, std::to_string(i), 5000);
      if (done) log << i << '\n' << std::flush;
      if (!done && !done.error().hint.empty()) ++refused;
    }
    return refused > 10 ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
  const auto database = open_migrated();
  const auto kept = names(*database);
  std::ifstream log(acknowledged);
  int count = 0;
  for (std::string name; std::getline(log, name); ++count) EXPECT_EQ(kept.count(name), 1U) << name;
  EXPECT_GT(count, 10);
  EXPECT_EQ(kept.size(), static_cast<std::size_t>(count)) << "what was refused is not there";
}

// Writes from several threads for ever, telling each acknowledged name through the pipe.
void write_for_ever(Database& database, int pipe, const std::string& prefix) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&database, pipe, start = prefix + std::to_string(i) + "-"] {
      for (int k = 0;; ++k) {
        std::string name = start + std::to_string(k);
        const auto done = database.write([&](Session& session) {
          return session.execute("INSERT INTO rows (name, filler) VALUES (?, 'x')", {name});
        });
        name += '\n';
        if (!done || ::write(pipe, name.data(), name.size()) < 0) ::_exit(1);
      }
    });
  }
}

TEST_F(SqliteTest, AcknowledgedWritesSurviveKill) {
  std::mt19937 random(42);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto database = open_migrated();
      if (database == nullptr) ::_exit(1);
      write_for_ever(*database, ends[1], std::to_string(round) + "-");
    }
    ::close(ends[1]);
    // Killed after a random number of bytes, so at any point of a later write.
    const std::size_t enough = 50 + random() % 4000;
    std::string told;
    std::array<char, 4096> piece{};
    bool killed = false;
    for (ssize_t size = 0; (size = ::read(ends[0], piece.data(), piece.size())) > 0;) {
      told.append(piece.data(), static_cast<std::size_t>(size));
      if (told.size() >= enough && !killed) killed = ::kill(child, SIGKILL) == 0;
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    ASSERT_TRUE(killed);
    std::size_t start = 0;
    for (std::size_t end = 0; (end = told.find('\n', start)) != std::string::npos; start = end + 1) {
      acknowledged.insert(told.substr(start, end - start));
    }
    const auto database = open_migrated();
    const auto kept = names(*database);
    for (const std::string& name : acknowledged) ASSERT_EQ(kept.count(name), 1U) << name;
    EXPECT_EQ(std::set<std::string>(kept.begin(), kept.end()).size(), kept.size()) << "nothing is doubled";
  }
}

}  // namespace
}  // namespace ciclo::sql
