// How fast the log is, printed; the bounds are far below what any machine does, and find only what became absurd.
//   ciclo_administration_audit_test --gtest_filter='*Speed*'
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "administration/audit/testing/audit_database.hpp"

namespace ciclo::administration {
namespace {

class AuditSpeedTest : public AuditDatabaseTest {
 protected:
  void SetUp() override {
    AuditDatabaseTest::SetUp();
    if (!HasFatalFailure()) migrate(audit_migrations());
  }
  // Operations a second.
  template <class Function>
  static double rate(std::string_view what, int count, Function run) {
    const auto started = std::chrono::steady_clock::now();
    run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    std::cout << fmt::format("  {:<52} {:>9.0f} a second ({:.2f} µs each)\n", what, count / seconds,
                             1e6 * seconds / count);
    return count / seconds;
  }
};

TEST_P(AuditSpeedTest, OfDecisionsChangesAndVerification) {
  const auto log = open();
  ASSERT_NE(log, nullptr);
  constexpr int decisions = 20'000;
  constexpr int threads = 4;
  const resources::AuditEntry same = entry("/scored");
  EXPECT_GT(rate("decision noted in the journal, one thread", decisions,
                 [&] {
                   for (int i = 0; i < decisions; ++i) EXPECT_TRUE(log->note_decision(same));
                 }),
            500);
  EXPECT_GT(rate("decision noted in the journal, four threads", threads * decisions,
                 [&] {
                   std::vector<std::jthread> all;
                   for (int t = 0; t < threads; ++t)
                     all.emplace_back([&] {
                       for (int i = 0; i < decisions; ++i) EXPECT_TRUE(log->note_decision(same));
                     });
                 }),
            500);
  ASSERT_TRUE(log->settle());
  for (int i = 0; i < decisions; ++i) ASSERT_TRUE(log->note_decision(entry("/t" + std::to_string(i))));
  EXPECT_GT(rate("different decision, from journal to table, at least", decisions, [&] { EXPECT_TRUE(log->settle()); }),
            100);
  constexpr int changes = 200;
  EXPECT_GT(rate("change or denial recorded, a transaction each", changes,
                 [&] {
                   for (int i = 0; i < changes; ++i) EXPECT_TRUE(log->record(same));
                 }),
            5);
  const auto report = log->verify();
  ASSERT_TRUE(report && report->is_ok());
  EXPECT_GE(report->rows, decisions);
  EXPECT_GT(rate("row verified", static_cast<int>(report->rows), [&] { EXPECT_TRUE(log->verify()->is_ok()); }), 500);
  EXPECT_GT(rate("page of 100 rows listed", 50,
                 [&] {
                   for (int i = 0; i < 50; ++i) EXPECT_EQ(log->page({.workspace = "dev"})->rows.size(), 100U);
                 }),
            2);
  EXPECT_GT(rate("row exported", static_cast<int>(report->rows),
                 [&] {
                   auto lines = log->export_lines({});
                   while (!lines->next()->empty()) {
                   }
                 }),
            100);
}

INSTANTIATE_TEST_SUITE_P(Engines, AuditSpeedTest, both_engines(), engine_name);

}  // namespace
}  // namespace ciclo::administration
