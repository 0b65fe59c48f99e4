// Makes environments: a virtual environment for every conda file, once, kept in a folder named by its content.
//
// Without a conda file the environment is this machine as it is (container images are names for it).
//
// <root>/<hash>/           the virtual environment and requirements.txt
// <root>/<hash>/ready.json written last: without it the folder is the remains of a build that was cut off
// <root>/<hash>.log        what pip said
// <root>/host/bin/python   for machines that only have `python3`
//
// Builds run on threads of the builder; all who ask for the same one wait for the same build. A failed build is not
// kept: who asks next tries again. A build that a killed server left running is ended before the next one starts.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/process/process.hpp"

namespace ciclo::inner_loop {

struct BuiltEnvironment {
  std::string identity;          // two environments of one identity are the same; for the reuse of steps
  std::filesystem::path folder;  // of the virtual environment; empty for the machine itself
  std::map<std::string, std::string> variables;  // PATH and what the conda file sets
  std::vector<std::string> warnings;
};

class EnvironmentBuilder {
 public:
  struct Settings {
    std::filesystem::path root;  // created when missing
    // What builds and steps see of the server's own environment: PATH, HOME, proxies, pip's settings.
    std::map<std::string, std::string> variables;
    std::chrono::milliseconds build_timeout{30 * 60'000};
  };
  // `runner` must outlive the builder. Destroying it ends the running builds.
  EnvironmentBuilder(process::ProcessRunner& runner, Settings settings);
  ~EnvironmentBuilder();
  EnvironmentBuilder(const EnvironmentBuilder&) = delete;
  EnvironmentBuilder& operator=(const EnvironmentBuilder&) = delete;

  // The environment, made if need be; may take minutes. `spec` is an environment's: image, conda_file, properties.
  // Stopping gives up waiting (ErrorCode::conflict); the build itself goes on for those who come later.
  // A failed build is `invalid` when the conda file is to blame, `unavailable` when the index could not be reached;
  // the message names the cause and ends with the last lines of the log.
  Result<BuiltEnvironment> get(const Json& spec, const std::stop_token& stop);

  // The identity of get()'s answer, without making anything.
  Result<std::string> identity_of(const Json& spec) const;
  // Where the build of this spec writes what it does; empty for the machine itself.
  std::filesystem::path log_file(const Json& spec) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Variables of the server's environment that builds and steps may see, taken from this process.
std::map<std::string, std::string> inherited_variables();

}  // namespace ciclo::inner_loop
