// Puts inputs and outputs into a step's command.
//
// As in Azure ML this is plain text substitution: the command is a shell script of the user's, and what stands in an
// input becomes part of it, quotes and all. Paths are made by Ciclo and hold no character that a shell reads.
//
// Thread safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::inner_loop {

struct CommandValues {
  std::map<std::string, std::optional<std::string>> inputs;  // text to put in; nothing for an unset optional input
  std::map<std::string, std::string> outputs;                // paths
  std::string job_name;
  std::string default_datastore;
};

// The command with every expression put in. Fails with invalid for what it does not have, naming the nearest.
Result<std::string> render_command(const std::string& command, const CommandValues& values);

// Checks a command when the values are not known yet: every ${{inputs.X}} and ${{outputs.X}} must be in the maps
// (their names count). `pointer` is where the command stands.
Result<void> check_command(const std::string& command, const Json& inputs, const Json& outputs,
                           const std::string& pointer);

}  // namespace ciclo::inner_loop
