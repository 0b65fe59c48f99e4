// What a job's status may be, in the words of Azure ML, which users' scripts compare with.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace ciclo::inner_loop {

enum class JobStatus : std::uint8_t {
  not_started,  // a step whose turn has not come
  queued,       // may run when there is room
  starting,
  preparing,  // inputs, code and environment are made ready
  running,
  finalizing,  // outputs are collected
  cancel_requested,
  completed,
  failed,
  canceled,
};

std::string_view name_of(JobStatus status);  // "CancelRequested"
std::optional<JobStatus> parse_job_status(std::string_view name);
// Of a job resource's status; not_started when it says nothing.
JobStatus status_of(const Json& resource_status);

inline bool has_ended(JobStatus status) {
  return status >= JobStatus::completed;
}
// Nothing of it runs yet.
inline bool has_not_begun(JobStatus status) {
  return status <= JobStatus::queued;
}
// May a job go from one to the other? Ended jobs stay as they are, and a job to be cancelled only ends.
bool may_follow(JobStatus from, JobStatus to);

}  // namespace ciclo::inner_loop
