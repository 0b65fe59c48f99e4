// `ciclo server`: reads its options, runs the application until it is told to end.
#pragma once

#include <string>
#include <vector>

namespace ciclo::server {

// The process's exit code.
int run_server(const std::vector<std::string>& words);

}  // namespace ciclo::server
