// One command job from its turn to its end: inputs, environment, process, outputs. It can begin anywhere in that life,
// so a server that was killed goes on with what the one before it had started:
//
//   Queued      nothing of it exists
//   Preparing   an attempt is noted; its process may run already (ProcessRunner::find)
//   Running     its process runs, has left an exit code, or vanished: then it runs once again
//   Finalizing  its exit code is there; collecting outputs again does no harm
//
// Thread safety: run() on one thread; cancel() and give_up() from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "inner_loop/jobs/command_line.hpp"
#include "inner_loop/jobs/ledger.hpp"
#include "inner_loop/jobs/material.hpp"
#include "inner_loop/jobs/parts.hpp"
#include "inner_loop/jobs/store.hpp"
#include "inner_loop/jobs/variables.hpp"

namespace ciclo::inner_loop {

class StepRun {
 public:
  // `parts` and `settings` must outlive this.
  StepRun(const JobParts& parts, const JobSettings& settings, resources::ResourceKey key)
      : parts_(parts),
        settings_(settings),
        key_(std::move(key)),
        folder_(settings.folder, key_),
        ledger_(parts.service) {}

  // Returns when the job has ended, or after give_up(). An Error means that its state could not be written or read:
  // run() may be tried again later.
  Result<void> run();
  // Ends the process; the job will be Canceled.
  void cancel();
  // Lets run() return soon and leaves the process running, for the next server.
  void give_up() { stop_.request_stop(); }

 private:
  // What start() learns on its way and the end needs.
  struct Prepared {
    std::vector<FoundInput> inputs;
    std::vector<OutputPlace> outputs;
    BuiltEnvironment environment;
    std::string token;
    Json variables = Json::object();  // the job's, with references to secrets that name their version
    administration::UsedSecrets secrets;
    tracking::Run run;
  };

  Result<void> load();
  Result<void> run_again_or_fail(std::int64_t attempt);
  Result<void> start_and_follow(std::int64_t attempt);
  Result<void> follow(std::int64_t attempt, const process::ProcessHandle& handle);
  Result<void> finish(int code);
  Result<void> complete(const Json& patch);
  Result<void> end_failed(const Error& error);
  Result<void> end_canceled();
  Result<void> put_end(const std::function<Result<void>(sql::Session&)>& change);

  Result<void> claim(std::int64_t attempt, Prepared& prepared);
  administration::MintRequest token_request(const std::string& purpose) const;
  Result<void> find_material(Prepared& prepared);
  Result<std::string> identity_of_step(const Prepared& prepared, const Json& environment) const;
  Result<std::optional<std::string>> find_earlier(const std::string& identity) const;
  Result<bool> reuse(const Prepared& prepared);
  Result<process::ProcessSpec> make_process(std::int64_t attempt, Prepared& prepared);
  Result<void> make_environment(Prepared& prepared);
  bool uses_secrets() const;
  Result<void> pin_variables(Prepared& prepared) const;
  Result<void> open_secrets(Prepared& prepared) const;
  void hand_over_secrets(const Prepared& prepared, process::ProcessSpec& spec) const;
  Result<void> fill_work_folder() const;
  Result<std::map<std::string, std::string>> provide_inputs(const Prepared& prepared) const;
  CommandValues command_values(const Prepared& prepared, const std::map<std::string, std::string>& paths) const;
  VariablesRequest variables_request(const Prepared& prepared, const std::map<std::string, std::string>& inputs,
                                     const std::map<std::string, std::string>& outputs) const;
  Result<Json> environment_spec() const;
  Result<void> make_folders() const;
  Result<void> register_outputs_in(sql::Session& session, const std::vector<OutputPlace>& outputs) const;
  Result<void> collect_artifacts() const;
  bool has_something_to_collect() const;
  std::vector<resources::Link> links_of(const Prepared& prepared) const;
  std::optional<std::chrono::milliseconds> time_left() const;
  std::filesystem::path output_path(const std::string& name) const;
  bool may_reuse() const;
  void say(const std::string& line) const;
  std::string log_tail() const;
  void clean_up() const;

  const JobParts& parts_;
  const JobSettings& settings_;
  const resources::ResourceKey key_;
  const JobFolder folder_;
  const JobLedger ledger_;
  const JobStore store_{};
  std::stop_source stop_;
  std::atomic<bool> cancelled_ = false;

  // Of load().
  resources::Resource job_;
  resources::Resource parent_;  // with an empty name when it has none
  std::string root_job_;
  std::string identity_;  // of reuse(); empty until then
  std::optional<Material> material_;
};

}  // namespace ciclo::inner_loop
