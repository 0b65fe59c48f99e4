#include "outer_loop/endpoints/controller_testing.hpp"

namespace ciclo::outer_loop {
namespace {

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
