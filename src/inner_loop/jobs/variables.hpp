// The environment variables that a step's program sees.
//
// Thread safety: pure function.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/json.hpp"

namespace ciclo::inner_loop {

struct VariablesRequest {
  std::string workspace;
  std::string job;
  std::string root_job;  // the outermost pipeline's name, or the job's own
  std::string experiment_id;
  std::string experiment_name;
  std::string server_url;
  std::string token;  // empty: none
  std::filesystem::path programs;
  Json distribution;                          // of the job's spec
  std::map<std::string, std::string> base;    // of the environment
  std::map<std::string, std::string> own;     // the job's environment_variables
  std::map<std::string, std::string> inputs;  // paths by name
  std::map<std::string, std::string> outputs;
};

// What the job sets itself wins over the environment's, and Ciclo's (identity, tracking) over both.
std::map<std::string, std::string> step_variables(const VariablesRequest& request);

}  // namespace ciclo::inner_loop
