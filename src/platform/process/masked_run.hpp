// Runs a program that is handed secrets, between a process runner and the program: `ciclo run-step -- <program> …`.
//
// Standard input holds private pairs (base/private_pairs.hpp): a pair with a name is a variable of the program's
// environment, one without a name is a value that must not be shown. So neither stands in a file, on a command line, or
// in the environment of anything but the program itself. What the program writes to its standard output and error comes
// out of this one's standard output with the values masked (platform/log/mask.hpp), and so do the files below ./logs
// once it has ended. The exit code is the program's, or 128 + signal.
//
// Signals to the process group end the program; this one stays to write down what it said last.
//
// Thread safety: the whole of a process's main().
#pragma once

#include <string>
#include <vector>

namespace ciclo::process {

// `words`: what follows on the command line, program first after an optional "--". The process's exit code: 125 when
// the input cannot be used, 126 and 127 as a shell has them.
int run_masked(const std::vector<std::string>& words);

}  // namespace ciclo::process
