#include "administration/audit/verify.hpp"

#include <algorithm>
#include <fstream>

#include "administration/audit/testing/audit_database.hpp"

namespace ciclo::administration {
namespace {

class VerifyTest : public AuditDatabaseTest {
 protected:
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    migrate(audit_migrations());
    log_ = open();
    for (int i = 1; i <= 20; ++i) ASSERT_TRUE(log_->record(entry("/t" + std::to_string(i))));
  }
  void TearDown() override {
    log_.reset();
    AuditDatabaseTest::TearDown();
  }
  std::vector<std::string> messages() {
    const auto report = log_->verify();
    EXPECT_TRUE(report) << report.error().text();
    std::vector<std::string> all;
    for (const auto& finding : report->findings) all.push_back(finding.kind + ": " + finding.message);
    return all;
  }
  bool finds(const std::string& message) {
    const auto all = messages();
    return std::ranges::find(all, message) != all.end();
  }
  using Messages = std::vector<std::string>;

  std::unique_ptr<AuditLog> log_;
};

TEST_P(VerifyTest, EveryColumnCounts) {
  for (const char* column : {"principal", "token_id", "action", "operation", "workspace", "target", "rule",
                             "request_id", "detail", "hash"}) {
    const std::string before = text(std::string("SELECT ") + column + " FROM audit_rows WHERE sequence = 7");
    const std::string update = std::string("UPDATE audit_rows SET ") + column + " = ? WHERE sequence = 7";
    execute(update, {before + "x"});
    EXPECT_EQ(messages(), Messages{"edited: row 7 was changed, or does not belong after row 6"}) << column;
    execute(update, {before});
    EXPECT_EQ(messages(), Messages{}) << column;
  }
  for (const char* column : {"time_ms", "allowed"}) {
    execute(std::string("UPDATE audit_rows SET ") + column + " = " + column + " + 1 WHERE sequence = 7");
    EXPECT_EQ(messages().size(), 1U) << column;
    execute(std::string("UPDATE audit_rows SET ") + column + " = " + column + " - 1 WHERE sequence = 7");
  }
  EXPECT_EQ(messages(), Messages{});
}

TEST_P(VerifyTest, FindsWhatIsMissing) {
  execute("DELETE FROM audit_rows WHERE sequence BETWEEN 5 AND 8");
  EXPECT_EQ(messages(), Messages{"missing: rows 5 to 8 are missing"});
  execute("DELETE FROM audit_rows WHERE sequence = 1");
  execute("DELETE FROM audit_rows WHERE sequence >= 19");
  EXPECT_EQ(messages(), (Messages{"missing: row 1 is missing", "missing: rows 5 to 8 are missing",
                                  "missing: the end of the log is missing: rows 19 to 20"}));
  // The chain goes on after the number that was given last, so the gap stays.
  ASSERT_TRUE(log_->record(entry("/later")));
  EXPECT_TRUE(finds("missing: rows 19 to 20 are missing"));
}

TEST_P(VerifyTest, SaysWhichRowsChangedPlaces) {
  const auto exchange = [&](int a, int b) {
    execute("UPDATE audit_rows SET sequence = 1000 WHERE sequence = ?", {a});
    execute("UPDATE audit_rows SET sequence = ? WHERE sequence = ?", {a, b});
    execute("UPDATE audit_rows SET sequence = ? WHERE sequence = 1000", {b});
  };
  exchange(6, 12);
  EXPECT_TRUE(finds("reordered: row 6 stands in the place of row 12"));
  exchange(6, 12);
  EXPECT_EQ(messages(), Messages{});
  exchange(6, 7);
  EXPECT_TRUE(finds("reordered: row 6 stands in the place of row 7"));
}

TEST_P(VerifyTest, AForgedRowIsFoundAndTheLogGoesOn) {
  execute(
      "INSERT INTO audit_rows (sequence, time_ms, principal, token_id, action, operation, workspace, target, allowed, "
      "rule, request_id, detail, hash) SELECT 21, time_ms, 'mallory', token_id, action, operation, workspace, target, "
      "allowed, rule, request_id, detail, hash FROM audit_rows WHERE sequence = 20");
  EXPECT_TRUE(finds("added: rows 21 to 21 do not belong to the log"));
  ASSERT_TRUE(log_->record(entry("/later")));
  EXPECT_TRUE(finds("edited: row 21 was changed, or does not belong after row 20"));
  EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE operation = 'audit log changed from outside'"), 1);
}

TEST_P(VerifyTest, AHeadThatWasPutBackIsFoundAlsoLater) {
  const std::string hash = text("SELECT hash FROM audit_head");
  const std::string code = text("SELECT code FROM audit_head");
  ASSERT_TRUE(log_->record(entry("/secret deed")));
  execute("DELETE FROM audit_rows WHERE sequence = 21");
  execute("UPDATE audit_head SET sequence = 20, hash = ?, code = ?", {hash, code});
  EXPECT_TRUE(finds("rolled_back: the log ends at row 20, but this server has written row 21"));
  ASSERT_TRUE(log_->record(entry("/later")));
  EXPECT_TRUE(finds("missing: row 21 is missing"));
  log_ = open();
  EXPECT_TRUE(finds("missing: row 21 is missing"));
}

TEST_P(VerifyTest, AHeadThatWasChangedOrRemovedIsFoundAlsoLater) {
  execute("UPDATE audit_head SET sequence = 19");
  EXPECT_TRUE(finds("head: the head of the log was changed or removed"));
  execute("DELETE FROM audit_head");
  EXPECT_TRUE(finds("head: the head of the log was changed or removed"));
  ASSERT_TRUE(log_->record(entry("/later")));
  const auto all = messages();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all.front().starts_with("noted: row 21 tells that before it the log was changed from outside")) << all[0];
}

TEST_P(VerifyTest, AnOlderCopyOfTheWholeDatabaseIsFoundAtTheNextStart) {
  const auto kept = log_->checkpoint();
  log_->stop();
  log_.reset();  // the witness has seen row 20
  execute("DELETE FROM audit_rows WHERE sequence > 15");
  // As the head was then.
  const AuditKey key = *AuditKey::from_bytes(*unhex(text("SELECT sealed FROM audit_keys").substr(7)));
  const AuditHead head{15, text("SELECT hash FROM audit_rows WHERE sequence = 15")};
  execute("UPDATE audit_head SET sequence = 15, hash = ?, code = ?",
          {head.hash, key.code(AuditPurpose::head, bytes_of(head))});
  std::filesystem::copy_file(folder_ / "audit/witness", folder_ / "witness");
  log_ = open();
  EXPECT_FALSE(log_->verify()->is_ok());
  log_.reset();
  // Without the witness only a checkpoint that was kept elsewhere tells.
  std::filesystem::remove(folder_ / "audit/witness");
  log_ = open();
  const auto report = log_->verify(*kept);
  ASSERT_FALSE(report->is_ok());
  EXPECT_EQ(report->findings.back().kind, "rolled_back");
}

TEST_P(VerifyTest, ALogThatWentOnDifferentlyDoesNotFitTheCheckpointThatWasKept) {
  const auto kept = log_->checkpoint();
  EXPECT_TRUE(log_->verify(*kept)->is_ok());
  AuditCheckpoint forged = *kept;
  forged.hash[0] = forged.hash[0] == 'a' ? 'b' : 'a';
  EXPECT_EQ(log_->verify(forged)->findings.front().kind, "checkpoint");
  forged.sign(log_->key());
  EXPECT_EQ(log_->verify(forged)->findings.front().kind, "rolled_back");
}

TEST_P(VerifyTest, ACheckpointToKeepNeverPassesForARemoval) {
  AuditCheckpoint kept = *log_->checkpoint();
  execute("DELETE FROM audit_rows WHERE sequence <= 20");
  const auto stored = database_->write([&](sql::Session& session) { return store_checkpoint_in(session, kept); });
  ASSERT_TRUE(stored);
  EXPECT_TRUE(finds("checkpoint: the checkpoint of the newest removal has no valid signature"));
}

TEST_P(VerifyTest, ADatabaseWithoutTheLogIsNotBegunAnew) {
  log_.reset();
  execute("DELETE FROM audit_keys");
  execute("DELETE FROM audit_rows");
  execute("DELETE FROM audit_head");
  const auto log = AuditLog::open(parts());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::conflict);
}

TEST_P(VerifyTest, TheFileOfWhatWasSeenCannotBeForged) {
  log_.reset();
  std::ofstream(folder_ / "audit/witness") << "3 abc def\n";
  log_ = open();
  EXPECT_FALSE(log_->verify()->is_ok());
}

TEST(Checkpoints, AreReadBackAsWritten) {
  const AuditKey key = AuditKey::random();
  AuditCheckpoint checkpoint{.sequence = 7, .hash = std::string(64, 'a'), .time = FakeClock().now()};
  checkpoint.sign(key);
  const auto read = read_checkpoint(to_json(checkpoint, key));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->is_signed_by(key));
  EXPECT_FALSE(read->is_signed_by(AuditKey::random()));
  for (const char* field : {"purpose", "sequence", "hash", "time", "signature"}) {
    Json broken = to_json(checkpoint, key);
    broken.erase(field);
    EXPECT_EQ(read_checkpoint(broken).error().target, std::string("/") + field);
  }
  EXPECT_FALSE(read_checkpoint(Json::array()));
}

INSTANTIATE_TEST_SUITE_P(Engines, VerifyTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
