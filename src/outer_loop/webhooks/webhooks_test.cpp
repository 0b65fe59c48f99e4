// Webhooks over both engines, with a receiver that listens.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>

#include "administration/secrets/store.hpp"
#include "outer_loop/triggers/testing/world.hpp"
#include "outer_loop/webhooks/dispatcher.hpp"
#include "outer_loop/webhooks/payload.hpp"
#include "platform/http/server.hpp"
#include "platform/sql/testing/postgres_server.hpp"
#include "registry/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using testing::must;
using testing::World;

std::string url_of(sql::Dialect dialect) {
  if (dialect == sql::Dialect::sqlite) return "";
  const auto server = sql::testing::PostgresServer::shared();
  return server ? (*server)->create_database().value_or("") : "";
}

std::vector<sql::Migration> needed_migrations() {
  auto steps = webhook_migrations();
  for (const auto& more : {administration::secret_migrations()}) steps.insert(steps.end(), more.begin(), more.end());
  return steps;
}

struct Received {
  std::string path;
  std::string delivery_id;
  std::string signature;
  std::string timestamp;
  std::string body;
};

// Answers what it was told to, and keeps what it got. /slow answers only when something came to another path.
class Receiver {
 public:
  Receiver() {
    for (const char* path : {"/hook", "/other", "/slow"}) {
      http::Route route;
      route.method = http::Method::post;
      route.pattern = path;
      route.access = http::Access::open;
      route.handler = [this](http::Request& request) { return take(request); };
      must(router_.add(std::move(route)));
    }
    server_ = std::make_unique<http::Server>(router_, nullptr, http::ServerSettings{});
    must(server_->start());
  }
  ~Receiver() { server_.reset(); }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  std::vector<Received> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  void answer_next(int status) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(status);
  }
  // Waits until so many came to a path; false after 20 s.
  bool wait_for(const std::string& path, std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return count_of(path) >= count; });
  }

 private:
  std::size_t count_of(const std::string& path) const {
    return static_cast<std::size_t>(std::ranges::count(received_, path, &Received::path));
  }
  Result<http::Response> take(const http::Request& request) {
    const auto header = [&](const char* name) { return std::string(request.headers.find(name).value_or("")); };
    std::unique_lock lock(mutex_);
    if (request.path == "/slow")
      changed_.wait_for(lock, std::chrono::seconds(20), [&] { return count_of("/hook") >= 2; });
    received_.push_back({request.path, header("x-mlflow-delivery-id"), header("x-mlflow-signature"),
                         header("x-mlflow-timestamp"), request.body});
    int status = 200;
    if (!answers_.empty()) {
      status = answers_.front();
      answers_.pop_front();
    }
    changed_.notify_all();
    http::Response response = http::Response::json({{"taken", true}});
    response.status = status;
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Received> received_;
  std::deque<int> answers_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

class Webhooks : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    must(administration::start_cryptography());
    const std::string url = url_of(GetParam());
    if (GetParam() == sql::Dialect::postgresql && url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
    world_ = std::make_unique<World>(std::vector{registry::model_kind(nullptr)}, needed_migrations(), url);
    sealer_.emplace(must(administration::Sealer::open(world_->folder / "master.key")));
    service_.emplace(WebhookService::Parts{*world_->service, *sealer_, client_});
    restart();
    must(dispatcher_->read_log());  // from here on
  }
  void TearDown() override { dispatcher_.reset(); }

  void restart() {
    dispatcher_.reset();
    dispatcher_ = std::make_unique<WebhookDispatcher>(
        WebhookDispatcher::Parts{*world_->service, *sealer_, client_, *world_->logger});
  }
  Webhook make(const std::string& path, const std::vector<std::string>& events, const std::string& secret = "") {
    WebhookChange change{
        .name = "hook", .description = {}, .url = receiver_.url(path), .events = {}, .secret = {}, .status = {}};
    change.events.emplace();
    for (const std::string& event : events) change.events->push_back(must(parse_webhook_event(event)));
    if (!secret.empty()) change.secret = secret;
    return must(service_->create(world_->maria(), "dev", change));
  }
  resources::Resource model(const std::string& name, const Json& tags = Json::object()) {
    return world_->create("model", "dev", {{"name", name}, {"path", "models:/x/1"}, {"tags", tags}});
  }
  // Reads the log and sends what is due.
  void pass(const Webhook& webhook) {
    must(dispatcher_->read_log());
    must(dispatcher_->deliver(webhook.number));
  }
  WebhookDelivery last(const Webhook& webhook) { return must(service_->deliveries({"dev", webhook.id}, 10)).at(0); }

  std::unique_ptr<World> world_;
  Receiver receiver_;
  http::Client client_;
  std::optional<administration::Sealer> sealer_;
  std::optional<WebhookService> service_;
  std::unique_ptr<WebhookDispatcher> dispatcher_;
};

TEST_P(Webhooks, TellWhatAnyoneDoesToAModelSignedAndOnce) {
  model("before");
  const auto hook =
      make("/hook", {"model_version.created", "registered_model.created", "model_version_tag.set"}, "quiet");
  const auto made = model("weather", {{"team", "a"}});
  must(world_->service->update(world_->maria(),
                               {.key = made.key, .patch = {{"tags", {{"team", "b"}}}}, .expected_revision = {}}));
  pass(hook);
  const auto received = receiver_.received();
  ASSERT_EQ(received.size(), 3U);
  const Json first = must(parse_json(received[0].body));
  EXPECT_EQ(first["entity"], "registered_model");
  EXPECT_EQ(first["workspace"], "dev");
  const Json second = must(parse_json(received[1].body));
  EXPECT_EQ(second["action"], "created");
  EXPECT_EQ(to_canonical_text(second["data"]), to_canonical_text({{"name", "weather"},
                                                                  {"version", "1"},
                                                                  {"source", "models:/x/1"},
                                                                  {"run_id", nullptr},
                                                                  {"tags", {{"team", "a"}}},
                                                                  {"description", nullptr}}));
  EXPECT_EQ(must(parse_json(received[2].body))["data"]["value"], "b");
  for (const Received& one : received)
    EXPECT_EQ(one.signature, signature_of("quiet", {one.delivery_id, one.timestamp, one.body}));
  restart();
  pass(hook);
  EXPECT_EQ(receiver_.received().size(), 3U);
}

TEST_P(Webhooks, AreTriedAgainWithTheSameIdUntilGivenUp) {
  const auto hook = make("/hook", {"model_version.created"});
  receiver_.answer_next(500);
  model("weather");
  pass(hook);
  EXPECT_EQ(last(hook).state, "pending");
  EXPECT_EQ(last(hook).reason, "the receiver answered 500");
  pass(hook);
  EXPECT_EQ(receiver_.received().size(), 1U) << "not before its time";
  world_->clock.advance(Milliseconds(5'001));
  restart();
  pass(hook);
  ASSERT_EQ(receiver_.received().size(), 2U);
  EXPECT_EQ(receiver_.received()[0].delivery_id, receiver_.received()[1].delivery_id);
  EXPECT_EQ(last(hook).state, "delivered");
  for (int i = 0; i < 10; ++i) receiver_.answer_next(503);
  model("weather");
  for (int i = 0; i < 12; ++i) {
    pass(hook);
    world_->clock.advance(Milliseconds(3'600'001));
  }
  EXPECT_EQ(last(hook).state, "failed");
  EXPECT_EQ(last(hook).attempts, 10);
}

TEST_P(Webhooks, WhatWasWrittenDownIsNeitherLostNorDoubledByARestart) {
  const auto hook = make("/hook", {"model_version.created"});
  model("weather");
  must(dispatcher_->read_log());  // and the server is killed
  must(world_->database->write([](sql::Session& session) -> Result<void> {
    CICLO_CHECK(session.execute("UPDATE webhook_cursor SET read_sequence = 0"));  // even if its place was lost
    return {};
  }));
  restart();
  pass(hook);
  EXPECT_EQ(receiver_.received().size(), 1U);
}

TEST_P(Webhooks, OfNobodyWhoMayReadAndDisabledOnesAreTold) {
  const auto hook = make("/hook", {"model_version.created"});
  world_->access.denied.insert("maria workspace/read");
  {
    auto caller = world_->maria();
    caller.principal = "ben";
    must(world_->service->create(caller, {.workspace = "dev",
                                          .kind = "model",
                                          .parent = {},
                                          .document = {{"name", "a"}, {"path", "models:/x/1"}},
                                          .owner = {},
                                          .links = {}}));
  }
  pass(hook);
  EXPECT_TRUE(receiver_.received().empty());
  world_->access.denied.clear();
  model("b");
  must(dispatcher_->read_log());
  const auto set = [&](WebhookStatus status) {
    WebhookChange change;
    change.status = status;
    return must(service_->update(world_->maria(), {"dev", hook.id}, change));
  };
  set(WebhookStatus::disabled);
  model("c");
  pass(hook);
  EXPECT_EQ(last(hook).state, "skipped");
  set(WebhookStatus::active);
  pass(hook);
  EXPECT_TRUE(receiver_.received().empty()) << "what happened while it was off is not told";
  model("d");
  pass(hook);
  EXPECT_EQ(receiver_.received().size(), 1U);
}

TEST_P(Webhooks, ASlowReceiverHoldsUpNoOther) {
  make("/slow", {"model_version.created"});
  make("/hook", {"model_version.created"});
  dispatcher_->start();
  model("weather");
  EXPECT_TRUE(receiver_.wait_for("/hook", 1));
  model("weather");
  EXPECT_TRUE(receiver_.wait_for("/hook", 2)) << "while /slow still holds its first";
  EXPECT_TRUE(receiver_.wait_for("/slow", 2));
  dispatcher_->stop();
}

TEST_P(Webhooks, AreKeptAsMlflowHasThemAndKeepTheirSecret) {
  const auto hook = make("/hook", {"prompt.created", "model_version.created"}, "a very quiet secret");
  EXPECT_TRUE(hook.has_secret);
  EXPECT_EQ(to_text(to_json(hook)).find("quiet"), std::string::npos);
  const auto row = must(world_->database->read([&](sql::Session& session) {
    return session.query_one("SELECT sealed_secret FROM webhooks WHERE id = ?", {hook.id});
  }));
  EXPECT_TRUE(row->text(0).starts_with("k1:"));
  for (int i = 0; i < 4; ++i) make("/other", {"model_version.created"});
  auto page = must(service_->list("dev", 3, ""));
  EXPECT_EQ(page.webhooks.size(), 3U);
  page = must(service_->list("dev", 3, page.next_page_token));
  EXPECT_EQ(page.webhooks.size(), 2U);
  EXPECT_EQ(page.webhooks.back().id, hook.id);
  EXPECT_TRUE(page.next_page_token.empty());
  EXPECT_FALSE(service_->list("dev", 3, "x"));
  EXPECT_FALSE(service_->get({"prod", hook.id})) << "it belongs to its workspace";
  WebhookChange change;
  change.secret = "";
  change.events = std::vector<WebhookEvent>{{"prompt_tag", "set"}, {"prompt_tag", "set"}};
  const auto changed = must(service_->update(world_->maria(), {"dev", hook.id}, change));
  EXPECT_EQ(changed.events.size(), 1U);
  const auto tested = must(service_->test({"dev", hook.id}, std::nullopt));
  EXPECT_TRUE(tested.success);
  EXPECT_EQ(tested.body, "{\"taken\":true}");
  EXPECT_EQ(receiver_.received().back().signature, "");
  receiver_.answer_next(404);
  EXPECT_FALSE(must(service_->test({"dev", hook.id}, WebhookEvent{"model_version", "created"})).success);
  must(service_->remove(world_->maria(), {"dev", hook.id}));
  EXPECT_EQ(service_->get({"dev", hook.id}).error().code, ErrorCode::not_found);
}

TEST(WebhookPayload, SaysOfPromptsWhatMlflowSays) {
  events::Event event;
  event.type = "ciclo.model.created";
  event.data = {{"name", "greet"},
                {"version", "1"},
                {"is_first_version", true},
                {"tags", {{"mlflow.prompt.is_prompt", "true"}, {"mlflow.prompt.text", "Hi {{x}}"}, {"team", "a"}}}};
  auto messages = messages_of(event, false);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].event.text(), "prompt.created");
  EXPECT_EQ(messages[1].event.text(), "prompt_version.created");
  EXPECT_EQ(messages[1].data["template"], "Hi {{x}}");
  EXPECT_EQ(messages[1].data["tags"], (Json{{"team", "a"}}));
  event.type = "ciclo.model.updated";
  event.data = {{"name", "greet"}, {"changed_tags", {{"a", "1"}, {"b", nullptr}}}};
  messages = messages_of(event, true);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].event.text(), "prompt_tag.set");
  EXPECT_EQ(messages[1].event.text(), "prompt_tag.deleted");
  EXPECT_TRUE(messages_of(event, false).empty());
  event.type = "ciclo.model.labelled";
  event.data = {{"name", "m"}, {"label", "champion"}, {"version", "3"}};
  messages = messages_of(event, false);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].event.text(), "model_version_alias.created");
  EXPECT_EQ(messages[0].data, (Json{{"name", "m"}, {"alias", "champion"}, {"version", "3"}}));
}

TEST(WebhookPayload, IsSignedAsStandardWebhooksAre) {
  // By Python's hmac and base64.
  EXPECT_EQ(signature_of("quiet", {"id-1", "1767225600", R"({"a":1})"}),
            "v1,5Dt7NX1pUcrLO6lirjmTlAKU7b2PxmY3egobS9qAWJE=");
}

TEST(WebhookRules, RefuseWhatCannotBe) {
  for (const char* url :
       {"", "ftp://example.org/", "https://", "http://ana:pw@example.org/", "file:///etc/passwd", "x"})
    EXPECT_FALSE(check_webhook_url(url)) << url;
  EXPECT_TRUE(check_webhook_url("https://hooks.example.org:8443/models?x=1"));
  for (const char* name : {"", "-a", "a-", "a b", "a/b"}) EXPECT_FALSE(check_webhook_name(name)) << name;
  EXPECT_FALSE(check_webhook_name(std::string(64, 'a')));
  EXPECT_TRUE(check_webhook_name("My.hook_1-x"));
  EXPECT_EQ(must(parse_webhook_event({{"entity", "MODEL_VERSION_TAG"}, {"action", "SET"}})).text(),
            "model_version_tag.set");
  EXPECT_EQ(must(parse_webhook_event({{"entity", 2}, {"action", 1}})).text(), "model_version.created");
  for (const Json& wrong : {Json("model_version.set"), Json(7), Json(nullptr), Json{{"entity", 99}, {"action", 1}}})
    EXPECT_FALSE(parse_webhook_event(wrong)) << to_text(wrong);
  for (const WebhookEvent& event : webhook_events()) EXPECT_TRUE(example_of(event).data.is_object());
}

INSTANTIATE_TEST_SUITE_P(Engines, Webhooks, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         [](const auto& engine) {
                           return engine.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
                         });

}  // namespace
}  // namespace ciclo::outer_loop
