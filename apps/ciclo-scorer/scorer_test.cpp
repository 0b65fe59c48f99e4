// ciclo-scorer as a process, spoken to over HTTP.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "platform/http/client.hpp"
#include "platform/tokens/signed_token.hpp"
#include "scoring/testing/test_models.hpp"

extern char** environ;

namespace ciclo::scoring {
namespace {

using testing::TemporaryFolder;

constexpr std::string_view sun_row = R"({"data":[["porto",20.5,3,0]]})";
// SHA-256 of "secret" and of "control".
constexpr std::string_view secret_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
constexpr std::string_view control_sha256 = "0fcd568a5cb9bdb4677b69354b11ee415af8f784519cff3da49a26f84eaee7f2";

// Polls for what another process does; fails the test after ten seconds.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class Scorer {
 public:
  explicit Scorer(std::filesystem::path folder) : folder_(std::move(folder)) {
    config_ = {{"endpoint", "weather"},
               {"workspace", "prod"},
               {"port_file", "port.json"},
               {"auth", {{"mode", "key"}, {"keys_sha256", {secret_sha256}}, {"control_sha256", control_sha256}}},
               {"deployments", Json::array()}};
  }
  ~Scorer() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Json& config() { return config_; }
  void write_config() { testing::write_file(folder_ / "config.json", to_text(config_)); }
  Json& add(const std::string& name, const std::string& model) {
    config_["deployments"].push_back(
        {{"name", name}, {"model", {{"path", model}, {"name", "weather"}, {"version", "1"}}}});
    return config_["deployments"].back();
  }

  void start() {
    write_config();
    const auto file = (folder_ / "config.json").string();
    const auto log = (folder_ / "log").string();
    std::string program = CICLO_SCORER;
    std::string option = "--config";
    std::string value = file;
    char* arguments[] = {program.data(), option.data(), value.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ASSERT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "port.json"); })) << log_text();
    const auto port = parse_json(testing::read_file(folder_ / "port.json"));
    url_ = "http://127.0.0.1:" + std::to_string(member(*port, "port").get<int>());
  }
  // The exit code after a signal.
  int stop(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  http::ClientResponse send(http::Method method, const std::string& path, std::string_view body,
                            http::Headers headers) {
    if (!headers.find("authorization")) headers.add("authorization", "Bearer secret");
    auto answer =
        client_.send({.method = method, .url = url_ + path, .headers = std::move(headers), .body = std::string(body)});
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
    return answer ? *answer : http::ClientResponse{};
  }
  http::ClientResponse score(std::string_view body = sun_row, http::Headers headers = {}) {
    return send(http::Method::post, "/score", body, std::move(headers));
  }
  http::ClientResponse control(http::Method method, const std::string& path) {
    http::Headers headers;
    headers.add("authorization", "Bearer control");
    return send(method, path, "", std::move(headers));
  }
  http::ClientResponse reload() {
    write_config();
    return control(http::Method::post, "/-/reload");
  }
  Json status() { return *parse_json(control(http::Method::get, "/-/status").body); }
  std::string log_text() const { return testing::read_file(folder_ / "log"); }
  pid_t pid() const { return pid_; }

 private:
  std::filesystem::path folder_;
  Json config_;
  pid_t pid_ = -1;
  std::string url_;
  http::Client client_;
};

class ScorerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_softmax_folder(folder_.path() / "sun", 0);
    testing::write_softmax_folder(folder_.path() / "rain", -1000);
  }
  static http::Headers header(std::string name, std::string value) {
    http::Headers headers;
    headers.add(std::move(name), std::move(value));
    return headers;
  }
  std::vector<std::string> collected_lines(const std::string& deployment, const std::string& collection) const {
    std::vector<std::string> lines;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             folder_.path() / "collected/weather" / deployment / collection, ignored)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) lines.push_back(line);
    }
    return lines;
  }

  TemporaryFolder folder_;
  Scorer scorer_{folder_.path()};
};

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

class SignedTokenTest : public ScorerTest {
 protected:
  void SetUp() override {
    ScorerTest::SetUp();
    scorer_.add("blue", "sun");
    scorer_.config()["traffic"] = {{"blue", 100}};
    take(signer_);
    scorer_.start();
  }
  void take(const tokens::SigningKey& key) {
    scorer_.config()["auth"]["signed_tokens"] = {{"public_keys", {key.public_key()}}, {"audience", "uid-1"}};
  }
  std::string token(const std::string& principal, TimePoint issued, Milliseconds life = std::chrono::hours(1),
                    const std::string& audience = "uid-1") const {
    return *signer_.sign({.audience = audience,
                          .principal = principal,
                          .token_id = "t",
                          .key_id = {},
                          .issued_at = issued,
                          .expires_at = issued + life});
  }
  http::ClientResponse score_with(const std::string& secret) {
    return scorer_.score(sun_row, header("authorization", "Bearer " + secret));
  }

  const tokens::SigningKey signer_ = *tokens::SigningKey::from_seed(random_hex(32));
  const TimePoint now_ = SystemClock().now();
};

TEST_F(SignedTokenTest, OpensItsEndpointForItsTime) {
  const std::string good = token("maria", now_);
  EXPECT_EQ(score_with(good).status, 200);
  EXPECT_EQ(score_with(good).status, 200);
  EXPECT_EQ(scorer_.score().status, 200);  // the key goes on
  for (const std::string& bad :
       {token("maria", now_, std::chrono::hours(1), "uid-2"), token("maria", now_ - std::chrono::hours(2)),
        token("maria", now_ + std::chrono::hours(1)), good + "A", good.substr(0, good.size() - 2),
        std::string("ciclo_ep_"), "ciclo_ep_" + std::string(4'000, 'A')})
    EXPECT_EQ(score_with(bad).status, 401) << bad;
  EXPECT_NE(score_with(token("maria", now_ - std::chrono::hours(2))).body.find("this token ended at"),
            std::string::npos);
  // It opens nothing but scoring.
  EXPECT_EQ(scorer_.send(http::Method::get, "/-/status", "", header("authorization", "Bearer " + good)).status, 401);
  const std::string shortly = token("maria", SystemClock().now(), Milliseconds(700));
  EXPECT_EQ(score_with(shortly).status, 200);
  EXPECT_TRUE(eventually([&] { return score_with(shortly).status == 401; }));
}

TEST_F(SignedTokenTest, SaysWhoCalledAndHowOften) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(score_with(token("maria", now_)).status, 200);
  EXPECT_EQ(score_with(token("otto", now_)).status, 200);
  EXPECT_EQ(scorer_.score().status, 200);
  EXPECT_EQ(score_with("wrong").status, 401);
  EXPECT_EQ(
      scorer_.status()["callers"],
      *parse_json(
          R"([{"principal":"endpoint-key","requests":1},{"principal":"maria","requests":3},{"principal":"otto","requests":1}])"));
  const auto metrics = scorer_.send(http::Method::get, "/metrics", "", {}).body;
  EXPECT_NE(metrics.find(R"(ciclo_scorer_admitted_total{credential="token"} 4)"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("ciclo_scorer_refused_total 1"), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find("maria"), std::string::npos);  // that page is open to everybody
}

TEST_F(SignedTokenTest, EndsWithItsKeyAndByName) {
  const std::string first = token("maria", now_);
  const std::string second = token("maria", now_ + Milliseconds(1));
  const std::string other = token("otto", now_);
  for (const auto& each : {first, second, other}) EXPECT_EQ(score_with(each).status, 200);
  scorer_.config()["auth"]["signed_tokens"]["ended"] = {
      {{"principal", "maria"}, {"issued_until", format_rfc3339(now_)}}};
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(first).status, 401);  // although it was found good before
  EXPECT_EQ(score_with(second).status, 200);
  EXPECT_EQ(score_with(other).status, 200);
  // While the signing key is replaced both are taken; without the old one its tokens end.
  const auto key = *tokens::SigningKey::from_seed(random_hex(32));
  scorer_.config()["auth"]["signed_tokens"]["public_keys"] = {key.public_key(), signer_.public_key()};
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(second).status, 200);
  take(key);
  EXPECT_EQ(scorer_.reload().status, 200);
  for (const auto& each : {first, second, other}) EXPECT_EQ(score_with(each).status, 401);
  scorer_.config()["auth"].erase("signed_tokens");
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(score_with(first).status, 401);
  EXPECT_EQ(scorer_.score().status, 200);
}

TEST_F(SignedTokenTest, WhereTokensAloneAreTakenAKeyIsNot) {
  scorer_.config()["auth"]["mode"] = "aml_token";
  EXPECT_EQ(scorer_.reload().status, 200);
  EXPECT_EQ(scorer_.score().status, 401);
  EXPECT_EQ(score_with(token("maria", now_)).status, 200);
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
  EXPECT_EQ(member(*parse_json(inputs[0]), "data"),
            *parse_json(R"([{"city":"porto","temp":20.5,"wind":3.0,"wet":0}])"));
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
  for (const auto& line : lines) EXPECT_EQ(member(*parse_json(line), "shadow"), true);
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
  EXPECT_EQ(member(*parse_json(outputs[0]), "data"), *parse_json(R"([{"prediction":"row 1"},{"prediction":"row 2"}])"));
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
