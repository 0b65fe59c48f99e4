#include "administration/audit/reader.hpp"

#include "administration/audit/testing/audit_database.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

class AuditReaderTest : public AuditDatabaseTest {
 protected:
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    migrate(audit_migrations());
    log_ = std::make_unique<AuditLog>(*database_, clock_);
    for (int i = 1; i <= 30; ++i) {
      ASSERT_TRUE(log_->record(entry("/t" + std::to_string(i), i % 3 != 0, i % 2 == 0 ? "maria" : "otto")));
      clock_.advance(std::chrono::minutes(1));
    }
  }
  void TearDown() override {
    log_.reset();
    AuditDatabaseTest::TearDown();
  }
  // Every page, one after another.
  std::vector<std::int64_t> all(AuditQuery query) {
    std::vector<std::int64_t> numbers;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = log_->page(query);
      EXPECT_TRUE(page) << page.error().text();
      for (const AuditRow& row : page->rows) numbers.push_back(row.sequence);
      if (page->next == 0) return numbers;
      query.before = page->next;
    }
    ADD_FAILURE() << "the pages do not end";
    return numbers;
  }

  std::unique_ptr<AuditLog> log_;
};

TEST_P(AuditReaderTest, PagesHoldEveryRowOnceNewestFirst) {
  const auto numbers = all({.limit = 7});
  ASSERT_EQ(numbers.size(), 30U);
  EXPECT_EQ(numbers.front(), 30);
  EXPECT_TRUE(std::is_sorted(numbers.rbegin(), numbers.rend()));
  EXPECT_EQ(all({.workspace = "dev", .limit = 1}).size(), 30U);
  EXPECT_TRUE(all({.workspace = "prod"}).empty());
}

TEST_P(AuditReaderTest, ConditionsHoldTogether) {
  EXPECT_EQ(all({.principal = "maria", .limit = 4}).size(), 15U);
  EXPECT_EQ(all({.principal = "maria", .allowed = false, .limit = 1}), (std::vector<std::int64_t>{30, 24, 18, 12, 6}));
  EXPECT_TRUE(all({.operation = "delete"}).empty());
  AuditQuery query{.filter = *JmesPath::compile("outcome == 'denied' && contains(target, '9')")};
  EXPECT_EQ(all(query), (std::vector<std::int64_t>{9}));
  query.filter = *JmesPath::compile("length(sequence)");
  EXPECT_EQ(log_->page(query).error().code, ErrorCode::invalid);
}

TEST_P(AuditReaderTest, TimeRangesAreHalfOpen) {
  const TimePoint start = FakeClock().now();
  const auto minute = [&](int n) { return start + std::chrono::minutes(n); };
  EXPECT_EQ(all({.since = minute(10), .until = minute(13), .limit = 2}), (std::vector<std::int64_t>{13, 12, 11}));
  EXPECT_EQ(all({.until = minute(2)}), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(all({.since = minute(28)}), (std::vector<std::int64_t>{30, 29}));
}

TEST_P(AuditReaderTest, ARareFilterCostsABoundedPageAndGoesOn) {
  const AuditQuery query{.filter = *JmesPath::compile("sequence == `1`"), .max_scanned = 5};
  const auto page = log_->page(query);
  EXPECT_TRUE(page->rows.empty());
  EXPECT_GT(page->next, 0);
  EXPECT_EQ(all(query), (std::vector<std::int64_t>{1}));
}

TEST_P(AuditReaderTest, ExportedLinesLinkToEachOther) {
  auto lines = log_->export_lines({});
  std::string text;
  for (std::string piece = *lines->next(); !piece.empty(); piece = *lines->next()) text += piece;
  std::string previous(64, '0');
  int count = 0;
  for (const std::string& line : split(std::string(trim(text)), '\n')) {
    const auto row = parse_json(line);
    EXPECT_EQ(text_or(*row, "previous_hash"), previous);
    previous = text_or(*row, "hash");
    ++count;
  }
  EXPECT_EQ(count, 30);
  execute("DELETE FROM audit_rows WHERE sequence IN (4, 5)");
  auto with_gap = log_->export_lines({});
  EXPECT_NE(with_gap->next()->find(R"({"missing":{"first":4,"last":5}})"), std::string::npos);
  auto one = log_->export_lines({.workspace = "dev",
                                 .since = FakeClock().now() + std::chrono::minutes(6),
                                 .until = FakeClock().now() + std::chrono::minutes(7)});
  const std::string only = *one->next();
  EXPECT_EQ((*parse_json(trim(only)))["sequence"], 7);
  EXPECT_EQ(*one->next(), "");
}

TEST(Moments, AreTimesOrDurationsAgo) {
  const TimePoint now = *parse_rfc3339("2030-01-31T12:00:00Z");
  const auto shown = [&](std::string_view text) { return format_rfc3339(*parse_moment(text, "since", now)); };
  EXPECT_EQ(shown("2030-01-30T10:00:00+02:00"), "2030-01-30T08:00:00.000Z");
  EXPECT_EQ(shown("2030-01-30"), "2030-01-30T00:00:00.000Z");
  EXPECT_EQ(shown("2h"), "2030-01-31T10:00:00.000Z");
  EXPECT_EQ(shown("7d"), "2030-01-24T12:00:00.000Z");
  EXPECT_EQ(shown("PT90S"), "2030-01-31T11:58:30.000Z");
  for (const char* bad : {"", "h", "-2h", "2y", "yesterday", "99999999999999999999d"})
    EXPECT_EQ(parse_moment(bad, "since", now).error().target, "/since") << bad;
}

INSTANTIATE_TEST_SUITE_P(Engines, AuditReaderTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
