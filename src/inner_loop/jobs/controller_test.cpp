// Jobs from their creation to their end, over a real database, real blobs and real processes.
#include "inner_loop/jobs/controller.hpp"

#include <gtest/gtest.h>

#include "inner_loop/jobs/testing.hpp"

namespace ciclo::inner_loop {
namespace {

using testing::contents;
using testing::JobServer;
using testing::yaml;

class Jobs : public ::testing::Test {
 protected:
  void restart() {
    server_.reset();
    server_ = std::make_unique<JobServer>(folder_.path());
  }
  std::string status(const resources::Resource& job) { return text_or(job.status, "status"); }
  std::string message(const resources::Resource& job) { return text_or(member(job.status, "error"), "message"); }
  tracking::Run run_of(const std::string& job) {
    auto run = server_->database->read([&](sql::Session& s) -> Result<tracking::Run> {
      CICLO_TRY(tracking::Run found, tracking::RunStore().get(s, {"dev", job}));
      std::vector<tracking::Run> all{found};
      CICLO_CHECK(tracking::RunStore().load_details(s, all));
      return all[0];
    });
    EXPECT_TRUE(run) << run.error().text();
    return run ? *run : tracking::Run{};
  }

  tracking::testing::TemporaryFolder folder_;
  std::unique_ptr<JobServer> server_ = std::make_unique<JobServer>(folder_.path());
};

TEST_F(Jobs, ACommandRunsWithItsInputsAndOutputs) {
  ASSERT_TRUE(server_->blobs->put("dev/datastores/workspaceblobstore/data/a.csv", "a\n1\n"));
  ASSERT_TRUE(server_->blobs->put("dev/datastores/workspaceblobstore/code/main.sh",
                                  "echo from code; echo art > outputs/note.txt\n"));
  server_->create("data",
                  yaml("{name: rows, type: uri_folder, path: 'azureml://datastores/workspaceblobstore/paths/data'}"));
  const std::string name = server_->create("job", yaml(R"(
command: >-
  sh main.sh && cat ${{inputs.rows}}/a.csv > ${{outputs.copy}}/b.csv && echo "${{inputs.text}} $[[${{inputs.unset}}]]" "$AZUREML_RUN_ID" $MY_VALUE > ${{outputs.line}}
code: azureml://datastores/workspaceblobstore/paths/code
environment: {image: any/image}
experiment_name: trials
environment_variables: {MY_VALUE: 7}
inputs:
  rows: {type: uri_folder, path: "azureml:rows@latest"}
  text: hello
  unset:
outputs:
  copy:
  line: {type: uri_file}
tags: {team: weather}
)"));
  const auto job = server_->wait_for_end(name);
  ASSERT_EQ(status(job), "Completed") << message(job) << server_->log(name);
  EXPECT_EQ(server_->log(name), "from code\n");
  EXPECT_EQ(server_->blob("dev/jobs/" + name + "/outputs/copy/b.csv"), "a\n1\n");
  EXPECT_EQ(server_->blob("dev/jobs/" + name + "/outputs/line"), "hello  " + name + " 7\n");
  EXPECT_EQ(text_or(at_pointer(job.status, "/outputs/copy"), "path"), "azureml://jobs/" + name + "/outputs/copy");
  const tracking::Run run = run_of(name);
  EXPECT_EQ(run.status, tracking::RunStatus::finished);
  EXPECT_TRUE(run.is_managed);
  EXPECT_EQ(tracking::find_tag(run.tags, "team"), "weather");
  const auto artifact = tracking::artifact_key("dev", run.artifact_uri, "outputs/note.txt");
  ASSERT_TRUE(artifact);
  EXPECT_EQ(server_->blob(*artifact), "art\n");
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "jobs" / "dev" / name / "work")) << "cleaned up";
}

TEST_F(Jobs, ASteppedThroughPipelineHandsOutputsOn) {
  server_->create("component", yaml(R"(
{name: double, version: 1, command: "n=$(cat ${{inputs.n}}/n); echo $((n * ${{inputs.by}})) > ${{outputs.n}}/n",
 inputs: {n: {type: uri_folder}, by: {type: integer, default: 2}}, outputs: {n: {type: uri_folder}}}
)"));
  const std::string name = server_->create("job", yaml(R"(
type: pipeline
inputs: {start: 5}
outputs: {result: }
jobs:
  last:
    component: azureml:double:1
    inputs: {n: "${{parent.jobs.middle.outputs.n}}", by: 10}
    outputs: {n: "${{parent.outputs.result}}"}
  first:
    command: echo ${{inputs.start}} > ${{outputs.n}}/n
    inputs: {start: "${{parent.inputs.start}}"}
    outputs: {n: }
  middle: {component: "azureml:double@latest", inputs: {n: "${{parent.jobs.first.outputs.n}}"}}
)"));
  const auto job = server_->wait_for_end(name);
  ASSERT_EQ(status(job), "Completed") << message(job);
  EXPECT_EQ(server_->blob("dev/jobs/" + name + "/outputs/result/n"), "100\n");
  const auto middle = server_->step(job, "middle");
  EXPECT_EQ(middle.owner, name);
  EXPECT_EQ(text_or(middle.spec, "display_name"), "middle");
  EXPECT_EQ(tracking::find_tag(run_of(middle.key.name).tags, tracking::parent_run_tag), name);
  const auto links = server_->database->read([&](sql::Session& s) {
    return server_->store.lineage(s, "/workspaces/dev/job/" + server_->step(job, "last").key.name,
                                  resources::ResourceStore::Direction::upstream);
  });
  ASSERT_TRUE(links);
  EXPECT_TRUE(std::ranges::any_of(
      *links, [&](const resources::Link& link) { return link.from == middle.key.path() && link.relation == "input"; }));
}

TEST_F(Jobs, AFailedStepStopsThePipelineAndSaysWhy) {
  const std::string name = server_->create("job", yaml(R"(
type: pipeline
jobs:
  bad: {command: "echo the cause >&2; exit 3", outputs: {o: }}
  after: {command: "ls ${{inputs.i}}", inputs: {i: "${{parent.jobs.bad.outputs.o}}"}}
  beside: {command: "sleep 30"}
)"));
  const auto job = server_->wait_for_end(name);
  EXPECT_EQ(status(job), "Failed");
  EXPECT_NE(message(job).find("step 'bad' failed: the command ended with code 3"), std::string::npos) << message(job);
  EXPECT_NE(message(job).find("the cause"), std::string::npos) << message(job);
  EXPECT_EQ(status(server_->step(job, "after")), "Canceled");
  EXPECT_EQ(status(server_->step(job, "beside")), "Canceled");
  EXPECT_EQ(run_of(name).status, tracking::RunStatus::failed);
  EXPECT_EQ(run_of(server_->step(job, "after").key.name).status, tracking::RunStatus::killed);
}

TEST_F(Jobs, AStepThatRanBeforeIsReused) {
  const Json document = yaml(R"(
type: pipeline
inputs: {word: tea}
outputs: {all: }
jobs:
  make: {command: "date +%s%N > ${{outputs.o}}/when; echo ${{inputs.w}} >> ${{outputs.o}}/when", inputs: {w: "${{parent.inputs.word}}"}, outputs: {o: }}
  take: {command: "cp ${{inputs.i}}/when ${{outputs.o}}/", inputs: {i: "${{parent.jobs.make.outputs.o}}"}, outputs: {o: "${{parent.outputs.all}}"}}
  always: {command: "date +%s%N > ${{outputs.o}}/when", is_deterministic: false, outputs: {o: }}
)");
  const auto first = server_->wait_for_end(server_->create("job", document));
  const auto second = server_->wait_for_end(server_->create("job", document));
  ASSERT_EQ(status(first), "Completed") << message(first);
  ASSERT_EQ(status(second), "Completed") << message(second);
  EXPECT_EQ(text_or(server_->step(second, "make").status, "reused_from"), server_->step(first, "make").key.name);
  EXPECT_EQ(text_or(server_->step(second, "take").status, "reused_from"), server_->step(first, "take").key.name);
  EXPECT_EQ(text_or(server_->step(second, "always").status, "reused_from"), "");
  EXPECT_EQ(server_->blob("dev/jobs/" + first.key.name + "/outputs/all/when"),
            server_->blob("dev/jobs/" + second.key.name + "/outputs/all/when"));

  Json other = document;
  other["inputs"]["word"] = "coffee";
  const auto third = server_->wait_for_end(server_->create("job", other));
  EXPECT_FALSE(server_->step(third, "make").status.contains("reused_from"));
  Json forced = document;
  forced["settings"] = {{"force_rerun", true}};
  const auto fourth = server_->wait_for_end(server_->create("job", forced));
  EXPECT_FALSE(server_->step(fourth, "make").status.contains("reused_from"));
}

TEST_F(Jobs, CancellingEndsTheProcess) {
  const std::string name = server_->create("job", yaml("{command: 'echo started; sleep 100'}"));
  server_->wait_for_status(name, JobStatus::running);
  const auto answer = server_->wire.post("/api/v1/workspaces/dev/jobs/" + name + "/cancel", Json::object());
  EXPECT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(text_or(answer.body, "status"), "CancelRequested");
  EXPECT_EQ(status(server_->wait_for_end(name)), "Canceled");
  EXPECT_EQ(run_of(name).status, tracking::RunStatus::killed);
  const auto again = server_->wire.post("/api/v1/workspaces/dev/jobs/" + name + "/cancel", Json::object());
  EXPECT_EQ(text_or(again.body, "status"), "Canceled") << "nothing changes";
}

TEST_F(Jobs, CancellingAPipelineCancelsItsSteps) {
  const std::string name = server_->create("job", yaml(R"(
type: pipeline
jobs:
  long: {command: "sleep 100", outputs: {o: }}
  after: {command: "ls ${{inputs.i}}", inputs: {i: "${{parent.jobs.long.outputs.o}}"}}
)"));
  const auto running = server_->wait_until(name, [&](const resources::Resource& now) {
    return now.status.contains("jobs") && status(server_->step(now, "long")) == "Running";
  });
  server_->wire.post("/api/v1/workspaces/dev/jobs/" + name + "/cancel", Json::object());
  EXPECT_EQ(status(server_->wait_for_end(name)), "Canceled");
  EXPECT_EQ(status(server_->step(running, "long")), "Canceled");
  EXPECT_EQ(status(server_->step(running, "after")), "Canceled");
}

TEST_F(Jobs, ATimeLimitEndsAStep) {
  const auto job =
      server_->wait_for_end(server_->create("job", yaml("{command: 'sleep 100', limits: {timeout: '0.2'}}")));
  EXPECT_EQ(status(job), "Failed");
  EXPECT_NE(message(job).find("longer than its limit of 0.2 s"), std::string::npos) << message(job);
}

TEST_F(Jobs, WaitForRoom) {
  // Two places; the compute takes one job at a time.
  server_->create("compute", yaml("{name: narrow, type: amlcompute, max_instances: '1'}"));
  const auto lock = (folder_.path() / "lock").string();
  const std::string command = "mkdir " + lock + " && sleep 0.1 && rmdir " + lock;
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i)
    names.push_back(server_->create("job", Json{{"command", command}, {"compute", "azureml:narrow"}}));
  for (const std::string& name : names)
    EXPECT_EQ(status(server_->wait_for_end(name)), "Completed") << server_->log(name);
}

TEST_F(Jobs, ARunningStepIsFoundAgainByTheNextServer) {
  const auto gate = folder_.path() / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const std::string name =
      server_->create("job", Json{{"command", "read line < " + gate.string() + "; echo $line > ${{outputs.o}}/x"},
                                  {"outputs", {{"o", nullptr}}}});
  server_->wait_for_status(name, JobStatus::running);
  restart();
  EXPECT_EQ(status(server_->job(name)), "Running");
  std::ofstream(gate) << "hello\n" << std::flush;
  const auto job = server_->wait_for_end(name);
  EXPECT_EQ(status(job), "Completed") << message(job);
  EXPECT_EQ(server_->blob("dev/jobs/" + name + "/outputs/o/x"), "hello\n");
  EXPECT_EQ(job.status["attempt"], 1) << "it did not run twice";
}

TEST_F(Jobs, APipelineGoesOnAfterARestart) {
  const auto gate = folder_.path() / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const std::string name = server_->create(
      "job",
      Json{{"type", "pipeline"},
           {"jobs",
            {{"one", {{"command", "cat " + gate.string() + " > ${{outputs.o}}/x"}, {"outputs", {{"o", nullptr}}}}},
             {"two", {{"command", "cat ${{inputs.i}}/x"}, {"inputs", {{"i", "${{parent.jobs.one.outputs.o}}"}}}}}}}});
  const auto running = server_->wait_until(name, [&](const resources::Resource& now) {
    return now.status.contains("jobs") && status(server_->step(now, "one")) == "Running";
  });
  restart();
  std::ofstream(gate) << "through\n" << std::flush;
  EXPECT_EQ(status(server_->wait_for_end(name)), "Completed");
  EXPECT_EQ(server_->log(server_->step(running, "two").key.name), "through\n");
}

// The process and its shim are gone without a trace, as after a restart of the machine.
TEST_F(Jobs, AVanishedStepRunsOnceAgain) {
  const auto gate = folder_.path() / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const std::string name = server_->create("job", Json{{"command", "echo try; read line < " + gate.string()}});
  server_->wait_for_status(name, JobStatus::running);
  const auto attempt =
      server_->database->read([&](sql::Session& s) { return JobStore().find_attempt(s, server_->job(name).key); });
  ASSERT_TRUE(attempt && *attempt && (*attempt)->handle);
  server_.reset();
  ::kill(-(*attempt)->handle->pid, SIGKILL);
  process::make_local_runner()->wait(*(*attempt)->handle, std::chrono::seconds(10));
  std::filesystem::remove((*attempt)->handle->exit_file);
  server_ = std::make_unique<JobServer>(folder_.path());
  std::ofstream(gate) << "go\n" << std::flush;
  const auto job = server_->wait_for_end(name);
  EXPECT_EQ(status(job), "Completed") << message(job);
  EXPECT_EQ(job.status["attempt"], 2);
}

TEST_F(Jobs, WrongJobsAreRefusedWithThePlace) {
  struct Case {
    const char* document;
    ErrorCode code;
    const char* target;
    const char* words;
  };
  const Case cases[] = {
      {"{command: 'x ${{inputs.nope}}'}", ErrorCode::invalid, "/command", "no input 'nope'"},
      {"{command: ls, comand: x}", ErrorCode::invalid, "/comand", "comand"},
      {"{command: ls, environment: 'azureml:nope:1'}", ErrorCode::not_found, "/environment", "nope"},
      {"{command: ls, environment: {conda_file: {dependencies: [3]}}}", ErrorCode::invalid,
       "/environment/conda_file/dependencies/0", ""},
      {"{command: ls, inputs: {d: {path: 'azureml:nope:1'}}}", ErrorCode::not_found, "/inputs/d/path", "nope"},
      {"{type: sweep, trial: {}}", ErrorCode::unsupported, "/type", "sweep"},
      {"{type: comand, command: ls}", ErrorCode::invalid, "/type", ""},
      {"{command: ls, distribution: {type: pytorch, process_count_per_instance: 2}}", ErrorCode::unsupported,
       "/distribution/process_count_per_instance", ""},
      {"{type: pipeline, jobs: {a: {component: 'azureml:nope:1'}}}", ErrorCode::not_found, "/jobs/a/component", "nope"},
      {"{type: pipeline, jobs: {a: {command: 'ls ${{inputs.q}}'}}}", ErrorCode::invalid, "/jobs/a/command", "'q'"},
      {"{type: pipeline, jobs: {a: {command: ls, inputs: {i: '${{parent.jobs.a.outputs.o}}'}, outputs: {o: }}}}",
       ErrorCode::invalid, "/jobs/a", "a → a"},
      {"{type: pipeline, jobs: {a: {type: parallel, task: {}}}}", ErrorCode::unsupported, "/jobs/a/type", "parallel"},
  };
  for (const Case& c : cases) {
    const auto made = server_->try_create("job", yaml(c.document));
    ASSERT_FALSE(made) << c.document;
    EXPECT_EQ(made.error().code, c.code) << c.document << made.error().text();
    EXPECT_EQ(made.error().target, c.target) << c.document << made.error().text();
    EXPECT_NE(made.error().message.find(c.words), std::string::npos) << made.error().text();
  }
  server_->create("job", yaml("{name: same, command: 'true'}"));
  EXPECT_EQ(server_->try_create("job", yaml("{name: same, command: 'true'}")).error().code, ErrorCode::already_exists);
}

TEST_F(Jobs, LogsAndOutputsOverHttp) {
  const std::string name = server_->create(
      "job",
      yaml("{command: 'printf 0123456789; mkdir ${{outputs.o}}/d; echo x > ${{outputs.o}}/d/f', outputs: {o: }}"));
  ASSERT_EQ(status(server_->wait_for_end(name)), "Completed");
  const std::string base = "/api/v1/workspaces/dev/jobs/" + name;
  EXPECT_EQ(at_pointer(server_->wire.get(base + "/logs").body, "/value/0/name"), "user_logs/std_log.txt");
  EXPECT_EQ(server_->wire.get(base + "/logs/user_logs/std_log.txt").text, "0123456789");
  EXPECT_EQ(server_->wire.get(base + "/logs/user_logs/std_log.txt?offset=7").text, "789");
  EXPECT_EQ(server_->wire.get(base + "/logs/user_logs/std_log.txt?offset=99").text, "");
  EXPECT_EQ(server_->wire.get(base + "/logs/user_logs/std_log.txt?offset=-1").status, 400);
  EXPECT_EQ(server_->wire.get(base + "/logs/user_logs/none.txt").status, 404);
  EXPECT_EQ(server_->wire.get(base + "/logs/..%2fattempt-1.exit").status, 404);
  EXPECT_EQ(server_->wire.get(base + "/stream").text, "0123456789--- command " + name + ": Completed\n");
  EXPECT_EQ(at_pointer(server_->wire.get(base + "/outputs/o/paths/?recursive=true").body, "/value/0/name"), "d/f");
  EXPECT_EQ(server_->wire.get(base + "/outputs/o/paths/d/f").text, "x\n");
  EXPECT_EQ(server_->wire.get("/api/v1/workspaces/dev/jobs/none/logs").status, 404);
}

TEST_F(Jobs, TheTokenOfAStepIsGoodWhileItRunsOnly) {
  const auto gate = folder_.path() / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const auto secret_file = folder_.path() / "secret";
  const std::string name =
      server_->create("job", Json{{"command", "printf %s \"$MLFLOW_TRACKING_TOKEN\" > " + secret_file.string() +
                                                  "; echo > " + gate.string() + "; cat " + gate.string()}});
  contents(gate);
  const std::string secret = contents(secret_file);
  const auto caller = server_->identity->authenticate(secret);
  ASSERT_TRUE(caller) << caller.error().text();
  EXPECT_EQ(caller->principal, "ana");
  EXPECT_EQ(caller->only_workspace, "dev");
  std::ofstream(gate) << "end\n" << std::flush;
  const auto job = server_->wait_for_end(name);
  EXPECT_EQ(status(job), "Completed");
  restart();
  EXPECT_FALSE(server_->identity->authenticate(secret));
  EXPECT_EQ(to_text(job.status).find(secret), std::string::npos);
}

TEST_F(Jobs, ANamedOutputBecomesAnAsset) {
  const std::string name = server_->create(
      "job", yaml("{command: 'echo 1 > ${{outputs.o}}/x', outputs: {o: {type: uri_folder, name: made, version: 4}}}"));
  const auto job = server_->wait_for_end(name);
  ASSERT_EQ(status(job), "Completed") << message(job);
  const auto asset = server_->service->get(
      JobServer::ana(), {.workspace = "dev", .kind = "data", .parent = "", .name = "made", .version = "4"});
  ASSERT_TRUE(asset) << asset.error().text();
  EXPECT_EQ(text_or(asset->spec, "path"), "azureml://jobs/" + name + "/outputs/o");
}

TEST_F(Jobs, AnOutputMayLieInADatastore) {
  const std::string name = server_->create("job", yaml(R"(
command: echo 1 > ${{outputs.o}}/x
outputs: {o: {path: "azureml://datastores/workspaceblobstore/paths/kept/${{name}}"}}
)"));
  const auto job = server_->wait_for_end(name);
  ASSERT_EQ(status(job), "Completed") << message(job);
  EXPECT_EQ(server_->blob("dev/datastores/workspaceblobstore/kept/" + name + "/x"), "1\n");
  EXPECT_EQ(server_->wire.get("/api/v1/workspaces/dev/jobs/" + name + "/outputs/o/paths/x").text, "1\n");
  const auto location =
      server_->locations->resolve({JobServer::ana(), "dev", "azureml://jobs/" + name + "/outputs/o/paths/x", "data"});
  ASSERT_TRUE(location) << location.error().text();
  EXPECT_EQ(location->key, "dev/datastores/workspaceblobstore/kept/" + name + "/x");
  const auto elsewhere = server_->wait_for_end(
      server_->create("job", yaml("{command: 'true', outputs: {o: {path: 'https://127.0.0.1/x'}}}")));
  EXPECT_EQ(status(elsewhere), "Failed");
}

TEST_F(Jobs, PipelinesInsidePipelines) {
  const std::string name = server_->create("job", yaml(R"(
type: pipeline
inputs: {word: deep}
outputs: {said: }
jobs:
  inner:
    type: pipeline
    component:
      type: pipeline
      inputs: {w: {type: string}}
      outputs: {o: {type: uri_folder}}
      jobs:
        say: {command: "echo ${{inputs.w}} > ${{outputs.o}}/x", inputs: {w: "${{parent.inputs.w}}"}, outputs: {o: "${{parent.outputs.o}}"}}
    inputs: {w: "${{parent.inputs.word}}"}
  use:
    command: cp ${{inputs.i}}/x ${{outputs.o}}
    inputs: {i: "${{parent.jobs.inner.outputs.o}}"}
    outputs: {o: "${{parent.outputs.said}}"}
)"));
  const auto job = server_->wait_for_end(name);
  ASSERT_EQ(status(job), "Completed") << message(job);
  EXPECT_EQ(server_->blob("dev/jobs/" + name + "/outputs/said/x"), "deep\n");
  EXPECT_NE(server_->wire.get("/api/v1/workspaces/dev/jobs/" + name + "/stream")
                .text.find("pipeline " + name + ": Completed"),
            std::string::npos);
}

}  // namespace
}  // namespace ciclo::inner_loop
