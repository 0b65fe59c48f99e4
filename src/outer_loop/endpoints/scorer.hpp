// The process that serves an endpoint: started, found again, asked how it is, told to read its file again, ended.
//
// Thread safety: safe from any thread for different endpoints.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "outer_loop/endpoints/folder.hpp"
#include "platform/http/client.hpp"
#include "platform/process/process.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

// How a running scorer is talked to; its fake is in the controller's test.
class ScorerControl {
 public:
  virtual ~ScorerControl() = default;
  // GET /-/status. unavailable while it does not listen yet.
  virtual Result<Json> status(std::uint16_t port, const std::string& control_token) = 0;
  // Tells the process with this id, which its status named, to read its file again.
  virtual Result<void> reload(pid_t process) = 0;
  // Hands over secrets for what is loaded next: private pairs as scoring/secret_values.hpp has them.
  virtual Result<void> give_secrets(std::uint16_t port, const std::string& control_token, const std::string& pairs) = 0;
};

class HttpScorerControl final : public ScorerControl {
 public:
  HttpScorerControl();
  Result<Json> status(std::uint16_t port, const std::string& control_token) override;
  Result<void> reload(pid_t process) override;
  Result<void> give_secrets(std::uint16_t port, const std::string& control_token, const std::string& pairs) override;

 private:
  http::Client client_;
};

class ScorerProcesses {
 public:
  struct Settings {
    std::filesystem::path program;  // ciclo-scorer
    std::map<std::string, std::string> environment;
  };
  // `runner` must outlive it.
  ScorerProcesses(process::ProcessRunner& runner, Settings settings)
      : runner_(runner), settings_(std::move(settings)) {}

  // The running one, by this or an earlier server.
  std::optional<process::ProcessHandle> find(const EndpointFolder& folder) const;
  // After what was left of the one before was ended. scorer.json must be there. `secrets`: as for give_secrets().
  Result<process::ProcessHandle> start(const EndpointFolder& folder, const std::string& secrets = {}) const;
  // Ends it, with what it started; requests under way get `grace`.
  void stop(const EndpointFolder& folder, std::chrono::milliseconds grace) const;
  // Calls `ended` once when the process has ended. One watch for each key; the newest counts.
  void watch(const resources::ResourceKey& key, const process::ProcessHandle& handle, std::function<void()> ended);
  void unwatch(const resources::ResourceKey& key);

 private:
  std::vector<process::ProcessHandle> known(const EndpointFolder& folder) const;

  struct Watch {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::jthread thread;
  };

  process::ProcessRunner& runner_;
  const Settings settings_;
  std::mutex mutex_;
  std::map<resources::ResourceKey, Watch> watches_;
};

// A port of this machine that nobody uses now. Somebody else may take it before the scorer does; then the start fails
// and another one is looked for.
Result<std::uint16_t> free_port();
bool is_port_free(std::uint16_t port);

// How long to wait before the next start after `failures` starts in a row that did not last: 0, 100 ms, 200 ms … 30 s.
std::chrono::milliseconds restart_pause(int failures);

}  // namespace ciclo::outer_loop
