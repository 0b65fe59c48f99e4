// What a pipeline does next, decided from how its steps stand: a pure function, so that every case is a line in a
// table.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "inner_loop/jobs/status.hpp"

namespace ciclo::inner_loop {

struct StepState {
  std::string node;
  JobStatus status = JobStatus::not_started;
  std::set<std::string> depends_on;  // nodes
};

struct PipelineState {
  JobStatus status = JobStatus::running;
  bool continue_on_step_failure = false;
  std::vector<StepState> steps;
};

struct PipelineDecision {
  std::vector<std::string> queue;   // nodes whose turn has come
  std::vector<std::string> cancel;  // nodes that are to stop, or not to start
  std::optional<JobStatus> end;     // completed, failed or canceled, once every step has ended
  std::string failed_node;          // whose failure ended it
};

// A step's turn comes when all it depends on has completed. When a step fails, or is cancelled by itself, what depends
// on it is cancelled, and without continue_on_step_failure everything else too.
PipelineDecision decide(const PipelineState& pipeline);

}  // namespace ciclo::inner_loop
