// Waiting for the server to bring about what was asked for.
#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {

// Follows an answer's provisioning_state until it is Succeeded; the newest answer. An answer without one comes back at
// once. Fails with the cause and the last log lines that the server gives when it is Failed.
Result<Json> wait_until_provisioned(Context& context, const Json& answer);
Result<void> wait_until_gone(Context& context, const std::string& path);
// Points all traffic of a deployment's endpoint at it.
Result<void> give_all_traffic(Context& context, const Json& deployment);

// Follows a job's output on standard output until it ends, steps one after the other. Exit code 0 when it completed,
// else 1.
Result<int> stream_job(Context& context, const Json& job);

// The API path in an answer's `id`.
std::string path_of(const Json& answer);

}  // namespace ciclo::cli
