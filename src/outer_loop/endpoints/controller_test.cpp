#include "outer_loop/endpoints/controller.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <set>

#include "outer_loop/endpoints/deployment_secrets.hpp"
#include "outer_loop/endpoints/kinds.hpp"
#include "outer_loop/triggers/testing/world.hpp"
#include "platform/process/fake_runner.hpp"
#include "platform/tokens/signed_token.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;
using testing::must;
using testing::World;

// Plays ciclo-scorer: reads its file when it is started and when it is told to, and cannot load what is `broken`.
class FakeScorer final : public ScorerControl {
 public:
  std::set<std::string> broken;  // versions of models
  Json config;
  int starts = 0;
  std::vector<std::string> given;  // secrets, at starts and later
  bool is_up = false;

  std::optional<int> start(const process::ProcessSpec& spec) {
    file_ = spec.arguments.at(2);
    pid_ = 1000 + ++starts;
    generation_ = 1;
    failed_reloads_ = 0;
    config = read_json(file_);
    if (!spec.input.empty()) given.push_back(spec.input);
    failed_ = broken_in(config);
    is_up = true;
    return std::nullopt;
  }
  Result<Json> status(std::uint16_t, const std::string& control_token) override {
    if (!is_up) return fail(ErrorCode::unavailable, "down");
    if (sha256_hex(control_token) != text_or(config["auth"], "control_sha256"))
      return fail(ErrorCode::unavailable, "wrong token");
    Json deployments = Json::array();
    for (const Json& entry : config["deployments"]) {
      const bool is_failed = failed_.contains(text_or(entry, "name"));
      deployments.push_back({{"name", entry["name"]}, {"state", is_failed ? "failed" : "ready"}, {"error", "garbage"}});
    }
    return Json{{"pid", pid_},
                {"generation", generation_},
                {"failed_reloads", failed_reloads_},
                {"error", "garbage"},
                {"deployments", deployments}};
  }
  Result<void> give_secrets(std::uint16_t, const std::string&, const std::string& pairs) override {
    given.push_back(pairs);
    return {};
  }
  Result<void> reload(pid_t process) override {
    EXPECT_EQ(process, pid_);
    const Json next = read_json(file_);
    if (!broken_in(next).empty()) {
      ++failed_reloads_;
      return {};
    }
    failed_.clear();
    config = next;
    ++generation_;
    return {};
  }

 private:
  std::set<std::string> broken_in(const Json& from) const {
    std::set<std::string> names;
    for (const Json& entry : from["deployments"])
      if (broken.contains(text_or(entry["model"], "version"))) names.insert(text_or(entry, "name"));
    return names;
  }

  std::filesystem::path file_;
  int pid_ = 0;
  int generation_ = 0;
  int failed_reloads_ = 0;
  std::set<std::string> failed_;
};

std::vector<sql::Migration> migrations_of_secrets_too() {
  auto all = endpoint_migrations();
  for (sql::Migration& one : administration::secret_migrations()) all.push_back(std::move(one));
  return all;
}

class EndpointControllerTest : public ::testing::Test {
 protected:
  EndpointControllerTest() { restart_server(); }

  // A new controller, which remembers nothing.
  void restart_server() {
    controller.emplace(
        EndpointController::Parts{*world.service, keys, tokens, served_credentials, scorers, scorer, preparations,
                                  *world.logger, [this](const ResourceKey&) { wake(); }, &vault},
        EndpointController::Settings{world.folder / "endpoints", world.folder / "collected"});
  }
  void wake() {
    const std::lock_guard lock(mutex);
    ++wakes;
    woken.notify_all();
  }
  // Calls the controller until nothing is left to do.
  void drive() {
    for (int calls = 0; calls < 200; ++calls) {
      int before = 0;
      {
        const std::lock_guard lock(mutex);
        before = wakes;
      }
      if (must(controller->reconcile(endpoint_key("dev", "weather")))) continue;
      if (!is_preparing()) return;
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return wakes != before; });
    }
    FAIL() << "the controller does not come to rest";
  }
  bool is_preparing() {
    for (const Resource& deployment : world.all("online-deployment", "dev")) {
      const std::string state = text_or(deployment.status, "provisioning_state");
      if (!deployment.deleting && (state == "Creating" || state == "Updating")) return true;
    }
    return false;
  }
  void put(const std::string& kind, const std::string& parent, Json document) {
    must(world.service->create(world.maria(), {.workspace = "dev",
                                               .kind = kind,
                                               .parent = parent,
                                               .document = std::move(document),
                                               .owner = {},
                                               .links = {},
                                               .if_exists = resources::CreateRequest::IfExists::update}));
  }
  void put_deployment(const std::string& name, const std::string& version) {
    put("online-deployment", "weather", {{"name", name}, {"model", "azureml:weather:" + version}});
    drive();
  }
  void give(Json traffic) {
    put("online-endpoint", "", {{"name", "weather"}, {"traffic", std::move(traffic)}});
    drive();
  }
  Resource deployment(const std::string& name) {
    return world
        .find({.workspace = "dev", .kind = "online-deployment", .parent = "weather", .name = name, .version = {}})
        .value();
  }
  std::string state_of(const std::string& name) { return text_or(deployment(name).status, "provisioning_state"); }
  std::vector<std::string> served() {
    std::vector<std::string> all;
    for (const Json& entry : scorer.config["deployments"])
      all.push_back(text_or(entry, "name") + ":" + text_or(entry["model"], "version"));
    return all;
  }
  std::string issue(const std::string& principal) {
    const Resource endpoint = world.find(endpoint_key("dev", "weather")).value();
    resources::Caller caller;
    caller.principal = principal;
    return must(world.database->write(
                    [&](sql::Session& session) { return tokens.issue(session, endpoint, caller, default_token_life); }))
        .token;
  }
  ciclo::tokens::VerifyingKeys verifier() {
    std::vector<ciclo::tokens::VerifyingKey> all;
    for (const Json& key : scorer.config["auth"]["signed_tokens"]["public_keys"])
      all.push_back(must(ciclo::tokens::VerifyingKey::from_hex(key.get<std::string>())));
    return ciclo::tokens::VerifyingKeys(std::move(all));
  }
  const Json& ended() { return scorer.config["auth"]["signed_tokens"]["ended"]; }
  Result<std::string> rotate(OldTokens old) {
    return world.database->write([&](sql::Session& session) {
      return tokens.rotate(session, {"dev", "weather"}, old);
    });
  }
  // Calls the controller so often: while tokens are out it never comes to rest.
  void step(int calls) {
    for (int i = 0; i < calls; ++i) must(controller->reconcile(endpoint_key("dev", "weather")));
  }
  Result<void> remove(const std::string& name) { return world.service->remove(world.maria(), deployment(name).key); }

  const std::filesystem::path key_file = std::filesystem::temp_directory_path() / ("ciclo-key-" + random_hex(8));
  administration::Sealer sealer = [this] {
    must(administration::start_cryptography());
    return must(administration::Sealer::open(key_file));
  }();
  EndpointKeys keys{sealer};
  World world{{online_endpoint_kind(&keys), online_deployment_kind(nullptr)}, migrations_of_secrets_too()};
  std::set<std::string> barred;
  EndpointTokens tokens{keys, world.access, [this](const std::string& name) { return barred.contains(name); },
                        world.clock};
  ServedCredentials served_credentials;
  administration::KnownValues known;
  administration::Vault vault{{*world.database, sealer, world.service->parts().access, world.service->parts().audit,
                               known, world.service->parts().clock}};
  FakeScorer scorer;
  process::FakeRunner runner{[this](const process::ProcessSpec& spec) { return scorer.start(spec); }};
  ScorerProcesses scorers{runner, {"ciclo-scorer", {}}};
  std::mutex mutex;
  std::condition_variable woken;
  int wakes = 0;
  std::map<std::string, Json> prepared_in;  // environments by deployment
  Preparations preparations{[this](const PreparationRequest& request, const std::stop_token&) -> Result<Json> {
    const std::string model = text_or(request.spec, "model");
    const std::string version = model.substr(model.rfind(':') + 1);
    {
      const std::lock_guard lock(mutex);
      prepared_in[request.key.name] = request.environment;
    }
    if (version == "gone") return fail(ErrorCode::not_found, "the files are gone");
    Json entry{{"name", request.key.name}, {"model", {{"version", version}}}};
    Json variables = Json::object();
    CICLO_CHECK(add_variables(&vault, request, variables, entry));
    return entry;
  }};
  std::optional<EndpointController> controller;

  void SetUp() override {
    put("online-endpoint", "", {{"name", "weather"}});
    drive();
  }
  void TearDown() override { std::filesystem::remove(key_file); }
};

TEST_F(EndpointControllerTest, ServesADeployment) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  EXPECT_EQ(served(), std::vector<std::string>{"blue:1"});
  EXPECT_EQ(scorer.config["traffic"], Json({{"blue", 100}}));
  EXPECT_EQ(state_of("blue"), "Succeeded");
  const Resource endpoint = world.find(endpoint_key("dev", "weather")).value();
  EXPECT_EQ(text_or(endpoint.status, "provisioning_state"), "Succeeded");
  EXPECT_EQ(text_or(endpoint.status, "scoring_uri"), "http://127.0.0.1:" + to_text(scorer.config["port"]) + "/score");
  EXPECT_EQ(scorer.starts, 1);
}

TEST_F(EndpointControllerTest, AnEnvironmentWrittenIntoADeploymentIsUsed) {
  const Json written{{"image", "python"}, {"conda_file", {{"dependencies", {"numpy=2"}}}}};
  put("online-deployment", "weather", {{"name", "blue"}, {"model", "azureml:weather:1"}, {"environment", written}});
  drive();
  put_deployment("green", "1");
  EXPECT_EQ(prepared_in["blue"], written);
  EXPECT_EQ(prepared_in["green"], Json());
}

TEST_F(EndpointControllerTest, HandsSecretsToTheScorerAndToNoFile) {
  must(world.database->write([&](sql::Session& session) {
    return vault.put_in(session, {.workspace = "dev", .name = "db", .value = "hunter22", .created_by = "maria"});
  }));
  const Json variables{{"URL", "pg://u:${{secrets.db}}@h"}, {"PLAIN", "x"}};
  for (const char* name : {"blue", "green"}) {
    put("online-deployment", "weather",
        {{"name", name}, {"model", "azureml:weather:1"}, {"environment_variables", variables}});
    drive();
    EXPECT_EQ(state_of(name), "Succeeded");
  }
  const Json& entry = scorer.config["deployments"][0];
  EXPECT_EQ(entry["secret_variables"], (Json{{"URL", "pg://u:${{secrets.db:1}}@h"}}));
  EXPECT_EQ(entry["environment_variables"], (Json{{"PLAIN", "x"}}));
  // At the start and before the reload: the variable, and the value to hide.
  ASSERT_EQ(scorer.given.size(), 2U);
  for (const std::string& given : scorer.given)
    EXPECT_EQ(must(parse_private_pairs(given)),
              (PrivatePairs{{"pg://u:${{secrets.db:1}}@h", "pg://u:hunter22@h"}, {"", "hunter22"}}));
  for (const char* file : {"scorer.json", "accepted.json"})
    EXPECT_EQ(to_text(read_json(world.folder / "endpoints/dev/weather" / file)).find("hunter22"), std::string::npos);
}

TEST_F(EndpointControllerTest, ADeploymentOfAMissingSecretIsRefused) {
  const auto made =
      world.service->create(world.maria(), {.workspace = "dev",
                                            .kind = "online-deployment",
                                            .parent = "weather",
                                            .document = {{"name", "blue"},
                                                         {"model", "azureml:weather:1"},
                                                         {"environment_variables", {{"A", "${{secrets.gone}}"}}}},
                                            .owner = {},
                                            .links = {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().target, "/environment_variables/A");
}

TEST_F(EndpointControllerTest, KeepsSecretsOutOfStatusAndFiles) {
  put_deployment("blue", "1");
  const auto secrets = must(world.database->read([&](sql::Session& session) {
    return keys.get(session, {"dev", "weather"});
  }));
  const auto folder = world.folder / "endpoints/dev/weather";
  const Resource endpoint = world.find(endpoint_key("dev", "weather")).value();
  for (const std::string& text :
       {to_text(endpoint.status), to_text(endpoint.spec), to_text(read_json(folder / "scorer.json"))})
    for (const std::string& secret : {secrets.primary, secrets.secondary, secrets.control, secrets.token_seed})
      EXPECT_EQ(text.find(secret), std::string::npos);
  EXPECT_EQ(std::filesystem::status(folder / "scorer.json").permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms(0700));
}

TEST_F(EndpointControllerTest, AFailureLeavesTheOthersAlone) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  scorer.broken = {"2"};
  put_deployment("green", "2");
  EXPECT_EQ(state_of("green"), "Failed");
  EXPECT_EQ(text_or(deployment("green").status["error"], "message"), "garbage");
  put_deployment("black", "gone");
  EXPECT_EQ(text_or(deployment("black").status["error"], "message"), "the files are gone");
  EXPECT_EQ(served(), std::vector<std::string>{"blue:1"});
  give({{"blue", 0}});
  give({{"blue", 100}});
  EXPECT_EQ(scorer.config["traffic"], Json({{"blue", 100}}));
  put_deployment("green", "3");
  EXPECT_EQ(state_of("green"), "Succeeded");
}

TEST_F(EndpointControllerTest, AnUpdateThatFailsKeepsTheOldForm) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  scorer.broken = {"2"};
  put_deployment("blue", "2");
  EXPECT_EQ(state_of("blue"), "Failed");
  EXPECT_EQ(served(), std::vector<std::string>{"blue:1"});
}

TEST_F(EndpointControllerTest, ANewServerTakesTheScorerOver) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  restart_server();
  drive();
  EXPECT_EQ(scorer.starts, 1);
  put_deployment("green", "2");
  give({{"blue", 90}, {"green", 10}});
  EXPECT_EQ(scorer.starts, 1);
  EXPECT_EQ(scorer.config["traffic"], Json({{"blue", 90}, {"green", 10}}));
}

TEST_F(EndpointControllerTest, AScorerThatEndsIsStartedAgain) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  scorer.is_up = false;
  runner.finish(0, 137);
  drive();
  EXPECT_EQ(scorer.starts, 2);
  EXPECT_EQ(served(), std::vector<std::string>{"blue:1"});
}

// Found at its start only: what it served before cannot be loaded any more.
TEST_F(EndpointControllerTest, WhatCannotBeLoadedAtAStartFailsAlone) {
  put_deployment("blue", "1");
  put_deployment("green", "2");
  give({{"blue", 50}, {"green", 50}});
  scorer.broken = {"2"};
  scorer.is_up = false;
  runner.finish(0, 137);
  drive();
  EXPECT_EQ(state_of("green"), "Failed");
  EXPECT_EQ(state_of("blue"), "Succeeded");
  EXPECT_EQ(scorer.config["traffic"], Json({{"blue", 100}}));
}

TEST_F(EndpointControllerTest, AKeyIsReplacedWithoutARestart) {
  put_deployment("blue", "1");
  const Json before = scorer.config["auth"]["keys_sha256"];
  const std::string named = must(world.database->write([&](sql::Session& session) {
    return keys.regenerate(session, {"dev", "weather"}, KeyType::primary);
  }));
  EXPECT_FALSE(served_credentials.await(endpoint_key("dev", "weather"), named, std::chrono::milliseconds(0)));
  drive();
  EXPECT_TRUE(served_credentials.await(endpoint_key("dev", "weather"), named, std::chrono::milliseconds(0)));
  const Json after = scorer.config["auth"]["keys_sha256"];
  EXPECT_NE(before[0], after[0]);
  EXPECT_EQ(before[1], after[1]);
  EXPECT_EQ(scorer.starts, 1);
}

TEST_F(EndpointControllerTest, OnlyTheModeOfKeysTakesKeys) {
  put_deployment("blue", "1");
  EXPECT_EQ(scorer.config["auth"]["mode"], "key");
  EXPECT_EQ(scorer.config["auth"]["keys_sha256"].size(), 2U);
  put("online-endpoint", "", {{"name", "weather"}, {"auth_mode", "AADToken"}});
  drive();
  EXPECT_EQ(scorer.config["auth"]["mode"], "aad_token");
  EXPECT_FALSE(scorer.config["auth"].contains("keys_sha256"));
}

TEST_F(EndpointControllerTest, ATokenIsGoodWithoutAReload) {
  put_deployment("blue", "1");
  const Json before = scorer.config;
  const std::string token = issue("maria");
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))), std::chrono::minutes(1));
  EXPECT_EQ(scorer.config, before);
  const auto claims = must(verifier().verify(token));
  EXPECT_EQ(claims.principal, "maria");
  EXPECT_EQ(claims.audience, text_or(scorer.config["auth"]["signed_tokens"], "audience"));
  EXPECT_EQ(claims.audience, world.find(endpoint_key("dev", "weather"))->uid);
  EXPECT_EQ(claims.issued_at, world.clock.now());
  EXPECT_EQ(claims.expires_at, world.clock.now() + std::chrono::hours(1));
  // When all tokens have ended by time, nobody is judged again.
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))), std::nullopt);
}

TEST_F(EndpointControllerTest, WhoLosesTheRightLosesTheTokensGivenUntilThen) {
  put_deployment("blue", "1");
  issue("maria");
  issue("otto");
  EXPECT_TRUE(ended().empty());
  world.access.denied = {"maria workspace/endpoints/use"};
  events::Event event{.type = "ciclo.role.withdrawn", .subject = "/users/maria", .workspace = "dev"};
  EXPECT_EQ(controller->wakes(event), std::vector<ResourceKey>{endpoint_key("dev", "weather")});
  event.workspace = "prod";
  EXPECT_TRUE(controller->wakes(event).empty());
  event.workspace.clear();  // of the organisation
  EXPECT_EQ(controller->wakes(event).size(), 1U);
  step(3);
  const Json expected{{{"principal", "maria"}, {"issued_until", format_rfc3339(world.clock.now())}}};
  EXPECT_EQ(ended(), expected);
  // Allowed again, the old tokens stay ended and new ones are good.
  world.access.denied.clear();
  world.clock.advance(std::chrono::minutes(5));
  issue("maria");
  step(3);
  EXPECT_EQ(ended(), expected);
  // A second loss ends those too.
  world.access.denied = {"maria workspace/endpoints/use"};
  step(3);
  EXPECT_EQ(text_or(ended()[0], "issued_until"), format_rfc3339(world.clock.now()));
  // Nothing is kept of tokens that have ended by time.
  world.clock.advance(std::chrono::hours(2));
  step(3);
  EXPECT_TRUE(ended().empty());
}

TEST_F(EndpointControllerTest, WhoIsDisabledLosesTheTokens) {
  put_deployment("blue", "1");
  issue("maria");
  issue("otto");
  barred = {"otto"};
  EXPECT_EQ(controller->wakes({.type = "ciclo.user.disabled", .subject = "/users/otto"}).size(), 1U);
  step(3);
  ASSERT_EQ(ended().size(), 1U);
  EXPECT_EQ(ended()[0]["principal"], "otto");
}

TEST_F(EndpointControllerTest, ANewSigningKeyLeavesTheTokensOfTheOldOne) {
  put_deployment("blue", "1");
  const std::string old = issue("maria");
  const std::string public_key = must(rotate(OldTokens::stay_good));
  step(3);
  EXPECT_TRUE(served_credentials.await(endpoint_key("dev", "weather"), public_key, std::chrono::milliseconds(0)));
  const std::string fresh = issue("maria");
  EXPECT_TRUE(verifier().verify(old));
  EXPECT_TRUE(verifier().verify(fresh));
  // The old key goes with the last of its tokens, though the new one has some out.
  world.clock.advance(std::chrono::minutes(59));
  const std::string late = issue("maria");
  world.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(must(controller->reconcile(endpoint_key("dev", "weather"))).has_value(), true);
  step(3);
  EXPECT_FALSE(verifier().verify(old));
  EXPECT_TRUE(verifier().verify(late));
}

TEST_F(EndpointControllerTest, WithoutTokensOutNoKeyIsKept) {
  put_deployment("blue", "1");
  for (std::size_t i = 0; i < 2 * most_retired_keys; ++i) must(rotate(OldTokens::stay_good));
  step(3);
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), 1U);
}

TEST_F(EndpointControllerTest, OldKeysAreBoundedAndAllTokensCanBeEnded) {
  put_deployment("blue", "1");
  const std::string token = issue("maria");
  for (std::size_t i = 0; i < most_retired_keys; ++i) must(rotate(OldTokens::stay_good));
  EXPECT_EQ(rotate(OldTokens::stay_good).error().code, ErrorCode::conflict);
  step(3);
  EXPECT_TRUE(verifier().verify(token));
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), most_retired_keys + 1);
  must(rotate(OldTokens::end_now));
  step(3);
  EXPECT_FALSE(verifier().verify(token));
  EXPECT_TRUE(verifier().verify(issue("maria")));
  EXPECT_EQ(scorer.config["auth"]["signed_tokens"]["public_keys"].size(), 1U);
}

TEST_F(EndpointControllerTest, AnEndpointOfAnOlderServerGetsItsSigningKey) {
  put_deployment("blue", "1");
  must(world.database->write(
      [&](sql::Session& session) { return session.execute("UPDATE endpoint_keys SET token_sealed = ''"); }));
  drive();
  EXPECT_TRUE(verifier().verify(issue("maria")));
}

TEST_F(EndpointControllerTest, WhatHasTrafficIsNotDeleted) {
  put_deployment("blue", "1");
  put_deployment("green", "2");
  give({{"blue", 100}});
  const auto refused = remove("blue");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  give({{"blue", 0}, {"green", 100}});
  must(remove("blue"));
  drive();
  EXPECT_EQ(served(), std::vector<std::string>{"green:2"});
  EXPECT_EQ(world.all("online-deployment", "dev").size(), 1U);
}

TEST_F(EndpointControllerTest, DeletingAnEndpointTakesAllDown) {
  put_deployment("blue", "1");
  give({{"blue", 100}});
  must(world.service->remove(world.maria(), endpoint_key("dev", "weather")));
  drive();
  EXPECT_FALSE(world.find(endpoint_key("dev", "weather")));
  EXPECT_TRUE(world.all("online-deployment", "dev").empty());
  EXPECT_FALSE(std::filesystem::exists(world.folder / "endpoints/dev/weather"));
  EXPECT_FALSE(world.database->read([&](sql::Session& session) { return keys.get(session, {"dev", "weather"}); }));
}

TEST(RestartPause, Grows) {
  using std::chrono::milliseconds;
  const std::vector<std::pair<int, milliseconds>> cases = {
      {0, milliseconds(0)},      {1, milliseconds(100)},     {2, milliseconds(200)},       {4, milliseconds(800)},
      {9, milliseconds(25'600)}, {10, milliseconds(30'000)}, {1'000, milliseconds(30'000)}};
  for (const auto& [failures, expected] : cases) EXPECT_EQ(restart_pause(failures), expected) << failures;
}

TEST(Collection, IsReadFromTheFormOfAzureMl) {
  EXPECT_TRUE(collection_of(nullptr).is_null());
  EXPECT_TRUE(collection_of({{"collections", {{"model_inputs", {{"enabled", "False"}}}}}}).is_null());
  EXPECT_EQ(
      collection_of({{"collections", {{"model_inputs", {{"enabled", "True"}}}, {"model_outputs", {{"enabled", true}}}}},
                     {"sampling_rate", 0.5}}),
      Json({{"inputs", true}, {"outputs", true}, {"sampling_rate", 0.5}}));
  EXPECT_EQ(collection_of({{"collections", {{"model_inputs", {{"enabled", true}}}}}}),
            Json({{"inputs", true}, {"outputs", false}}));
}

}  // namespace
}  // namespace ciclo::outer_loop
