// A controller of endpoints on a real database, with a scorer that only remembers, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <set>

#include "base/digest.hpp"
#include "outer_loop/endpoints/controller.hpp"
#include "outer_loop/endpoints/deployment_secrets.hpp"
#include "outer_loop/endpoints/kinds.hpp"
#include "outer_loop/triggers/testing/world.hpp"
#include "platform/process/fake_runner.hpp"
#include "platform/tokens/signed_token.hpp"

namespace ciclo::outer_loop {
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

inline std::vector<sql::Migration> migrations_of_secrets_too() {
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

}  // namespace ciclo::outer_loop
