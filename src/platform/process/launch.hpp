// Puts one program into the world, detached from this one. Internal to this module.
//
// Thread safety: safe from any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/error.hpp"
#include "platform/process/process.hpp"

namespace ciclo::process {

// Where the shim keeps its own line of /proc/<pid>/stat.
std::filesystem::path started_file(const std::filesystem::path& exit_file);

// Starts the shim for `spec` as a child of this process, leading a session and group of its own. Errors as
// ProcessRunner::start().
Result<pid_t> launch(const ProcessSpec& spec);

}  // namespace ciclo::process
