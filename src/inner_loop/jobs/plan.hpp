// From a pipeline's graph to the jobs that run its steps. Each step becomes a job document that stands alone: its
// command, environment and code are there, and its inputs are values or paths; where it takes another step's output,
// the path is that step's job ("azureml://jobs/<job>/outputs/<output>").
//
// Thread safety: plain values and pure functions.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/jobs/graph.hpp"

namespace ciclo::inner_loop {

struct StepPlan {
  std::string node;
  std::string job_name;
  Json document;                     // of kind job; type command or pipeline
  std::set<std::string> depends_on;  // names of nodes
};

struct PipelinePlan {
  std::vector<StepPlan> steps;  // in the graph's order
  Json outputs;                 // name → {type, path}: where the pipeline's own outputs will be
};

struct PlanRequest {
  const JobGraph& graph;
  const Json& document;  // the pipeline job's
  std::string job_name;  // the pipeline job's
  std::function<std::string(const std::string& node)> name_step;
};

// Fails with invalid when a step needs an input of the pipeline that has no value.
Result<PipelinePlan> plan_pipeline(const PlanRequest& request);

// "azureml://jobs/<job>/outputs/<output>"
std::string job_output_uri(const std::string& job, const std::string& output);

}  // namespace ciclo::inner_loop
