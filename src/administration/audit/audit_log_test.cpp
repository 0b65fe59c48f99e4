#include "administration/audit/audit_log.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "administration/audit/testing/audit_database.hpp"

namespace ciclo::administration {
namespace {

class AuditLogTest : public AuditDatabaseTest {
 protected:
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (!HasFatalFailure()) migrate(audit_migrations());
  }
  // How many decisions the rows about `target` stand for.
  static std::int64_t decisions(AuditLog& log, const std::string& target) {
    std::int64_t count = 0;
    const auto rows = log.list({.limit = 1000});
    EXPECT_TRUE(rows) << rows.error().text();
    for (const AuditRow& row : *rows)
      if (row.target == target) count += row.detail.contains("count") ? row.detail["count"].get<std::int64_t>() : 1;
    return count;
  }
  static AuditReport report(AuditLog& log) {
    const auto found = log.verify();
    EXPECT_TRUE(found) << found.error().text();
    for (const auto& finding : found->findings) ADD_FAILURE() << finding.message;
    return *found;
  }
};

TEST_P(AuditLogTest, TakesChangesAndDecisionsIntoOneChain) {
  const auto log = open();
  ASSERT_TRUE(log->record(entry("/a")));
  ASSERT_TRUE(log->note_decision(entry("/b")));
  ASSERT_TRUE(log->note_decision(entry("/c", false)));
  const auto rows = log->list({.workspace = "dev"});
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(report(*log).rows, 3);
}

TEST_P(AuditLogTest, AChangeThatFailsLeavesNoRow) {
  const auto log = open();
  const auto failed = database_->write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(log->record(session, entry("/a")));
    return fail(ErrorCode::conflict, "no");
  });
  ASSERT_FALSE(failed);
  ASSERT_TRUE(log->record(entry("/b")));
  EXPECT_EQ(report(*log).rows, 1);
}

TEST_P(AuditLogTest, AdoptsTheRowsOfAnEarlierVersion) {
  execute("DROP TABLE audit_rows");
  for (const char* table : {"audit_keys", "audit_head", "audit_checkpoint", "audit_retention", "audit_journals"})
    execute(std::string("DROP TABLE ") + table);
  execute("DELETE FROM ciclo_migrations");
  for (const char* table : {"users", "tokens", "role_assignments"}) execute(std::string("DROP TABLE ") + table);
  migrate(migrations());
  for (int i = 1; i <= 2500; ++i)
    execute(
        "INSERT INTO audit (sequence, time_ms, principal, token_id, action, operation, workspace, target, allowed, "
        "rule, request_id, detail) VALUES (?,?,'ana','','a','create','dev',?,1,'owner','','{}')",
        {3 * i, 1000 + i, "/old/" + std::to_string(i)});
  migrate(audit_migrations());
  {
    const auto log = open();
    EXPECT_EQ(report(*log).last, 2500);
    ASSERT_TRUE(log->record(entry("/new")));
    const auto rows = log->list({.limit = 2});
    EXPECT_EQ(rows->at(1).target, "/old/2500");
  }
  execute("UPDATE audit_rows SET principal = 'otto' WHERE sequence = 1200");
  const auto log = open();
  ASSERT_EQ(log->verify()->findings_total, 1);
  EXPECT_EQ(log->verify()->findings.front().message, "row 1200 was changed, or does not belong after row 1199");
}

TEST_P(AuditLogTest, FoldsTheSameDecisionsAndCountsThem) {
  const auto log = open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log->note_decision(entry("/a")));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log->note_decision(entry("/d", false)));
  EXPECT_EQ(decisions(*log, "/a"), 50);
  EXPECT_EQ(decisions(*log, "/d"), 50);
  EXPECT_LT(report(*log).rows, 20);
  // The first denial was durable before its answer.
  EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE target = '/d' AND detail = '{}'"), 1);
}

TEST_P(AuditLogTest, ManyThreadsLoseAndDoubleNothing) {
  const auto log = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string target = "/t" + std::to_string(t);
        EXPECT_TRUE(i % 10 == 0 ? log->record(entry(target)) : log->note_decision(entry(target)));
      }
    });
  for (auto& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) EXPECT_EQ(decisions(*log, "/t" + std::to_string(t)), 300);
  report(*log);
}

TEST_P(AuditLogTest, GoesOnAfterARestart) {
  for (int i = 0; i < 3; ++i) {
    const auto log = open();
    ASSERT_TRUE(log->note_decision(entry("/a")));
    ASSERT_TRUE(log->record(entry("/b")));
  }
  const auto log = open();
  EXPECT_EQ(decisions(*log, "/a"), 3);
  EXPECT_EQ(report(*log).rows, 6);
}

// A limit on the size of files makes every write beyond it fail, as a full disk does; in a process of its own.
TEST_P(AuditLogTest, ADecisionThatCannotBeWrittenDownIsRefusedAsUnavailable) {
  const auto in_child = [&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = DecisionJournal::open({.folder = folder_ / "small"}, AuditKey::random());
    const rlimit most{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &most);
    const std::string payload(300, 'x');
    for (int i = 0; i < 3; ++i)
      if (!(*journal)->append(payload)) return 1;
    for (int i = 0; i < 3; ++i) {
      const auto refused = (*journal)->append(payload);
      if (refused || refused.error().code != ErrorCode::unavailable) return 2;
    }
    // Nothing of what failed is left, and what still fits is taken.
    if (!(*journal)->append("short")) return 3;
    const auto batch = (*journal)->read((*journal)->begin());
    return batch && batch->payloads.size() == 4 && batch->lost_bytes == 0 ? 0 : 4;
  };
  const pid_t child = ::fork();
  if (child == 0) ::_exit(in_child());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(AuditLogTest, ADecisionTooLargeForTheJournalIsRecordedAtOnce) {
  const auto log = open();
  resources::AuditEntry large = entry("/large");
  large.detail["text"] = std::string(100'000, 'x');  // beyond the journal: recorded at once
  EXPECT_TRUE(log->note_decision(large));
  EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE target = '/large'"), 1);
}

TEST_P(AuditLogTest, TextsFromOutsideAreMadeStorable) {
  const auto log = open();
  ASSERT_TRUE(log->record(entry(std::string("/a\0b\xff", 5) + std::string(10'000, 'y'), false)));
  const auto rows = log->list({});
  EXPECT_LT(rows->front().target.size(), 5'000U);
  EXPECT_TRUE(rows->front().target.starts_with("/a\uFFFDb\uFFFD"));
  report(*log);
}

TEST_P(AuditLogTest, ServersOnOneDatabaseDoNotForkTheChain) {
  if (GetParam() == sql::Dialect::sqlite) GTEST_SKIP() << "one server a file";
  const auto first = open();
  auto other_database = sql::Database::open(url_);
  ASSERT_TRUE(other_database);
  AuditLog::Parts others = parts();
  auto second = AuditLog::open({**other_database, clock_, others.sealing, folder_ / "other", others.on_failure});
  ASSERT_TRUE(second) << second.error().text();
  std::vector<std::thread> threads;
  for (AuditLog* log : {first.get(), second->get()})
    threads.emplace_back([log] {
      for (int i = 0; i < 200; ++i)
        EXPECT_TRUE(i % 2 == 0 ? log->record(entry("/r")) : log->note_decision(entry("/n" + std::to_string(i))));
    });
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE((*second)->settle());
  EXPECT_EQ(decisions(*first, "/r"), 200);
  EXPECT_EQ(report(*first).rows, 400);
  second->reset();
}

TEST_P(AuditLogTest, OldRowsGoAndLeaveASignedCheckpoint) {
  const auto log = open();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(log->record(entry("/old")));
  clock_.advance(std::chrono::hours(24 * 10));
  ASSERT_TRUE(log->record(entry("/young")));
  EXPECT_FALSE(log->retention().set(entry("").caller, -1));
  EXPECT_FALSE(*log->retention().remove_batch());
  ASSERT_TRUE(log->retention().set(entry("").caller, 7));
  EXPECT_EQ(*log->retention().days(), 7);
  ASSERT_TRUE(log->retention().remove_batch());
  const AuditReport found = report(*log);
  EXPECT_EQ(found.first, 13);
  EXPECT_EQ(found.checkpoint->sequence, 12);
  EXPECT_EQ(log->list({})->front().operation, "remove old audit rows");
  EXPECT_EQ(log->list({})->front().detail["removed"], 12);
  // The policy is taken for true only with the key.
  may_fail_ = true;
  execute("UPDATE audit_retention SET days = 1");
  EXPECT_FALSE(log->retention().remove_batch());
  EXPECT_EQ(log->verify()->findings.front().kind, "policy");
}

TEST_P(AuditLogTest, ALogThatIsAllOldEndsWithTheRowOfItsRemoval) {
  const auto log = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log->record(entry("/old")));
  ASSERT_TRUE(log->retention().set(entry("").caller, 1));
  clock_.advance(std::chrono::hours(48));
  ASSERT_TRUE(log->retention().remove_batch());
  EXPECT_EQ(report(*log).rows, 1);
  EXPECT_EQ(report(*log).first, 5);
}

TEST_P(AuditLogTest, TheKeyCanBeSealedAgain) {
  ASSERT_NE(open(), nullptr);
  execute("UPDATE audit_keys SET sealed = 'again!:' || substr(sealed, 8)");
  report(*open());
}

TEST_P(AuditLogTest, AnotherMasterKeyDoesNotOpenIt) {
  ASSERT_NE(open(), nullptr);
  AuditLog::Parts wrong = parts();
  wrong.sealing.open = [](std::string_view) -> Result<std::string> { return fail(ErrorCode::internal, "not mine"); };
  const auto log = AuditLog::open(wrong);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().message, "the audit log's key: not mine");
}

INSTANTIATE_TEST_SUITE_P(Engines, AuditLogTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
