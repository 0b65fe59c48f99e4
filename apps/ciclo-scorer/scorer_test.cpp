#include "scorer_testing.hpp"

namespace ciclo::scoring {
namespace {

TEST_F(ScorerTest, AnswersHoldersOfAKeyOnly) {
  scorer_.add("blue", "sun");
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.start();
  const auto good = scorer_.score();
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"(["sun"])");
  EXPECT_EQ(good.headers.find("azureml-model-deployment"), "blue");
  EXPECT_EQ(scorer_.score(sun_row, header("authorization", "Bearer wrong")).status, 401);
  EXPECT_EQ(scorer_.score(sun_row, header("authorization", "Bearer control")).status, 401);
  EXPECT_EQ(scorer_.send(http::Method::get, "/-/status", "", {}).status, 401);
  EXPECT_EQ(scorer_.send(http::Method::get, "/", "", header("authorization", "none")).body, "Healthy");
  EXPECT_EQ(scorer_.send(http::Method::get, "/score", "", {}).status, 405);
  EXPECT_EQ(scorer_.send(http::Method::post, "/invocations", sun_row, {}).body, R"({"predictions":["sun"]})");
  EXPECT_EQ(scorer_.send(http::Method::get, "/v2/health/ready", "", {}).status, 200);
  EXPECT_EQ(scorer_.send(http::Method::get, "/v2/models/nobody", "", {}).status, 404);
  EXPECT_EQ(scorer_.send(http::Method::get, "/v2/models/weather/versions/1/ready", "", {}).status, 200);
  const auto metrics = scorer_.send(http::Method::get, "/metrics", "", {}).body;
  EXPECT_NE(metrics.find(R"(ciclo_scorer_requests_total{deployment="blue",status_class="2xx"} 2)"), std::string::npos)
      << metrics;
}

TEST_F(ScorerTest, SplitsByWeightAndHeaderAndSession) {
  scorer_.add("blue", "sun");
  scorer_.add("green", "rain");
  scorer_.config()["traffic"] = {{"blue", 90}, {"green", 10}};
  scorer_.start();
  std::map<std::string, int> counts;
  for (int i = 0; i < 1'000; ++i)
    ++counts[std::string(scorer_.score().headers.find("azureml-model-deployment").value_or(""))];
  // Six standard deviations of a binomial of 1000 with p = 0.1 are 57.
  EXPECT_NEAR(counts["green"], 100, 57);
  EXPECT_EQ(counts["blue"] + counts["green"], 1'000);
  EXPECT_EQ(scorer_.score(sun_row, header("azureml-model-deployment", "green")).body, R"(["rain"])");
  const auto unknown = scorer_.score(sun_row, header("azureml-model-deployment", "gren"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("the nearest is 'green'"), std::string::npos);
  const auto first = scorer_.score(sun_row, header("azureml-session-id", "customer-7")).body;
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(scorer_.score(sun_row, header("azureml-session-id", "customer-7")).body, first);
}

TEST_F(ScorerTest, ReloadUnderLoadDropsNothing) {
  scorer_.add("blue", "sun");
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.start();
  std::atomic<bool> done{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!done) ++(scorer_.score().status == 200 ? good : bad);
    });
  }
  for (int i = 0; i < 20; ++i) {
    scorer_.config()["deployments"] = Json::array();
    scorer_.add(i % 2 == 0 ? "green" : "blue", i % 2 == 0 ? "rain" : "sun");
    scorer_.config()["traffic"] = {{i % 2 == 0 ? "green" : "blue", 100}};
    EXPECT_EQ(scorer_.reload().status, 200);
    EXPECT_EQ(scorer_.score().body, i % 2 == 0 ? R"(["rain"])" : R"(["sun"])");
  }
  done = true;
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 20);
  EXPECT_EQ(scorer_.status()["generation"], 21);
}

// Requests that are ready together are run as one batch: nobody may get a neighbour's rows, nor suffer from its
// mistakes.
TEST_F(ScorerTest, ManyCallersEachGetTheirOwnRows) {
  testing::write_file(folder_.path() / "echo.onnx", testing::echo_model());
  scorer_.add("blue", "echo.onnx");
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.start();
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 12; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 100; ++i) {
        auto rows = Json::array();
        for (int row = 0; row <= (caller + i) % 3; ++row)
          rows.push_back(std::to_string(caller) + "-" + std::to_string(i) + "-" + std::to_string(row));
        if (caller == 0) rows = Json::array({7});
        const auto answer = scorer_.score(to_text(Json{{"data", rows}}));
        if (caller == 0 ? answer.status != 400 : answer.body != to_text(rows)) ++wrong;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(scorer_.status()["deployments"][0]["model"]["batches"], true);
}

TEST_F(ScorerTest, ABadConfigurationKeepsTheOldOne) {
  scorer_.add("blue", "sun");
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.start();
  scorer_.add("green", "nowhere");
  const auto refused = scorer_.reload();
  EXPECT_EQ(refused.status, 404);
  EXPECT_NE(refused.body.find("cannot load the deployment 'green'"), std::string::npos) << refused.body;
  EXPECT_EQ(scorer_.score().body, R"(["sun"])");
  auto status = scorer_.status();
  EXPECT_EQ(status["generation"], 1);
  EXPECT_NE(status["error"].get<std::string>().find("green"), std::string::npos);
  scorer_.config()["deployments"].erase(1);
  scorer_.config()["traffic"] = {{"blue", 99}};
  EXPECT_EQ(scorer_.reload().status, 400);
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.write_config();
  ::kill(scorer_.pid(), SIGHUP);
  EXPECT_TRUE(eventually([&] { return scorer_.status()["generation"] == 2; }));
  EXPECT_EQ(scorer_.status()["error"], "");
}

TEST_F(ScorerTest, ABrokenModelAtStartLeavesTheOthers) {
  scorer_.add("blue", "sun");
  scorer_.add("green", "nowhere");
  scorer_.config()["traffic"] = {{"blue", 50}, {"green", 50}};
  scorer_.start();
  EXPECT_EQ(scorer_.score(sun_row, header("azureml-model-deployment", "blue")).status, 200);
  EXPECT_EQ(scorer_.score(sun_row, header("azureml-model-deployment", "green")).status, 503);
  EXPECT_EQ(scorer_.status()["deployments"][1]["state"], "failed");
  EXPECT_EQ(scorer_.send(http::Method::get, "/v2/health/ready", "", {}).status, 503);
}

TEST_F(ScorerTest, CollectedLinesAreThereAfterTheEnd) {
  auto& blue = scorer_.add("blue", "sun");
  blue["collect"] = {{"inputs", true}, {"outputs", true}};
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.config()["collection"] = {{"folder", "collected"}};
  scorer_.start();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(scorer_.score().status, 200);
  EXPECT_EQ(scorer_.stop(SIGTERM), 0) << scorer_.log_text();
  const auto inputs = collected_lines("blue", "model_inputs");
  const auto outputs = collected_lines("blue", "model_outputs");
  ASSERT_EQ(inputs.size(), 50U);
  ASSERT_EQ(outputs.size(), 50U);
  std::map<std::string, int> correlations;
  for (const auto& line : inputs) ++correlations[text_or(*parse_json(line), "correlationid")];
  for (const auto& line : outputs) ++correlations[text_or(*parse_json(line), "correlationid")];
  EXPECT_EQ(correlations.size(), 50U);
  EXPECT_EQ(parse_json(inputs[0]).value()["data"], *parse_json(R"([{"city":"porto","temp":20.5,"wind":3.0,"wet":0}])"));
}

TEST_F(ScorerTest, MirrorsCopiesThatNoCallerSees) {
  scorer_.add("blue", "sun");
  auto& green = scorer_.add("green", "rain");
  green["collect"] = {{"outputs", true}};
  scorer_.config()["traffic"] = {{"blue", 100}};
  scorer_.config()["mirror_traffic"] = {{"green", 50}};
  scorer_.config()["collection"] = {{"folder", "collected"}};
  scorer_.start();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(scorer_.score().body, R"(["sun"])");
  EXPECT_EQ(scorer_.stop(SIGTERM), 0);
  const auto lines = collected_lines("green", "model_outputs");
  EXPECT_GT(lines.size(), 10U);
  EXPECT_LT(lines.size(), 90U);
  for (const auto& line : lines) EXPECT_EQ(parse_json(line).value()["shadow"], true);
}

TEST_F(ScorerTest, ArgumentsAndFilesThatAreWrongEndWithTwo) {
  const auto run = [](const std::string& rest) {
    return WEXITSTATUS(std::system((std::string(CICLO_SCORER) + rest + " >/dev/null 2>&1").c_str()));
  };
  EXPECT_EQ(run(""), 2);
  EXPECT_EQ(run(" --config /nonexistent"), 2);
  scorer_.config()["deployment"] = Json::array();
  scorer_.write_config();
  EXPECT_EQ(run(" --check --config " + (folder_.path() / "config.json").string()), 2);
  scorer_.config().erase("deployment");
  scorer_.write_config();
  EXPECT_EQ(run(" --check --config " + (folder_.path() / "config.json").string()), 0);
}

class PythonScorerTest : public ScorerTest {
 protected:
  void SetUp() override {
    if (std::system("python3 -c 'import json, socket' >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no python3";
    testing::write_file(folder_.path() / "code/score.py", R"(
import json, os, time

def init():
    global prefix
    prefix = os.environ["PREFIX"]

def run(body):
    rows = json.loads(body)["data"]
    if rows == "pid": return os.getpid()
    if rows == "hang": time.sleep(60)
    if rows == "exit": os._exit(3)
    if rows == "raise": raise KeyError("no such column")
    return [prefix + str(row) for row in rows]
)");
    auto& blue = scorer_.add("blue", "sun");
    blue["python"] = {{"workers", 2}, {"code", "code"}, {"scoring_script", "score.py"}};
    blue["environment_variables"] = {{"PREFIX", "row "}};
    blue["request_settings"] = {{"request_timeout_ms", 2'000}, {"max_queue_wait_ms", 2'000}};
    blue["collect"] = {{"inputs", true}, {"outputs", true}};
    scorer_.config()["traffic"] = {{"blue", 100}};
    scorer_.config()["collection"] = {{"folder", "collected"}};
    scorer_.start();
  }
  bool answers_again() {
    return eventually([&] { return scorer_.score(R"({"data":[1]})").status == 200; });
  }
};

TEST_F(PythonScorerTest, RunsAScoringScript) {
  EXPECT_EQ(scorer_.score(R"({"data":[1,2]})").body, R"(["row 1","row 2"])");
  const auto failed = scorer_.score(R"({"data":"raise"})");
  EXPECT_EQ(failed.status, 424);
  EXPECT_EQ(failed.headers.find("x-ms-run-function-failed"), "True");
  EXPECT_NE(failed.body.find("no such column"), std::string::npos) << failed.body;
  EXPECT_EQ(scorer_.stop(SIGTERM), 0);
  const auto outputs = collected_lines("blue", "model_outputs");
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(parse_json(outputs[0]).value()["data"], *parse_json(R"([{"prediction":"row 1"},{"prediction":"row 2"}])"));
}

TEST_F(PythonScorerTest, AWorkerThatEndsIsReplaced) {
  EXPECT_EQ(scorer_.score(R"({"data":"exit"})").status, 503);
  EXPECT_TRUE(answers_again());
  const auto pids = scorer_.status()["deployments"][0]["model"]["pids"];
  for (const auto& pid : pids) ::kill(pid.get<pid_t>(), SIGKILL);
  EXPECT_TRUE(answers_again());
  EXPECT_TRUE(eventually([&] {
    const auto now = scorer_.status()["deployments"][0]["model"]["pids"];
    return now.size() == 2 && now[0] != pids[0] && now[1] != pids[1];
  })) << scorer_.log_text();
}

TEST_F(PythonScorerTest, ALateWorkerIsReplacedAndItsAnswerReachesNobody) {
  EXPECT_EQ(scorer_.score(R"({"data":"hang"})").status, 408);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(scorer_.score(R"({"data":[7]})").body, R"(["row 7"])");
}

TEST_F(PythonScorerTest, WorkersEndWithTheScorer) {
  const auto worker = static_cast<pid_t>(std::stoi(scorer_.score(R"({"data":"pid"})").body));
  ASSERT_EQ(::kill(worker, 0), 0);
  EXPECT_EQ(scorer_.stop(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(eventually([&] {
    // Gone, or a zombie that nobody has collected yet in this container.
    const auto stat = testing::read_file("/proc/" + std::to_string(worker) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }));
}

}  // namespace
}  // namespace ciclo::scoring
