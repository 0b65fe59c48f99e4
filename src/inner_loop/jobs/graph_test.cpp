#include "inner_loop/jobs/graph.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "base/yaml.hpp"
#include "inner_loop/jobs/plan.hpp"

namespace ciclo::inner_loop {
namespace {

Json yaml(std::string_view text) {
  auto parsed = parse_yaml(text, "test.yml");
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? parsed->value : Json();
}

Result<Json> component(const std::string& reference) {
  if (reference == "azureml:prep:1" || reference == "azureml:prep@latest")
    return yaml(R"(
name: prep
version: 1
type: command
command: prep --in ${{inputs.raw}} --out ${{outputs.data}} $[[--rows ${{inputs.rows}}]]
environment: azureml:env:1
inputs:
  raw: {type: uri_folder}
  rows: {type: integer, optional: true, min: 1}
outputs:
  data: {type: uri_folder}
)");
  if (reference == "azureml:train:2")
    return yaml(R"(
name: train
version: "2"
command: train ${{inputs.data}} ${{inputs.rate}} ${{outputs.model}}
environment_variables: {A: component, B: component}
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.1}
outputs:
  model: {type: mlflow_model}
)");
  if (reference == "azureml:sweeper:1") return yaml("{name: sweeper, version: 1, type: sweep}");
  return fail(ErrorCode::not_found, "there is no component '" + reference + "'", "components/x");
}

constexpr const char* two_steps = R"(
type: pipeline
experiment_name: weather
settings: {default_compute: "azureml:cpu-cluster"}
inputs:
  raw: {type: uri_folder, path: "azureml:weather:1"}
  rate: {value: 0.5}
  type: 3
outputs:
  model: {mode: upload}
jobs:
  train:
    component: azureml:train:2
    inputs: {data: "${{ parent.jobs.prep.outputs.data }}", rate: "${{parent.inputs.rate}}"}
    outputs: {model: "${{parent.outputs.model}}"}
    environment_variables: {B: node}
  prep:
    component: azureml:prep@latest
    inputs: {raw: "${{parent.inputs.raw}}", rows: "${{parent.inputs.type}}"}
    outputs: {data: }
)";

JobGraph graph_of(std::string_view text) {
  auto graph = build_graph(yaml(text), component);
  EXPECT_TRUE(graph) << graph.error().text();
  return graph ? *std::move(graph) : JobGraph{};
}

TEST(Graph, OrdersStepsByWhatTheyNeed) {
  const JobGraph graph = graph_of(two_steps);
  ASSERT_EQ(graph.nodes.size(), 2U);
  EXPECT_EQ(graph.nodes[0].name, "prep");
  EXPECT_EQ(graph.nodes[0].component_reference, "azureml:prep:1") << "pinned";
  EXPECT_EQ(graph.nodes[1].name, "train");
  EXPECT_EQ(graph.nodes[1].depends_on, std::set<std::string>{"prep"});
  EXPECT_EQ(graph.settings.default_compute, "cpu-cluster");
  EXPECT_FALSE(graph.settings.continue_on_step_failure);
  EXPECT_FALSE(graph.settings.force_rerun);
}

TEST(Graph, SettingsMayBeQuoted) {
  const JobGraph graph = graph_of(
      "{type: pipeline, settings: {force_rerun: 'True', continue_on_step_failure: true}, jobs: {a: {command: ls}}}");
  EXPECT_TRUE(graph.settings.force_rerun);
  EXPECT_TRUE(graph.settings.continue_on_step_failure);
}

TEST(Graph, MistakesPointAtThePlaceAndHelp) {
  struct Case {
    const char* text;
    ErrorCode code;
    const char* target;
    const char* message;
    const char* hint;
  };
  const Case cases[] = {
      {"{type: pipeline}", ErrorCode::invalid, "/jobs", "at least one step", ""},
      {"{type: pipeline, jobs: {a: }}", ErrorCode::invalid, "/jobs/a", "must be a map", ""},
      {"{type: pipeline, jobs: {a: {}}}", ErrorCode::invalid, "/jobs/a", "needs a component or a command", ""},
      {"{type: pipeline, jobs: {a: {type: parallel}}}", ErrorCode::unsupported, "/jobs/a/type", "parallel",
       "command and pipeline are"},
      {"{type: pipeline, jobs: {a: {type: comand, command: ls}}}", ErrorCode::invalid, "/jobs/a/type", "no type of job",
       "did you mean 'command'?"},
      {"{type: pipeline, jobs: {a: {component: 'azureml:sweeper:1'}}}", ErrorCode::unsupported,
       "/jobs/a/component/type", "sweep", ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:nope:1'}}}", ErrorCode::not_found, "/jobs/a/component", "nope",
       ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1'}}}", ErrorCode::invalid, "/jobs/a/inputs",
       "required input 'raw'", ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: {path: x}, rwos: 1}}}}",
       ErrorCode::invalid, "/jobs/a/inputs/rwos", "no input 'rwos'", "did you mean 'rows'?"},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: {path: x}, rows: 0}}}}",
       ErrorCode::invalid, "/jobs/a/inputs/rows", "at least 1", ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: 5}}}}", ErrorCode::invalid,
       "/jobs/a/inputs/raw", "needs a path", ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: {path: x}}, outputs: {dat: }}}}",
       ErrorCode::invalid, "/jobs/a/outputs/dat", "no output 'dat'", "did you mean 'data'?"},
      {"{type: pipeline, inputs: {raw: {path: x}}, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: "
       "'${{parent.inputs.rwa}}'}}}}",
       ErrorCode::invalid, "/jobs/a/inputs/raw", "no pipeline input 'rwa'", "did you mean 'raw'?"},
      {"{type: pipeline, jobs: {a: {component: 'azureml:prep:1', inputs: {raw: '${{parent.jobs.trian.outputs.x}}'}}, "
       "train: "
       "{command: ls}}}",
       ErrorCode::invalid, "/jobs/a/inputs/raw", "no step 'trian'", "did you mean 'train'?"},
      {"{type: pipeline, jobs: {a: {command: ls, inputs: {raw: '${{parent.jobs.b.outputs.x}}'}}, b: {command: ls, "
       "outputs: {y: }}}}",
       ErrorCode::invalid, "/jobs/a/inputs/raw", "no output of step 'b' 'x'", "did you mean 'y'?"},
      {"{type: pipeline, jobs: {a: {command: ls, inputs: {raw: '${{parent.jobs.b'}}}}", ErrorCode::invalid,
       "/jobs/a/inputs/raw", "not closed", ""},
      {"{type: pipeline, jobs: {a: {command: ls, outputs: {o: '${{parent.outputs.m}}'}}}}", ErrorCode::invalid,
       "/jobs/a/outputs/o", "no pipeline output 'm'", ""},
      {"{type: pipeline, outputs: {m: }, jobs: {a: {command: ls, outputs: {o: '${{parent.outputs.m}}'}}, b: {command: "
       "ls, outputs: {o: '${{parent.outputs.m}}'}}}}",
       ErrorCode::invalid, "/jobs/b/outputs/o", "already written by step 'a'", ""},
      {"{type: pipeline, jobs: {a: {command: ls, inputs: {x: '${{inputs.y}}'}}}}", ErrorCode::invalid,
       "/jobs/a/inputs/x", "no meaning", ""},
      {"{type: pipeline, inputs: {r: many}, jobs: {a: {component: 'azureml:train:2', inputs: {data: {path: x}, rate: "
       "'${{parent.inputs.r}}'}}}}",
       ErrorCode::invalid, "/jobs/a/inputs/rate", "must be of type number", ""},
  };
  for (const Case& c : cases) {
    const auto graph = build_graph(yaml(c.text), component);
    ASSERT_FALSE(graph) << c.text;
    EXPECT_EQ(graph.error().code, c.code) << c.text << graph.error().text();
    EXPECT_EQ(graph.error().target, c.target) << c.text << graph.error().text();
    EXPECT_NE(graph.error().message.find(c.message), std::string::npos) << graph.error().text();
    EXPECT_NE(graph.error().hint.find(c.hint), std::string::npos) << graph.error().text();
  }
}

TEST(Graph, CyclesAreWrittenOut) {
  const auto graph = build_graph(yaml(R"(
type: pipeline
jobs:
  first: {command: ls, outputs: {o: }}
  a: {command: ls, inputs: {i: "${{parent.jobs.c.outputs.o}}", f: "${{parent.jobs.first.outputs.o}}"}, outputs: {o: }}
  b: {command: ls, inputs: {i: "${{parent.jobs.a.outputs.o}}"}, outputs: {o: }}
  c: {command: ls, inputs: {i: "${{parent.jobs.b.outputs.o}}"}, outputs: {o: }}
)"),
                                 component);
  ASSERT_FALSE(graph);
  EXPECT_NE(graph.error().message.find("wait for each other: "), std::string::npos);
  EXPECT_TRUE(graph.error().message.find("a → b → c → a") != std::string::npos ||
              graph.error().message.find("b → c → a → b") != std::string::npos ||
              graph.error().message.find("c → a → b → c") != std::string::npos)
      << graph.error().text();
  const auto self = build_graph(
      yaml("{type: pipeline, jobs: {a: {command: ls, inputs: {i: '${{parent.jobs.a.outputs.o}}'}, outputs: {o: }}}}"),
      component);
  ASSERT_FALSE(self);
  EXPECT_NE(self.error().message.find("a → a"), std::string::npos) << self.error().text();
}

PipelinePlan plan_of(std::string_view text) {
  const Json document = yaml(text);
  auto graph = build_graph(document, component);
  EXPECT_TRUE(graph) << graph.error().text();
  auto plan = plan_pipeline({*graph, document, "pipe", [](const std::string& node) { return "job-" + node; }});
  EXPECT_TRUE(plan) << plan.error().text();
  return plan ? *std::move(plan) : PipelinePlan{};
}

TEST(Plan, StepsStandAlone) {
  const PipelinePlan plan = plan_of(two_steps);
  ASSERT_EQ(plan.steps.size(), 2U);
  const Json& prep = plan.steps[0].document;
  EXPECT_EQ(prep["name"], "job-prep");
  EXPECT_EQ(prep["type"], "command");
  EXPECT_EQ(prep["display_name"], "prep");
  EXPECT_EQ(prep["compute"], "cpu-cluster");
  EXPECT_EQ(prep["environment"], "azureml:env:1");
  EXPECT_EQ(prep["component"], "azureml:prep:1");
  EXPECT_EQ(prep["experiment_name"], "weather");
  EXPECT_EQ(prep["inputs"]["raw"], yaml("{type: uri_folder, path: 'azureml:weather:1'}"));
  EXPECT_EQ(prep["inputs"]["rows"], yaml("{type: integer, value: 3}"));
  const Json& train = plan.steps[1].document;
  EXPECT_EQ(train["inputs"]["data"], yaml("{type: uri_folder, path: 'azureml://jobs/job-prep/outputs/data'}"));
  EXPECT_EQ(train["inputs"]["rate"], yaml("{type: number, value: 0.5}"));
  EXPECT_EQ(train["outputs"]["model"]["path"], "azureml://jobs/pipe/outputs/model");
  EXPECT_EQ(train["outputs"]["model"]["type"], "mlflow_model");
  EXPECT_EQ(train["environment_variables"], yaml("{A: component, B: node}"));
  EXPECT_EQ(plan.outputs["model"]["path"], "azureml://jobs/pipe/outputs/model");
  EXPECT_EQ(plan.outputs["model"]["type"], "mlflow_model");
}

TEST(Plan, ExpressionsInsideTextAreFilledIn) {
  const PipelinePlan plan = plan_of(R"(
type: pipeline
inputs: {tag: blue, folder: data}
outputs:
  o: {path: "azureml://datastores/${{default_datastore}}/paths/${{name}}/o", name: weather, version: 3}
jobs:
  a:
    command: ls
    inputs:
      label: run-${{parent.inputs.tag}}
      data: {path: "azureml://datastores/d/paths/${{parent.inputs.folder}}"}
      me: ${{name}}
      empty:
    outputs:
      o: ${{parent.outputs.o}}
      p: {path: "azureml://datastores/d/paths/${{name}}"}
)");
  const Json& step = plan.steps.at(0).document;
  EXPECT_EQ(step["inputs"]["label"]["value"], "run-blue");
  EXPECT_EQ(step["inputs"]["data"]["path"], "azureml://datastores/d/paths/data");
  EXPECT_EQ(step["inputs"]["me"]["value"], "job-a");
  EXPECT_TRUE(step["inputs"]["empty"].is_null());
  EXPECT_EQ(step["outputs"]["o"]["path"], "azureml://datastores/workspaceblobstore/paths/pipe/o");
  EXPECT_EQ(step["outputs"]["o"]["name"], "weather");
  EXPECT_EQ(step["outputs"]["o"]["version"], "3");
  EXPECT_EQ(step["outputs"]["p"]["path"], "azureml://datastores/d/paths/job-a");
}

TEST(Plan, OptionalInputsMayStayUnset) {
  const PipelinePlan plan = plan_of(R"(
type: pipeline
inputs: {raw: {path: x}, rows: , rate: }
jobs:
  prep: {component: "azureml:prep:1", inputs: {raw: "${{parent.inputs.raw}}", rows: "${{parent.inputs.rows}}"}}
  train:
    component: azureml:train:2
    inputs: {data: "${{parent.jobs.prep.outputs.data}}", rate: "${{parent.inputs.rate}}"}
)");
  EXPECT_TRUE(plan.steps[0].document["inputs"]["rows"].is_null());
  EXPECT_EQ(plan.steps[1].document["inputs"]["rate"]["value"], 0.1);

  const Json document = yaml(
      "{type: pipeline, inputs: {raw: }, jobs: {p: {component: 'azureml:prep:1', inputs: {raw: "
      "'${{parent.inputs.raw}}'}}}}");
  const auto graph = build_graph(document, component);
  ASSERT_TRUE(graph);
  const auto missing = plan_pipeline({*graph, document, "pipe", [](const std::string& n) { return n; }});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().target, "/inputs/raw");
}

TEST(Plan, NestedPipelinesBecomePipelineJobs) {
  const PipelinePlan plan = plan_of(R"(
type: pipeline
settings: {default_compute: local, force_rerun: true}
inputs: {raw: {path: x}}
jobs:
  inner:
    type: pipeline
    component:
      type: pipeline
      inputs: {folder: {type: uri_folder}}
      outputs: {data: {type: uri_folder}}
      jobs:
        prep:
          component: azureml:prep:1
          inputs: {raw: "${{parent.inputs.folder}}"}
          outputs: {data: "${{parent.outputs.data}}"}
    inputs: {folder: "${{parent.inputs.raw}}"}
  use:
    command: ls ${{inputs.d}}
    inputs: {d: "${{parent.jobs.inner.outputs.data}}"}
)");
  const Json& inner = plan.steps.at(0).document;
  EXPECT_EQ(inner["type"], "pipeline");
  EXPECT_EQ(inner["settings"]["force_rerun"], true);
  EXPECT_EQ(inner["inputs"]["folder"]["path"], "x");
  const auto inside = build_graph(inner, component);
  ASSERT_TRUE(inside) << inside.error().text();
  const auto inner_plan =
      plan_pipeline({*inside, inner, "job-inner", [](const std::string& n) { return "deep-" + n; }});
  ASSERT_TRUE(inner_plan) << inner_plan.error().text();
  EXPECT_EQ(inner_plan->steps[0].document["outputs"]["data"]["path"], "azureml://jobs/job-inner/outputs/data");
  EXPECT_EQ(plan.steps.at(1).document["inputs"]["d"]["path"], "azureml://jobs/job-inner/outputs/data");
}

TEST(Plan, ARootComponentTakesItsInputsAndMore) {
  const PipelinePlan plan = plan_of(R"(
type: pipeline
component:
  type: pipeline
  inputs: {folder: {type: uri_folder}, rows: {type: integer, default: 4}}
  jobs:
    prep: {component: "azureml:prep:1", inputs: {raw: "${{parent.inputs.folder}}", rows: "${{parent.inputs.rows}}"}}
inputs: {folder: {path: y}, undeclared: 5}
)");
  EXPECT_EQ(plan.steps.at(0).document["inputs"]["raw"]["path"], "y");
  EXPECT_EQ(plan.steps.at(0).document["inputs"]["rows"]["value"], 4);
}

}  // namespace
}  // namespace ciclo::inner_loop
