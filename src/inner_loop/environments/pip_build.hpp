// One build of one virtual environment: venv, then pip, with entries that the index does not have dropped when the
// environment is not strict. Internal to this module.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/environments/conda_file.hpp"
#include "inner_loop/environments/interpreters.hpp"
#include "platform/process/process.hpp"

namespace ciclo::inner_loop {

struct PipBuildRequest {
  std::filesystem::path folder;    // of the environment; removed first
  std::filesystem::path log_file;  // begun anew
  CondaPlan plan;
  Interpreter python;
  std::map<std::string, std::string> variables;
  std::chrono::milliseconds timeout{};
};

// The warnings of a build that succeeded: what was not installed.
Result<std::vector<std::string>> build_with_pip(process::ProcessRunner& runner, const PipBuildRequest& request,
                                                const std::stop_token& stop);

// Ends the processes of a build that an earlier server left behind in `folder`.
void end_leftover_build(process::ProcessRunner& runner, const std::filesystem::path& folder);

// What pip's output says went wrong.
struct PipFailure {
  enum class Kind : std::uint8_t { no_such_package, conflict, unreachable, other } kind = Kind::other;
  std::string requirement;  // for no_such_package
};
PipFailure diagnose_pip(std::string_view output);

// The last `count` lines that are not empty.
std::string last_lines(std::string_view text, std::size_t count);

}  // namespace ciclo::inner_loop
