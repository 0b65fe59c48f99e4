#include "server/command.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <iostream>

#include "platform/process/private_memory.hpp"
#include "server/application.hpp"
#include "server/key_rotation.hpp"

namespace ciclo::server {
namespace {

// Signals that end the server are taken by sigwait in the main thread alone; every thread inherits the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that went away shows as a write error.
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int refuse(const Error& error, int code) {
  std::cerr << "ERROR: " << error.text() << "\n";
  return code;
}

}  // namespace

int run_server(const std::vector<std::string>& words) {
  process::keep_memory_private();
  KeyVariables variables = take_key_variables();
  if (!words.empty() && words.front() == "rotate-master-key")
    return rotate_master_key({words.begin() + 1, words.end()}, variables);
  if (std::ranges::any_of(words, [](const std::string& word) { return word == "--help" || word == "-h"; })) {
    std::cout << "ciclo server: Start the server.\n\nOptions:\n"
              << cli::help_of(server_options())
              << "\nThe master key may also be in the variable CICLO_MASTER_KEY.\n"
                 "ciclo server rotate-master-key changes it while the server does not run (--help tells more).\n";
    return 0;
  }
  const auto options = cli::parse_options(server_options(), words);
  if (!options) return refuse(options.error(), 2);
  const auto settings = read_settings(*options, variables);
  if (!settings) return refuse(settings.error(), 2);
  const sigset_t signals = block_signals();
  auto application = Application::start(*settings);
  if (!application) return refuse(application.error(), 1);
  const Folders& folders = (*application)->folders();
  std::cout << fmt::format("Ciclo is running at {}\n  data folder          {}\n  administrator token  {}\n",
                           (*application)->url(), folders.data.string(), folders.admin_token.string())
            << std::flush;
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) {
  }
  (*application)->logger().info("server", "stopping", {{"signal", signal}});
  (*application)->stop();
  return 0;
}

}  // namespace ciclo::server
