// Reads a conda file as a list for pip: Ciclo makes virtual environments with the Python that is installed, not conda.
//
//   python=3.11        chooses among the installed interpreters
//   pip                is there anyway
//   numpy=1.26         becomes numpy==1.26.*; packages of another name on the index are renamed (pytorch → torch),
//                      packages that are no Python (cudatoolkit, gcc …) are skipped with a warning
//   pip: [ … ]         as it is
//
// Entries that name an address (git+https://…, https://…, x @ https://…) are skipped with a warning, unless the
// environment is strict: then they are installed as written, and what cannot be installed is an error.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::inner_loop {

struct CondaPlan {
  std::string python;                            // the version asked for ("3.11"); empty for any
  std::vector<std::string> requirements;         // lines of a requirements file, in order
  std::map<std::string, std::string> variables;  // for every step
  std::vector<std::string> warnings;             // one sentence for each thing that was not taken as written
  bool strict = false;
};

// `spec`: of an environment, with `conda_file` as an object. Errors carry a JSON pointer into the spec.
Result<CondaPlan> plan_conda(const Json& spec);

// True when the environment needs nothing but this machine: no conda_file, or one without any dependency.
bool is_host_environment(const Json& spec);

// "numpy=1.26" → "numpy==1.26.*"; empty when it is no Python package.
std::string pip_requirement_of(std::string_view conda_package);

}  // namespace ciclo::inner_loop
