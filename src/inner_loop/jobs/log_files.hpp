// The log files of a job, as its folder has them.
//
// A step's program may write into that folder, too: what is no plain file there — a link, a pipe — is no log.
//
// Thread safety: reads the disk, keeps nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/jobs/parts.hpp"

namespace ciclo::inner_loop {

struct LogFile {
  std::string name;  // "user_logs/std_log.txt"
  std::uint64_t size = 0;
};

std::vector<LogFile> list_logs(const JobFolder& folder);
// Up to `max` bytes from `offset` on; empty at the end. not_found for a file that is no log of the job.
Result<std::string> read_log(const JobFolder& folder, const std::string& name, std::uint64_t offset, std::size_t max);

// All of them; a folder that is not there has none. Fails with unavailable when one cannot be removed.
Result<void> remove_logs(const JobFolder& folder);

}  // namespace ciclo::inner_loop
