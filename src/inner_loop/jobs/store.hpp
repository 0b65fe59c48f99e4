// The tables of jobs beside their resources: which process runs a step, and which step has done what work before.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/process/process.hpp"
#include "platform/sql/database.hpp"
#include "resources/resource.hpp"

namespace ciclo::inner_loop {

// A step's present attempt. It is written before anything starts, so that a process is always found again.
struct JobAttempt {
  std::int64_t number = 1;
  std::optional<process::ProcessHandle> handle;  // nothing until the process is known to run
};

class JobStore {
 public:
  Result<std::optional<JobAttempt>> find_attempt(sql::Session& session, const resources::ResourceKey& job) const;
  Result<void> put_attempt(sql::Session& session, const resources::ResourceKey& job, const JobAttempt& attempt) const;
  Result<void> remove_attempt(sql::Session& session, const resources::ResourceKey& job) const;

  // The last job of the workspace that completed a step of this identity.
  Result<std::optional<std::string>> find_identity(sql::Session& session, const std::string& workspace,
                                                   const std::string& identity) const;
  Result<void> put_identity(sql::Session& session, const resources::ResourceKey& job, const std::string& identity,
                            TimePoint now) const;
};

std::vector<sql::Migration> job_migrations();

}  // namespace ciclo::inner_loop
