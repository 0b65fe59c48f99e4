// Changes made to the log behind the server's back, at random: `verify` finds every one of them, and nothing when they
// are undone.
#include <functional>
#include <random>

#include "administration/audit/testing/audit_database.hpp"

namespace ciclo::administration {
namespace {

constexpr int tamperings = 200;

class TamperingTest : public AuditDatabaseTest {
 protected:
  // Rows 13 to 72 and a checkpoint of a removal before them.
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    migrate(audit_migrations());
    log_ = open();
    ASSERT_NE(log_, nullptr);
    for (int i = 1; i <= 12; ++i) ASSERT_TRUE(log_->record(entry("/old" + std::to_string(i))));
    clock_.advance(std::chrono::hours(240));
    ASSERT_TRUE(log_->retention().set(entry("").caller, 7));
    ASSERT_TRUE(log_->retention().remove_batch());
    for (int i = 1; i <= 58; ++i) {
      if (i == 40) remember_head();
      ASSERT_TRUE(log_->record(entry("/t" + std::to_string(i), i % 3 != 0)));
      clock_.advance(std::chrono::seconds(1));
    }
    for (const char* table : tables) execute(std::string("CREATE TABLE kept_") + table + " AS SELECT * FROM " + table);
    ASSERT_TRUE(log_->verify()->is_ok());
    ASSERT_EQ(number("SELECT MIN(sequence) FROM audit_rows"), first);
    ASSERT_EQ(number("SELECT MAX(sequence) FROM audit_rows"), last);
  }
  void TearDown() override {
    log_.reset();
    AuditDatabaseTest::TearDown();
  }

  void remember_head() {
    old_sequence_ = number("SELECT sequence FROM audit_head");
    old_hash_ = text("SELECT hash FROM audit_head");
    old_code_ = text("SELECT code FROM audit_head");
  }
  void undo() {
    for (const char* table : tables) {
      execute(std::string("DELETE FROM ") + table);
      execute(std::string("INSERT INTO ") + table + " SELECT * FROM kept_" + table);
    }
  }

  std::int64_t pick(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  template <class Choices>
  std::string one_of(const Choices& choices) {
    return *(std::begin(choices) + pick(0, static_cast<std::int64_t>(std::size(choices)) - 1));
  }

  // Each tells what it did.
  std::string edit_text() {
    static constexpr const char* columns[] = {"principal", "token_id", "action",     "operation", "workspace",
                                              "target",    "rule",     "request_id", "detail",    "hash"};
    const std::string column = one_of(columns);
    const std::int64_t row = pick(first, last);
    execute("UPDATE audit_rows SET " + column + " = " + column + " || 'x' WHERE sequence = ?", {row});
    return "edit " + column + " of row " + std::to_string(row);
  }
  std::string edit_number() {
    static constexpr const char* columns[] = {"time_ms", "allowed"};
    const std::string column = one_of(columns);
    const std::int64_t row = pick(first, last);
    execute("UPDATE audit_rows SET " + column + " = 1 - " + column + " WHERE sequence = ?", {row});
    return "edit " + column + " of row " + std::to_string(row);
  }
  std::string remove_run() {
    const std::int64_t from = pick(first, last);
    const std::int64_t to = pick(from, last);
    execute("DELETE FROM audit_rows WHERE sequence BETWEEN ? AND ?", {from, to});
    return "remove " + std::to_string(from) + " to " + std::to_string(to);
  }
  // Every number again without a gap, as if the row had never been.
  std::string remove_and_close_the_gap() {
    const std::int64_t row = pick(first, last - 1);
    execute("DELETE FROM audit_rows WHERE sequence = ?", {row});
    execute("UPDATE audit_rows SET sequence = -sequence WHERE sequence > ?", {row});
    execute("UPDATE audit_rows SET sequence = -sequence - 1 WHERE sequence < 0");
    return "remove row " + std::to_string(row) + " and close the gap";
  }
  std::string exchange() {
    const std::int64_t a = pick(first, last - 1);
    const std::int64_t b = pick(a + 1, last);
    execute("UPDATE audit_rows SET sequence = 1000 WHERE sequence = ?", {a});
    execute("UPDATE audit_rows SET sequence = ? WHERE sequence = ?", {a, b});
    execute("UPDATE audit_rows SET sequence = ? WHERE sequence = 1000", {b});
    return "exchange " + std::to_string(a) + " and " + std::to_string(b);
  }
  std::string cut_tail() {
    const std::int64_t row = pick(first, last);
    execute("DELETE FROM audit_rows WHERE sequence >= ?", {row});
    return "cut from " + std::to_string(row);
  }
  std::string cut_tail_with_an_old_head() {
    execute("DELETE FROM audit_rows WHERE sequence > ?", {old_sequence_});
    return put_old_head_back() + " and cut what follows";
  }
  std::string put_old_head_back() {
    execute("UPDATE audit_head SET sequence = ?, hash = ?, code = ?", {old_sequence_, old_hash_, old_code_});
    return "put the head of row " + std::to_string(old_sequence_) + " back";
  }
  std::string copy_row() {
    const std::int64_t to = pick(0, 1) == 0 ? pick(1, first - 1) : last + pick(1, 3);
    const std::int64_t from = pick(first, last);
    execute(
        "INSERT INTO audit_rows (sequence, time_ms, principal, token_id, action, operation, workspace, target, "
        "allowed, rule, request_id, detail, hash) SELECT CAST(? AS BIGINT), time_ms, principal, token_id, action, "
        "operation, workspace, target, allowed, rule, request_id, detail, hash FROM audit_rows WHERE sequence = ?",
        {to, from});
    return "copy row " + std::to_string(from) + " to " + std::to_string(to);
  }
  std::string change_beside() {
    static constexpr const char* changes[] = {"UPDATE audit_head SET sequence = sequence - 1",
                                              "UPDATE audit_head SET sequence = sequence + 1",
                                              "UPDATE audit_head SET hash = 'f' || hash",
                                              "UPDATE audit_head SET code = 'f' || code",
                                              "DELETE FROM audit_head",
                                              "UPDATE audit_checkpoint SET sequence = sequence - 1",
                                              "UPDATE audit_checkpoint SET sequence = sequence + 1",
                                              "UPDATE audit_checkpoint SET hash = 'f' || hash",
                                              "UPDATE audit_checkpoint SET time_ms = time_ms + 1",
                                              "UPDATE audit_checkpoint SET signature = 'f' || signature",
                                              "DELETE FROM audit_checkpoint",
                                              "UPDATE audit_retention SET days = days - 1",
                                              "UPDATE audit_retention SET code = 'f' || code",
                                              "UPDATE audit_journals SET position = position + 1",
                                              "UPDATE audit_journals SET file = file + 1",
                                              "UPDATE audit_journals SET code = 'f' || code"};
    const std::string change = one_of(changes);
    execute(change);
    return change;
  }

  std::string tamper(int turn) {
    using Tampering = std::string (TamperingTest::*)();
    static constexpr Tampering kinds[] = {&TamperingTest::edit_text,
                                          &TamperingTest::edit_number,
                                          &TamperingTest::remove_run,
                                          &TamperingTest::remove_and_close_the_gap,
                                          &TamperingTest::exchange,
                                          &TamperingTest::cut_tail,
                                          &TamperingTest::cut_tail_with_an_old_head,
                                          &TamperingTest::put_old_head_back,
                                          &TamperingTest::copy_row,
                                          &TamperingTest::change_beside};
    return (this->*kinds[static_cast<std::size_t>(turn) % std::size(kinds)])();
  }

  static constexpr std::int64_t first = 13;
  static constexpr std::int64_t last = 72;
  static constexpr const char* tables[] = {"audit_rows", "audit_head", "audit_checkpoint", "audit_retention",
                                           "audit_journals"};
  std::mt19937_64 random_{20'300'131};
  std::int64_t old_sequence_ = 0;
  std::string old_hash_, old_code_;
  std::unique_ptr<AuditLog> log_;
};

TEST_P(TamperingTest, TwoHundredAtRandomAreAllFound) {
  for (int i = 0; i < tamperings; ++i) {
    const std::string done = tamper(i);
    const auto report = log_->verify();
    ASSERT_TRUE(report) << done << ": " << report.error().text();
    EXPECT_FALSE(report->is_ok()) << done;
    undo();
    const auto undone = log_->verify();
    ASSERT_TRUE(undone->is_ok()) << done << " was undone, but: " << undone->findings.front().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, TamperingTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
