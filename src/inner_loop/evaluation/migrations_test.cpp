// A database of version 1 is carried over to the tables of today, on both engines.
#include <gtest/gtest.h>

#include "inner_loop/evaluation/evaluation_fixture.hpp"

namespace ciclo::evaluation::testing {
namespace {

class EvaluationMigrations : public ::testing::TestWithParam<sql::Dialect> {};

constexpr std::string_view old_rows[] = {
    "INSERT INTO scorers VALUES ('s-1', 'default', 1, 'short'), ('s-2', 'other', 1, 'short')",
    "INSERT INTO scorer_versions VALUES ('s-1', 1, '{\"a\":1}', 10), ('s-1', 2, '{\"a\":2}', 20), ('s-2', 1, '{}', 30)",
    "INSERT INTO scorer_online VALUES ('s-1', 'c-1', 'status = 1')",
    "INSERT INTO evaluation_datasets VALUES ('d-1', 'default', 'first', '01234567', 'null', 1, 'ana', 'rui', 5, 6), "
    "('d-2', 'other', 'second', '89abcdef', 'null', 1, 'ana', 'ana', 7, 8)",
    "INSERT INTO evaluation_dataset_tags VALUES ('d-1', 'team', 'a')",
    "INSERT INTO evaluation_dataset_experiments VALUES ('d-1', 'default', 1), ('d-2', 'other', 1)",
    "INSERT INTO evaluation_records VALUES ('dr-1', 'd-1', 'h1', '{\"q\":1}', 'null', 'null', '{}', 'null', 'ana', "
    "'ana', "
    "9, 9), ('dr-2', 'd-2', 'h1', '{\"q\":2}', 'null', 'null', '{}', 'null', 'ana', 'ana', 9, 9)"};

TEST_P(EvaluationMigrations, CarriesOldRowsOver) {
  const tracking::testing::TemporaryFolder folder;
  const std::string url = tracking::testing::new_database(GetParam(), folder);
  if (url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
  auto database = *sql::Database::open(url);
  const auto steps = migrations();
  ASSERT_TRUE(database->migrate(tracking::migrations()));
  ASSERT_TRUE(database->migrate(std::span(steps).first(1)));
  const auto filled = database->write([](sql::Session& session) -> Result<void> {
    for (const std::string_view statement : old_rows) CICLO_CHECK(session.execute(statement));
    return {};
  });
  ASSERT_TRUE(filled) << filled.error().text();
  const auto migrated = database->migrate(steps);
  ASSERT_TRUE(migrated) << migrated.error().text();
  ASSERT_TRUE(database->migrate(steps));

  const auto checked = database->read([](sql::Session& session) -> Result<void> {
    const ScorerStore scorers;
    CICLO_TRY(const auto versions,
              scorers.versions(session, {.workspace = "default", .experiment_id = 1, .name = "short"}));
    EXPECT_EQ(versions.size(), 2U);
    EXPECT_EQ(versions.back().serialized, R"({"a":2})");
    EXPECT_EQ(versions.back().scorer_id, "s-1");
    CICLO_TRY(const auto online, scorers.online(session, "default", {"s-1", "s-2"}));
    EXPECT_EQ(online.size(), 1U);
    EXPECT_EQ(online.front().filter, "status = 1");
    const DatasetStore datasets;
    CICLO_TRY(const auto first, datasets.get(session, {.workspace = "default", .id = "d-1"}));
    EXPECT_EQ(first.tags, (Json{{"team", "a"}}));
    EXPECT_EQ(first.experiment_ids, std::vector<std::int64_t>{1});
    EXPECT_EQ(first.last_update_time, 6);
    CICLO_TRY(const auto records, datasets.records(session, first, 10, ""));
    EXPECT_EQ(records.items.size(), 1U);
    EXPECT_EQ(records.items.front().inputs, (Json{{"q", 1}}));
    CICLO_TRY(const auto second, datasets.find(session, {.workspace = "default", .id = "d-2"}));
    EXPECT_FALSE(second) << "it is another workspace's";
    return {};
  });
  ASSERT_TRUE(checked) << checked.error().text();
}

INSTANTIATE_TEST_SUITE_P(Engines, EvaluationMigrations,
                         ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql), engine_name);

}  // namespace
}  // namespace ciclo::evaluation::testing
