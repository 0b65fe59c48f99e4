// ciclo: `ciclo server …` is the control plane, which runs steps that use secrets by `ciclo run-step …`; everything
// else is the command line that talks to one.
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "kinds.hpp"
#include "platform/process/masked_run.hpp"
#include "server/command.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "server") return ciclo::server::run_server({words.begin() + 1, words.end()});
  if (!words.empty() && words.front() == "run-step")
    return ciclo::process::run_masked({words.begin() + 1, words.end()});
  ciclo::resources::KindTable kinds;
  if (const auto added = ciclo::add_kinds(kinds, {}); !added) {
    std::cerr << "ERROR: " << added.error().text() << "\n";
    return 1;
  }
  return ciclo::cli::run_command_line(kinds, words);
}
