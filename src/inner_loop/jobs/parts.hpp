// What running jobs needs from the rest of the server, and where it keeps things.
//
// <folder>/<workspace>/<job>/
//   work/         the step's current folder: a copy of its code, with outputs/ and logs/ for its artifacts
//   inputs/       what could not be read in place
//   outputs/<o>   what the step writes
//   user_logs/    std_log.txt and environment.txt; kept
//   attempt-N.exit
//
// Thread safety: plain values of references.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "administration/identity/identity.hpp"
#include "administration/secrets/vault.hpp"
#include "base/clock.hpp"
#include "data_estate/locations.hpp"
#include "inner_loop/environments/builder.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/client.hpp"
#include "platform/log/log.hpp"
#include "platform/process/process.hpp"
#include "resources/service.hpp"

namespace ciclo::inner_loop {

// All must outlive what is built from them.
struct JobParts {
  resources::ResourceService& service;
  administration::IdentityService& identity;
  const data_estate::Locations& locations;
  blobs::BlobStore& blobs;
  process::ProcessRunner& runner;
  EnvironmentBuilder& environments;
  const Clock& clock;
  log::Logger& logger;
  const administration::Vault* vault = nullptr;  // without one, steps that use secrets fail
  http::Client* downloads = nullptr;             // for inputs at an http address; null: there are none

  sql::Database& database() const { return service.parts().database; }
};

struct JobSettings {
  std::filesystem::path folder;                    // <data>/jobs
  std::filesystem::path programs;                  // where ciclo and ciclo-learn are; at the end of every step's PATH
  std::function<std::string()> server_url;         // "http://127.0.0.1:8780": known once the server listens
  int parallel_steps = 0;                          // 0: as many as the machine has cores
  std::chrono::milliseconds cancel_grace{10'000};  // between SIGTERM and SIGKILL
};

struct JobFolder {
  std::filesystem::path root;

  JobFolder(const std::filesystem::path& jobs, const resources::ResourceKey& job)
      : root(jobs / job.workspace / job.name) {}
  std::filesystem::path work() const { return root / "work"; }
  std::filesystem::path inputs() const { return root / "inputs"; }
  std::filesystem::path outputs() const { return root / "outputs"; }
  std::filesystem::path logs() const { return root / "user_logs"; }
  std::filesystem::path log_file() const { return logs() / "std_log.txt"; }
  std::filesystem::path exit_file(std::int64_t attempt) const {
    return root / ("attempt-" + std::to_string(attempt) + ".exit");
  }
};

}  // namespace ciclo::inner_loop
