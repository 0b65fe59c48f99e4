#include "inner_loop/jobs/status.hpp"

#include <array>
#include <utility>

namespace ciclo::inner_loop {
namespace {

constexpr std::array<std::pair<JobStatus, std::string_view>, 10> names{{
    {JobStatus::not_started, "NotStarted"},
    {JobStatus::queued, "Queued"},
    {JobStatus::starting, "Starting"},
    {JobStatus::preparing, "Preparing"},
    {JobStatus::running, "Running"},
    {JobStatus::finalizing, "Finalizing"},
    {JobStatus::cancel_requested, "CancelRequested"},
    {JobStatus::completed, "Completed"},
    {JobStatus::failed, "Failed"},
    {JobStatus::canceled, "Canceled"},
}};

}  // namespace

std::string_view name_of(JobStatus status) {
  for (const auto& [value, name] : names)
    if (value == status) return name;
  return "NotStarted";
}

std::optional<JobStatus> parse_job_status(std::string_view name) {
  for (const auto& [value, known] : names)
    if (known == name) return value;
  return std::nullopt;
}

JobStatus status_of(const Json& resource_status) {
  return parse_job_status(text_or(resource_status, "status")).value_or(JobStatus::not_started);
}

bool may_follow(JobStatus from, JobStatus to) {
  if (has_ended(from) || from == to) return false;
  if (from == JobStatus::cancel_requested) return has_ended(to);
  return true;
}

}  // namespace ciclo::inner_loop
