#include "resources/reconcile.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "resources/testing.hpp"

namespace ciclo::resources {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view schema = R"({"type":"object","properties":{"name":{"type":"string"}}})";

KindTable make_table() {
  KindTable table;
  for (const char* name : {"workspace", "thing"}) {
    Kind kind;
    kind.name = name;
    kind.plural = std::string(name) + "s";
    kind.title = name;
    kind.component = "workspace";
    kind.schema = schema;
    if (kind.name == "workspace") kind.scope = Scope::organisation;
    EXPECT_TRUE(table.add(std::move(kind)));
  }
  return table;
}

// Counts its calls by name; fails the first `failures` calls; asks to be called `again` times more at once.
class CountingController final : public Controller {
 public:
  std::string kind() const override { return "thing"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const ResourceKey& key) override {
    const std::lock_guard lock(mutex_);
    ++calls_[key.name];
    changed_.notify_all();
    if (failures > 0) {
      --failures;
      return fail(ErrorCode::unavailable, "not yet");
    }
    if (again == 0) return std::optional<std::chrono::milliseconds>();
    --again;
    return std::optional<std::chrono::milliseconds>(1ms);
  }
  bool wait_for(const std::string& name, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return calls_[name] >= count; });
  }
  int failures = 0;
  int again = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> calls_;
};

class ReconcileTest : public ::testing::Test {
 protected:
  ReconcileTest() : resources_(make_table()), logger_(log::Logger::silent()) {
    EXPECT_TRUE(resources_.create("", "workspace", {{"name", "dev"}}));
  }
  void start() {
    loop_ = std::make_unique<ReconcileLoop>(*resources_.service, *resources_.events, *logger_, 2);
    loop_->add(controller_);
    ASSERT_TRUE(loop_->start());
  }
  TestResources resources_;
  std::unique_ptr<log::Logger> logger_;
  CountingController controller_;
  std::unique_ptr<ReconcileLoop> loop_;
};

TEST_F(ReconcileTest, LooksAtWhatWasThereAndAtWhatIsMade) {
  ASSERT_TRUE(resources_.create("dev", "thing", {{"name", "old"}}));
  start();
  EXPECT_TRUE(controller_.wait_for("old", 1));
  ASSERT_TRUE(resources_.create("dev", "thing", {{"name", "new"}}));
  EXPECT_TRUE(controller_.wait_for("new", 1));
}

TEST_F(ReconcileTest, RepeatsAFailedStep) {
  controller_.failures = 2;
  start();
  ASSERT_TRUE(resources_.create("dev", "thing", {{"name", "x"}}));
  EXPECT_TRUE(controller_.wait_for("x", 3));
}

TEST_F(ReconcileTest, ComesBackWhenAskedTo) {
  controller_.again = 4;
  start();
  ASSERT_TRUE(resources_.create("dev", "thing", {{"name", "x"}}));
  EXPECT_TRUE(controller_.wait_for("x", 5));
}

TEST_F(ReconcileTest, StopsInTheMiddleOfManyWakes) {
  start();
  for (int i = 0; i < 200; ++i)
    loop_->wake(
        {.workspace = "dev", .kind = "thing", .parent = "", .name = "t" + std::to_string(i % 10), .version = ""});
  loop_->stop();
}

}  // namespace
}  // namespace ciclo::resources
