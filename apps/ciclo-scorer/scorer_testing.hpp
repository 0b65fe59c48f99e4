// ciclo-scorer as a process, spoken to over HTTP, for its tests.
#pragma once

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

using testing::TemporaryFolder;

inline constexpr std::string_view sun_row = R"({"data":[["porto",20.5,3,0]]})";
// SHA-256 of "secret" and of "control".
inline constexpr std::string_view secret_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
inline constexpr std::string_view control_sha256 = "0fcd568a5cb9bdb4677b69354b11ee415af8f784519cff3da49a26f84eaee7f2";

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

}  // namespace ciclo::scoring
