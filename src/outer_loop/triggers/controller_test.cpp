#include "outer_loop/triggers/controller.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "outer_loop/triggers/handlers.hpp"
#include "outer_loop/triggers/kinds.hpp"
#include "outer_loop/triggers/testing/world.hpp"
#include "platform/http/server.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;
using testing::must;
using testing::plain_kind;
using testing::World;

class TriggerTest : public ::testing::Test {
 protected:
  TriggerTest()
      : world_({plain_kind("job", "workspace"), plain_kind("approval", "automation"),
                plain_kind("online-endpoint", "workspace"), trigger_kind()},
               trigger_migrations()) {}

  Resource make(Json action, Json extra = Json::object()) {
    Json document = {{"name", "retrain"}, {"on", {{"event", "ciclo.monitor.alert"}}}, {"action", std::move(action)}};
    for (const auto& [key, value] : extra.items()) document[key] = value;
    return world_.create("trigger", "dev", std::move(document));
  }
  std::int64_t alert(std::string feature = "wind", std::string workspace = "dev") {
    world_.clock.advance(Milliseconds(1000));
    events::Event event;
    event.type = "ciclo.monitor.alert";
    event.workspace = std::move(workspace);
    event.subject = "schedule/weather";
    event.data = {{"feature", std::move(feature)}};
    return world_.emit(event);
  }
  // As after a start: a controller that remembers nothing.
  std::optional<std::chrono::milliseconds> reconcile() {
    TriggerController controller({*world_.service, client_, *world_.logger});
    return must(controller.reconcile(key_));
  }
  Json status() { return world_.find(key_)->status; }
  std::vector<FireRecord> fires() {
    const auto uid = world_.find(key_)->uid;
    return must(world_.database->read([&](sql::Session& session) { return TriggerStore().list(session, {uid}); }));
  }

  World world_;
  http::Client client_;
  ResourceKey key_{.workspace = "dev", .kind = "trigger", .parent = {}, .name = "retrain", .version = {}};
};

Json job_action() {
  return {
      {"create_job",
       {{"job", {{"type", "command"}, {"command", "train"}}}, {"inputs", {{"drifted", "${{event.data.feature}}"}}}}}};
}

TEST_F(TriggerTest, CreatesAJobForEachEventOnceHoweverOftenItLooks) {
  alert("before it was made");
  make(job_action());
  const auto first = alert("temp_max");
  reconcile();
  reconcile();
  alert("wind");
  alert("elsewhere", "prod");
  reconcile();
  const auto jobs = world_.all("job", "dev");
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].key.name, "retrain-" + std::to_string(first));
  EXPECT_EQ(at_pointer(jobs[0].spec, "/inputs/drifted"), "temp_max");
  EXPECT_EQ(text_or(jobs[0].spec, "experiment_name"), "retrain");
  EXPECT_EQ(jobs[0].created_by, "maria");
  EXPECT_EQ(at_pointer(status(), "/last_result/kind"), "job");
  EXPECT_EQ(world_.events_of("ciclo.trigger.fired").size(), 2U);
  const auto links = must(world_.database->read([&](sql::Session& session) {
    return world_.store.lineage(session, jobs[0].key.path(), resources::ResourceStore::Direction::upstream);
  }));
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].relation, "triggered_by");
}

TEST_F(TriggerTest, WakesForEventsThatConcernIt) {
  make(job_action(), {{"source_workspace", "prod"}});
  TriggerController controller({*world_.service, client_, *world_.logger});
  must(controller.reconcile(key_));
  events::Event event;
  event.type = "ciclo.monitor.alert";
  event.workspace = "prod";
  event.subject = "schedule/weather";
  EXPECT_EQ(controller.wakes(event), std::vector{key_});
  event.workspace = "dev";
  EXPECT_TRUE(controller.wakes(event).empty());
}

TEST_F(TriggerTest, SkipsWithinTheCooldownAndSaysWhy) {
  make(job_action(), {{"limits", {{"cooldown", "PT1H"}}}});
  alert();
  alert();
  reconcile();
  EXPECT_EQ(world_.all("job", "dev").size(), 1U);
  ASSERT_EQ(fires().size(), 2U);
  EXPECT_EQ(fires()[0].state, "skipped");
  EXPECT_EQ(fires()[1].state, "fired");
}

TEST_F(TriggerTest, StopsWhenItsOwnerLostTheRight) {
  make(job_action());
  world_.access.denied = {"maria workspace/write"};
  alert();
  alert();
  reconcile();
  reconcile();
  EXPECT_TRUE(world_.all("job", "dev").empty());
  EXPECT_EQ(text_or(status(), "state"), "Suspended");
  EXPECT_EQ(fires().size(), 1U);
  EXPECT_EQ(world_.events_of("ciclo.trigger.suspended").size(), 1U);
  // Given back, it goes on once someone switches it on again, and makes up for nothing.
  world_.access.denied.clear();
  world_.clock.advance(Milliseconds(1));
  for (const bool enabled : {false, true}) {
    must(world_.service->update(world_.maria(),
                                {.key = key_, .patch = {{"enabled", enabled}}, .expected_revision = {}}));
  }
  alert();
  reconcile();
  EXPECT_EQ(world_.all("job", "dev").size(), 1U);
}

TEST_F(TriggerTest, GivesNobodyRightsTheyLack) {
  world_.access.denied = {"maria workspace/write"};
  const auto refused = world_.service->create(
      world_.maria(),
      {.workspace = "dev",
       .kind = "trigger",
       .parent = {},
       .document = {{"name", "t"}, {"on", {{"event", "ciclo.monitor.alert"}}}, {"action", job_action()}},
       .owner = {},
       .links = {}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
}

TEST_F(TriggerTest, AWrongDocumentIsAFailureOnRecordAndTheNextEventIsHandled) {
  make({{"create_job", {{"job", "azureml:nothing"}}}});
  alert();
  alert();
  reconcile();
  const auto records = fires();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].state, "failed");
  EXPECT_NE(records[0].reason.find("nothing"), std::string::npos);
  EXPECT_TRUE(status().contains("last_failure"));
}

TEST_F(TriggerTest, PromotesTheModelOfTheEvent) {
  world_.create("trigger", "prod",
                {{"name", "retrain"},
                 {"source_workspace", "dev"},
                 {"on", {{"event", "ciclo.model.created"}}},
                 {"action", {{"promote", {{"gate", {{"checks", Json::array()}}}, {"approvers_required", 1}}}}}});
  world_.clock.advance(Milliseconds(1));
  world_.emit({.type = "ciclo.model.created",
               .subject = "model/weather:3",
               .workspace = "dev",
               .data = {{"kind", "model"}, {"name", "weather"}, {"version", "3"}}});
  key_.workspace = "prod";
  reconcile();
  const auto approvals = world_.all("approval", "prod");
  ASSERT_EQ(approvals.size(), 1U);
  EXPECT_EQ(text_or(approvals[0].spec, "subject"), "azureml://registries/dev/models/weather/versions/3");
  EXPECT_EQ(member(approvals[0].spec, "approvers_required"), 1);
}

TEST_F(TriggerTest, UpdatesTraffic) {
  world_.create("online-endpoint", "dev", {{"name", "e"}, {"auth_mode", "key"}, {"traffic", {{"green", 100}}}});
  make({{"update_traffic", {{"endpoint", "e"}, {"traffic", {{"blue", 100}, {"green", 0}}}}}});
  alert();
  reconcile();
  const auto endpoint =
      world_.find({.workspace = "dev", .kind = "online-endpoint", .parent = {}, .name = "e", .version = {}});
  EXPECT_EQ(at_pointer(endpoint->spec, "/traffic/blue"), 100);
  EXPECT_EQ(text_or(endpoint->spec, "auth_mode"), "key");
}

TEST_F(TriggerTest, RaisesNotifications) {
  make({{"notify", {{"message", "${{event.data.feature}} has drifted"}}}});
  alert();
  reconcile();
  const auto raised = world_.events_of("ciclo.notification.raised");
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(text_or(raised[0].data, "message"), "wind has drifted");
}

TEST_F(TriggerTest, NeverFiresForItsOwnEcho) {
  world_.create(
      "trigger", "dev",
      {{"name", "retrain"}, {"on", {{"event", "ciclo.trigger.*"}}}, {"action", {{"notify", {{"message", "x"}}}}}});
  reconcile();
  reconcile();
  EXPECT_TRUE(world_.events_of("ciclo.notification.raised").empty());
}

TEST_F(TriggerTest, DeliversWebhooksAndTriesAgain) {
  std::atomic<int> status = 500;
  std::vector<std::string> deliveries;
  http::Router router;
  http::Route route;
  route.method = http::Method::post;
  route.pattern = "/hook";
  route.access = http::Access::open;
  route.handler = [&](http::Request& request) -> Result<http::Response> {
    deliveries.emplace_back(request.headers.find("x-ciclo-delivery").value_or(""));
    return http::Response::text(request.body, "text/plain", status);
  };
  must(router.add(std::move(route)));
  http::Server server(router, nullptr, {});
  must(server.start());
  make({{"webhook", {{"url", "http://127.0.0.1:" + std::to_string(server.port()) + "/hook"}}}});
  alert();
  const auto wait = reconcile();
  ASSERT_TRUE(wait.has_value());
  EXPECT_EQ(fires()[0].state, "pending");
  EXPECT_EQ(fires()[0].reason, "the receiver answered 500");
  status = 200;
  reconcile();  // not yet due
  EXPECT_EQ(deliveries.size(), 1U);
  world_.clock.advance(*wait);
  reconcile();
  EXPECT_EQ(fires()[0].state, "delivered");
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[0], deliveries[1]);
  server.stop(std::chrono::milliseconds(100));
}

TEST_F(TriggerTest, AWebhookThatThePolicyDeniesIsNotTriedAgain) {
  make({{"webhook", {{"url", "http://127.0.0.1:9/hook"}}}});
  alert();
  http::ClientSettings settings;
  settings.outbound = std::make_shared<const http::OutboundPolicy>();
  http::Client outside(settings);
  TriggerController controller({*world_.service, outside, *world_.logger});
  EXPECT_EQ(must(controller.reconcile(key_)), std::nullopt);
  ASSERT_EQ(fires().size(), 1U);
  EXPECT_EQ(fires()[0].state, "failed");
  EXPECT_EQ(fires()[0].attempts, 1);
  EXPECT_EQ(fires()[0].reason,
            "127.0.0.1 is a loopback address, where this server sends no requests for users (an administrator can "
            "allow it: start the server with --allow-outbound 127.0.0.1:9)");
}

TEST_F(TriggerTest, WhatTheSchemaCannotTellIsRefused) {
  const auto target = [&](Json document) {
    document["name"] = "t";
    const auto made = world_.service->create(world_.maria(), {.workspace = "dev",
                                                              .kind = "trigger",
                                                              .parent = {},
                                                              .document = std::move(document),
                                                              .owner = {},
                                                              .links = {}});
    return made ? std::string("accepted") : made.error().target;
  };
  const Json notify = {{"notify", {{"message", "x"}}}};
  const Json on = {{"event", "ciclo.job.*"}};
  EXPECT_EQ(target({{"on", on}, {"action", notify}}), "accepted");
  EXPECT_EQ(target({{"on", {{"event", "ciclo.job.*"}, {"filter", "data.["}}}, {"action", notify}}), "/on/filter");
  EXPECT_EQ(target({{"on", on}, {"action", notify}, {"limits", {{"cooldown", "P1Y"}}}}), "/limits/cooldown");
  EXPECT_EQ(target({{"on", on}, {"action", {{"update_traffic", {{"endpoint", "e"}, {"traffic", {{"a", 50}}}}}}}}),
            "/action/update_traffic/traffic");
  EXPECT_EQ(target({{"on", on}, {"action", Json::object()}}), "/action");
  EXPECT_EQ(target({{"on", on}, {"action", notify}, {"onn", 1}}), "/onn");
}

}  // namespace
}  // namespace ciclo::outer_loop
