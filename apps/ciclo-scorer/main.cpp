// ciclo-scorer: the data plane. One process serves one endpoint with all its deployments, from one configuration file
// (docs/formats/scorer-config.md), and needs nothing else while it runs.
//
// SIGHUP reads the file again; SIGTERM and SIGINT finish what is running and end. Exit codes: 0 after a signal, 1 when
// serving failed to start, 2 for wrong arguments or a configuration that cannot be used.
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>

#include "base/clock.hpp"
#include "base/private_pairs.hpp"
#include "base/wipe.hpp"
#include "platform/http/server.hpp"
#include "platform/process/private_memory.hpp"
#include "scoring/endpoint.hpp"
#include "scoring/guard.hpp"
#include "scoring/handlers.hpp"

namespace {

using ciclo::Error;
using ciclo::Result;

constexpr std::string_view usage =
    "usage: ciclo-scorer --config <file> [--check] [--secrets]\n"
    "  --config <file>   what to serve, as JSON\n"
    "  --check           read and check the file, load nothing, and end\n"
    "  --secrets         take the values of secrets from standard input\n";

void say(std::string_view level, std::string_view text) {
  const ciclo::SystemClock clock;
  fmt::print(stderr, "{} {} {}\n", ciclo::format_rfc3339(clock.now()), level, text);
}

struct Arguments {
  std::filesystem::path config;
  bool check = false;
  bool secrets = false;
  bool is_valid = false;
};

Arguments parse_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument(values[i]);
    if (argument == "--config" && i + 1 < count) {
      arguments.config = values[++i];
    } else if (argument == "--check") {
      arguments.check = true;
    } else if (argument == "--secrets") {
      arguments.secrets = true;
    } else {
      return arguments;
    }
  }
  arguments.is_valid = !arguments.config.empty();
  return arguments;
}

// All threads inherit this, so that signals reach only sigwait() below.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Written beside and renamed: a supervisor reads it whole or not at all.
Result<void> write_port_file(const std::filesystem::path& file, std::uint16_t port) {
  if (file.empty()) return {};
  const auto temporary = file.string() + ".new";
  std::ofstream out(temporary);
  out << ciclo::to_text(ciclo::Json{{"port", port}, {"pid", ::getpid()}}) << '\n';
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(temporary, file, failed);
  if (!out || failed) return ciclo::fail(ciclo::ErrorCode::internal, "cannot write the port file", file.string());
  return {};
}

class Program {
 public:
  Program(std::filesystem::path config, ciclo::scoring::ScorerSettings settings)
      : config_(std::move(config)), settings_(std::move(settings)), guard_(endpoint_) {}

  // All of standard input.
  Result<void> take_secrets() {
    ciclo::WipedText bytes;
    bytes.get().resize(ciclo::max_private_pairs_bytes + 1);
    std::size_t size = 0;
    while (size < bytes.get().size()) {
      const ssize_t got = ::read(STDIN_FILENO, bytes.get().data() + size, bytes.get().size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
    }
    return endpoint_.secrets().take(std::string_view(bytes.get()).substr(0, size));
  }

  int run(const sigset_t& signals) {
    if (auto started = start(); !started) {
      say("error", started.error().text());
      return 1;
    }
    while (true) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) continue;
      if (signal != SIGHUP) break;
      std::ignore = reload();
    }
    say("info", "stopping");
    server_->stop(std::chrono::seconds(10));
    return 0;
  }

 private:
  Result<void> start() {
    // A model that cannot be loaded is no reason to end: the supervisor reads in /-/status what is wrong, and mends it
    // by a new configuration.
    const auto address = settings_.address;
    if (auto applied = endpoint_.apply(settings_); !applied) say("error", applied.error().text());
    const auto parts = std::make_shared<ciclo::scoring::HandlerParts>(
        ciclo::scoring::HandlerParts{endpoint_, shadow_, [this] { return reload(); }});
    CICLO_CHECK(ciclo::scoring::add_routes(router_, parts, settings_.max_body_bytes));
    ciclo::http::ServerSettings http;
    http.address = address;
    http.port = settings_.port;
    http.io_threads = settings_.io_threads;
    http.worker_threads = settings_.worker_threads;
    if (!settings_.certificate_file.empty()) http.tls = {settings_.certificate_file, settings_.key_file};
    server_.emplace(router_, &guard_, http);
    CICLO_CHECK(server_->start());
    CICLO_CHECK(write_port_file(settings_.port_file, server_->port()));
    say("info", fmt::format("endpoint {} serves at {}:{}", settings_.endpoint, address, server_->port()));
    return {};
  }

  Result<void> reload() {
    const std::lock_guard lock(reload_mutex_);
    auto settings = ciclo::scoring::read_settings(config_);
    if (!settings) {
      endpoint_.note_failure(settings.error());
      say("error", "the old configuration stays: " + settings.error().text());
      return std::unexpected(std::move(settings).error());
    }
    if (settings->port != settings_.port || settings->address != settings_.address) {
      say("warning", "address and port change only with a restart");
    }
    auto applied = endpoint_.apply(*std::move(settings));
    say(applied ? "info" : "error", applied ? fmt::format("generation {} is served", endpoint_.snapshot()->generation)
                                            : "the old configuration stays: " + applied.error().text());
    return applied;
  }

  const std::filesystem::path config_;
  const ciclo::scoring::ScorerSettings settings_;  // as started; the endpoint has the current ones
  const ciclo::SystemClock clock_;
  ciclo::scoring::OnnxRuntime runtime_;
  ciclo::scoring::Endpoint endpoint_{runtime_, clock_};
  ciclo::scoring::ShadowRunner shadow_;
  ciclo::scoring::ScorerGuard guard_;
  ciclo::http::Router router_;
  std::mutex reload_mutex_;
  std::optional<ciclo::http::Server> server_;
};

}  // namespace

int main(int count, char** values) {
  const auto arguments = parse_arguments(count, values);
  if (!arguments.is_valid) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  ciclo::process::keep_memory_private();
  const auto signals = block_signals();
  auto settings = ciclo::scoring::read_settings(arguments.config);
  if (!settings) {
    say("error", settings.error().text());
    return 2;
  }
  if (arguments.check) return 0;
  if (!settings->log_file.empty() && !std::freopen(settings->log_file.c_str(), "a", stderr)) {
    fmt::print("cannot write the log file {}\n", settings->log_file.string());
    return 2;
  }
  Program program(arguments.config, *std::move(settings));
  if (arguments.secrets) {
    if (const auto taken = program.take_secrets(); !taken) {
      say("error", taken.error().text());
      return 2;
    }
  }
  return program.run(signals);
}
