// What makes a step the same as one that ran before: code, command, environment, inputs, and the shape of its outputs.
// Two steps with one identity would do the same work, so the outputs of the first serve for the second.
//
// Thread safety: pure functions.
#pragma once

#include <map>
#include <string>

#include "base/json.hpp"

namespace ciclo::inner_loop {

struct StepContent {
  std::string command;                         // as written, with its expressions
  std::string code;                            // hash of the code folder; empty without one
  std::string environment;                     // hash of the environment's definition
  std::map<std::string, std::string> inputs;   // name → "literal:…" or "content:<hash of the bytes>"
  std::map<std::string, std::string> outputs;  // name → type
  std::map<std::string, std::string> environment_variables;
};

// SHA-256 in hexadecimal, over a form in which no two different contents look alike.
std::string identity_of(const StepContent& content);

}  // namespace ciclo::inner_loop
