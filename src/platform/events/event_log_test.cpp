#include "platform/events/event_log.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::events {
namespace {

class EventLogTest : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    std::string url;
    if (GetParam() == sql::Dialect::sqlite) {
      std::string folder = "/tmp/ciclo-events-XXXXXX";
      ASSERT_NE(::mkdtemp(folder.data()), nullptr);
      folder_ = folder;
      url = "sqlite:" + folder + "/test.db";
    } else {
      const auto server = sql::testing::PostgresServer::shared();
      ASSERT_TRUE(server) << server.error().text();
      const auto made = (*server)->create_database();
      ASSERT_TRUE(made) << made.error().text();
      url = *made;
    }
    auto database = sql::Database::open(url);
    ASSERT_TRUE(database) << database.error().text();
    database_ = std::move(*database);
    const auto migrated = database_->migrate(migrations());
    ASSERT_TRUE(migrated) << migrated.error().text();
    log_ = std::make_unique<EventLog>(*database_, clock_);
  }

  void TearDown() override {
    log_.reset();
    database_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  Result<std::int64_t> append(Event event) {
    return database_->write([&](sql::Session& session) { return log_->append(session, event); });
  }

  static Event event(const std::string& type, const std::string& workspace = "dev", const std::string& subject = "") {
    Event made;
    made.type = type;
    made.source = "/workspaces/" + workspace;
    made.workspace = workspace;
    made.subject = subject;
    made.data = Json{{"n", 1}};
    return made;
  }

  FakeClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<EventLog> log_;
};

TEST_P(EventLogTest, GivesBackWhatWasAppendedInOrder) {
  EXPECT_EQ(*log_->last_sequence(), 0);
  const auto first = append(event("ciclo.model.created", "dev", "models/weather:1"));
  ASSERT_TRUE(first) << first.error().text();
  const auto second = append(event("ciclo.job.completed"));
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(*log_->last_sequence(), *second);

  const auto all = log_->read_after(0, 10);
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().sequence, *first);
  EXPECT_EQ(all->front().type, "ciclo.model.created");
  EXPECT_EQ(all->front().subject, "models/weather:1");
  EXPECT_EQ(all->front().time, clock_.now());
  EXPECT_EQ(all->front().id.size(), 32U);
  EXPECT_EQ(all->front().data, (Json{{"n", 1}}));
  EXPECT_EQ(log_->read_after(*first, 10)->size(), 1U);
  EXPECT_EQ(log_->read_after(0, 1)->size(), 1U);
  EXPECT_TRUE(log_->read_after(*second, 10)->empty());
}

TEST_P(EventLogTest, AnEventOfAFailedChangeDoesNotExist) {
  int woken = 0;
  const auto subscription = log_->subscribe([&] { ++woken; });
  const auto failed = database_->write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(std::ignore, log_->append(session, event("ciclo.job.failed")));
    return fail(ErrorCode::conflict, "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(*log_->last_sequence(), 0);
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(append(Event{}).error().code, ErrorCode::internal);
}

TEST_P(EventLogTest, WakesSubscribersOnceDurableAndUntilTheyLeave) {
  std::atomic<std::int64_t> seen = 0;
  auto subscription = log_->subscribe([&] { seen = log_->last_sequence().value_or(-1); });
  const auto first = append(event("ciclo.job.created"));
  EXPECT_EQ(seen, *first);
  subscription.reset();
  ASSERT_TRUE(append(event("ciclo.job.created")));
  EXPECT_EQ(seen, *first);
  subscription = log_->subscribe([] {});
  log_.reset();
  subscription.reset();  // outlives the log
}

TEST_P(EventLogTest, ListsByFilter) {
  ASSERT_TRUE(append(event("ciclo.job.created", "dev", "jobs/a")));
  ASSERT_TRUE(append(event("ciclo.job.completed", "dev", "jobs/a")));
  ASSERT_TRUE(append(event("ciclo.job.created", "prod", "jobs/b")));
  ASSERT_TRUE(append(event("ciclo.workspace.created", "", "workspaces/dev")));
  const auto types = [&](const ListRequest& request) {
    std::string text;
    const auto listed = log_->list(request);
    EXPECT_TRUE(listed) << listed.error().text();
    for (const Event& one : *listed) text += one.workspace + ":" + one.type.substr(6) + " ";
    return text;
  };
  EXPECT_EQ(types({.workspace = "dev"}), "dev:job.created dev:job.completed ");
  EXPECT_EQ(types({.workspace = ""}), ":workspace.created ");
  EXPECT_EQ(types({.type_prefix = "ciclo.job.c", .subject = "jobs/a"}), "dev:job.created dev:job.completed ");
  EXPECT_EQ(types({.type_prefix = "ciclo.job.created"}), "dev:job.created prod:job.created ");
  EXPECT_EQ(types({.type_prefix = "%"}), "");
  EXPECT_EQ(types({.before = 3, .limit = 1, .order = ListRequest::Order::newest_first}), "dev:job.completed ");
}

TEST_P(EventLogTest, AReaderThatRemembersItsPlaceMissesAndDoublesNothing) {
  constexpr int writers = 4;
  constexpr int each = 50;
  std::vector<std::jthread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < each; ++k) EXPECT_TRUE(append(event("ciclo.job.created")));
    });
  }
  std::int64_t place = 0;
  int read = 0;
  while (read < writers * each) {
    const auto events = log_->read_after(place, 7);
    ASSERT_TRUE(events) << events.error().text();
    for (const Event& one : *events) {
      EXPECT_GT(one.sequence, place);
      place = one.sequence;
      ++read;
    }
  }
  threads.clear();
  EXPECT_TRUE(log_->read_after(place, 1)->empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, EventLogTest, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         [](const auto& engine) {
                           return std::string(engine.param == sql::Dialect::sqlite ? "Sqlite" : "Postgresql");
                         });

TEST(CloudEvent, HasTheAttributesOfTheSpecification) {
  Event event;
  event.sequence = 42;
  event.id = "abc";
  event.type = "ciclo.model.created";
  event.source = "/workspaces/dev";
  event.workspace = "dev";
  event.time = from_unix_ms(1'700'000'000'123);
  event.data = Json{{"version", "3"}};
  EXPECT_EQ(to_text(to_cloud_event(event)),
            R"({"specversion":"1.0","id":"abc","source":"/workspaces/dev","type":"ciclo.model.created",)"
            R"("time":"2023-11-14T22:13:20.123Z","sequence":"00000000000000000042",)"
            R"("datacontenttype":"application/json","workspace":"dev","data":{"version":"3"}})");
}

}  // namespace
}  // namespace ciclo::events
