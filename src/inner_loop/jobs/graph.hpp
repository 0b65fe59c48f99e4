// A pipeline job as a graph: its steps with their components, what each is given, and which steps each waits for.
//
// A pure function of the pipeline's document and the components it names; every reference inside is checked here, so
// that a pipeline that was accepted cannot fail later for a wrong name. Errors carry the JSON pointer of the place.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/jobs/binding.hpp"

namespace ciclo::inner_loop {

// The document of a component that a reference names ("azureml:prep:1"), with `name` and `version` filled in.
using ComponentResolver = std::function<Result<Json>(const std::string& reference)>;

struct PipelineSettings {
  std::string default_compute;  // without "azureml:"
  std::string default_datastore;
  bool continue_on_step_failure = false;  // true: steps that do not need a failed one still run
  bool force_rerun = false;
};

struct Node {
  std::string name;
  Json document;   // the node as written
  Json component;  // what it runs: the resolved component, or the node itself for a step with a command of its own
  std::string component_reference;  // "azureml:prep:1"; empty for what was written in place
  bool is_pipeline = false;         // its component is a pipeline
  InputBindings inputs;
  OutputBindings outputs;
  std::set<std::string> depends_on;  // names of nodes
};

struct JobGraph {
  InputBindings inputs;  // the pipeline's own
  OutputBindings outputs;
  PipelineSettings settings;
  std::vector<Node> nodes;  // in an order in which they can run; otherwise as written
};

// `document`: a pipeline job, or a pipeline component with its inputs bound. A root `component` instead of `jobs` is
// taken from the resolver.
Result<JobGraph> build_graph(const Json& document, const ComponentResolver& resolve);

// What runs when `type` is missing is a command. Fails with unsupported, naming the type, for kinds of jobs that are
// not offered.
Result<void> check_job_type(const Json& document, const std::string& pointer);

// "azureml:cpu-cluster" → "cpu-cluster".
std::string plain_compute(const std::string& reference);

}  // namespace ciclo::inner_loop
