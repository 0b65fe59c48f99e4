#include "inner_loop/jobs/schedule.hpp"

#include <algorithm>
#include <map>

namespace ciclo::inner_loop {
namespace {

using StatusByNode = std::map<std::string, JobStatus>;

bool broke(JobStatus status) {
  return status == JobStatus::failed || status == JobStatus::canceled;
}

bool all_completed(const StepState& step, const StatusByNode& statuses) {
  return std::ranges::all_of(step.depends_on, [&](const std::string& node) {
    const auto found = statuses.find(node);
    return found != statuses.end() && found->second == JobStatus::completed;
  });
}

bool any_broke(const StepState& step, const StatusByNode& statuses) {
  return std::ranges::any_of(step.depends_on, [&](const std::string& node) {
    const auto found = statuses.find(node);
    return found != statuses.end() && broke(found->second);
  });
}

}  // namespace

PipelineDecision decide(const PipelineState& pipeline) {
  PipelineDecision decision;
  StatusByNode statuses;
  for (const StepState& step : pipeline.steps) statuses[step.node] = step.status;
  const StepState* failed = nullptr;
  const StepState* canceled = nullptr;
  bool all_ended = true;
  for (const StepState& step : pipeline.steps) {
    if (step.status == JobStatus::failed && failed == nullptr) failed = &step;
    // One that was cancelled because of another is not the cause.
    if (step.status == JobStatus::canceled && canceled == nullptr && !any_broke(step, statuses)) canceled = &step;
    all_ended = all_ended && has_ended(step.status);
  }
  const bool cancelling = pipeline.status == JobStatus::cancel_requested;
  const bool stopping =
      cancelling || (!pipeline.continue_on_step_failure && (failed != nullptr || canceled != nullptr));
  if (all_ended) {
    const bool any = failed != nullptr || canceled != nullptr;
    decision.end = cancelling ? JobStatus::canceled : any ? JobStatus::failed : JobStatus::completed;
    if (failed != nullptr || canceled != nullptr) decision.failed_node = (failed != nullptr ? failed : canceled)->node;
    return decision;
  }
  for (const StepState& step : pipeline.steps) {
    if (has_ended(step.status) || step.status == JobStatus::cancel_requested) continue;
    if (stopping || any_broke(step, statuses)) decision.cancel.push_back(step.node);
    else if (step.status == JobStatus::not_started && all_completed(step, statuses))
      decision.queue.push_back(step.node);
  }
  return decision;
}

}  // namespace ciclo::inner_loop
