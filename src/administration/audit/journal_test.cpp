#include "administration/audit/journal.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "administration/audit/testing/audit_database.hpp"

namespace ciclo::administration {
namespace {

namespace fs = std::filesystem;

class JournalTest : public AuditDatabaseTest {
 protected:
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    migrate(audit_migrations());
    const auto begun = database_->write([&](sql::Session& session) { return chain_.begin_in(session); });
    ASSERT_TRUE(begun);
  }
  std::unique_ptr<DecisionJournal> journal(std::uint64_t file_bytes = 8U << 20U, std::uint64_t max_files = 64) {
    auto opened = DecisionJournal::open({.folder = folder_ / "audit", .file_bytes = file_bytes, .max_files = max_files},
                                        chain_.key());
    EXPECT_TRUE(opened) << opened.error().text();
    return *std::move(opened);
  }
  void note(DecisionJournal& journal, int from, int to) {
    for (int i = from; i < to; ++i) {
      const auto noted = journal.append(encode_row(row_of(entry("/" + std::to_string(i)), clock_.now())));
      ASSERT_TRUE(noted) << noted.error().text();
    }
  }
  // As a start after a crash: what the journal holds goes into the table.
  void take_in(DecisionJournal& journal) {
    JournalIngester ingester(*database_, chain_, journal);
    const auto done = ingester.start();
    ASSERT_TRUE(done) << done.error().text();
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(folder_ / "audit")) found.push_back(file.path());
    std::ranges::sort(found);
    return found;
  }
  void expect_each_once(int count) {
    EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE operation = 'GET'"), count);
    EXPECT_EQ(number("SELECT COUNT(DISTINCT target) FROM audit_rows WHERE operation = 'GET'"), count);
  }
  std::int64_t rows_of(const std::string& operation) {
    return number("SELECT COUNT(*) FROM audit_rows WHERE operation = '" + operation + "'");
  }

  AuditChain chain_{*AuditKey::from_bytes(std::string(32, 'k')), clock_};
};

TEST_P(JournalTest, WhatWasNotedIsTakenInOnceAcrossStarts) {
  {
    const auto first = journal();
    JournalIngester ingester(*database_, chain_, *first);
    ASSERT_TRUE(ingester.start());
    note(*first, 0, 100);
    ASSERT_TRUE(ingester.catch_up());
    note(*first, 100, 150);  // and then the server is killed
  }
  for (int start = 0; start < 3; ++start) take_in(*journal());
  expect_each_once(150);
}

TEST_P(JournalTest, FilesFollowEachOtherAndGoWhenTheyAreTakenIn) {
  const auto small = journal(2000);
  note(*small, 0, 200);
  EXPECT_GT(files().size(), 10U);
  take_in(*small);
  expect_each_once(200);
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 1);  // its place was not known, though it was not empty
}

TEST_P(JournalTest, ATornEndIsDroppedAndToldOf) {
  take_in(*journal());
  {
    const auto torn = journal();
    note(*torn, 0, 10);
  }
  fs::resize_file(files().back(), fs::file_size(files().back()) - 5);
  take_in(*journal());
  expect_each_once(9);
  EXPECT_EQ(rows_of("drop unfinished decision"), 1);
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 0);
}

TEST_P(JournalTest, AChangedRecordIsToldOf) {
  take_in(*journal());
  {
    const auto changed = journal();
    note(*changed, 0, 10);
  }
  std::fstream file(files().back(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(700);
  file.put('#');
  file.close();
  const auto next = journal();
  note(*next, 50, 60);
  take_in(*next);
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE target LIKE '/5_'"), 10);  // later files are read
}

TEST_P(JournalTest, APositionThatWasChangedIsToldOf) {
  {
    const auto first = journal();
    take_in(*first);
    note(*first, 0, 10);
    take_in(*first);
  }
  execute("UPDATE audit_journals SET position = 32");
  take_in(*journal());
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 1);
}

TEST_P(JournalTest, AFileThatIsGoneIsToldOf) {
  const auto small = journal(2000);
  take_in(*small);
  note(*small, 0, 50);
  ASSERT_GT(files().size(), 3U);
  fs::remove(files()[1]);
  take_in(*small);
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM audit_rows WHERE target = '/49'"), 1);
}

TEST_P(JournalTest, AFolderThatWasPutBackIsToldOfAndNothingNewIsMissed) {
  take_in(*journal());
  fs::copy(folder_ / "audit", folder_ / "copy");
  for (int start = 0; start < 3; ++start) {
    const auto next = journal();
    note(*next, 10 * start, 10 * start + 10);
    take_in(*next);
  }
  fs::remove_all(folder_ / "audit");
  fs::rename(folder_ / "copy", folder_ / "audit");
  const auto old = journal();
  take_in(*old);
  EXPECT_EQ(rows_of(std::string(audit_break_operation)), 1);
  note(*old, 30, 40);
  take_in(*old);
  expect_each_once(40);
}

TEST_P(JournalTest, AFullJournalRefuses) {
  const auto full = journal(1000, 3);
  ErrorCode code = ErrorCode::invalid;
  for (int i = 0; i < 100; ++i) {
    const auto noted = full->append(std::string(100, 'x'));
    if (noted) continue;
    code = noted.error().code;
    break;
  }
  EXPECT_EQ(code, ErrorCode::unavailable);
  full->forget_before(full->end());
  EXPECT_TRUE(full->append("x"));
  EXPECT_EQ(full->append(std::string(max_journal_payload + 1, 'x')).error().code, ErrorCode::too_large);
}

TEST_P(JournalTest, RowsComeBackAsTheyWere) {
  StoredAuditRow row = row_of(entry("/a"), clock_.now());
  row.detail = R"({"a":1})";
  EXPECT_EQ(*decode_row(encode_row(row)), row);
  const std::string bytes = encode_row(row);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_row(bytes.substr(0, size)));
  EXPECT_FALSE(decode_row(bytes + "x"));
}

INSTANTIATE_TEST_SUITE_P(Engines, JournalTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
