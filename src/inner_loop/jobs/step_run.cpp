#include "inner_loop/jobs/step_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "administration/access/persona.hpp"
#include "base/text.hpp"
#include "inner_loop/jobs/command_line.hpp"
#include "inner_loop/jobs/submitter.hpp"
#include "inner_loop/jobs/variables.hpp"

namespace ciclo::inner_loop {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// A process that vanished without a trace (the machine restarted) is started again once.
constexpr std::int64_t most_attempts = 2;

resources::ResourceKey job_key(const std::string& workspace, const std::string& name) {
  return {.workspace = workspace, .kind = "job", .parent = {}, .name = name, .version = {}};
}

}  // namespace

void StepRun::cancel() {
  cancelled_ = true;
  stop_.request_stop();
}

Result<void> StepRun::load() {
  return parts_.database().read([&](sql::Session& session) -> Result<void> {
    const resources::ResourceStore& store = parts_.service.parts().store;
    CICLO_TRY(job_, store.get(session, key_));
    parent_ = {};
    root_job_ = key_.name;
    std::string owner = job_.owner;
    for (int depth = 0; !owner.empty() && depth < 16; ++depth) {
      CICLO_TRY(const resources::Resource above, store.get(session, job_key(key_.workspace, owner)));
      if (depth == 0) parent_ = above;
      root_job_ = above.key.name;
      owner = above.owner;
    }
    return {};
  });
}

Result<void> StepRun::run() {
  CICLO_CHECK(load());
  const JobStatus status = status_of(job_.status);
  if (has_ended(status)) return {};
  const resources::Caller caller = submitter_of(job_);
  material_.emplace(parts_, caller, key_.workspace);
  if (status == JobStatus::cancel_requested) cancelled_ = true;
  CICLO_TRY(auto attempt, parts_.database().read([&](sql::Session& s) { return store_.find_attempt(s, key_); }));
  if (attempt && !attempt->handle) attempt->handle = parts_.runner.find(folder_.exit_file(attempt->number));
  if (attempt && attempt->handle) return follow(attempt->number, *attempt->handle);
  if (cancelled_) return end_canceled();
  return start_and_follow(attempt ? attempt->number : 1);
}

Result<void> StepRun::start_and_follow(std::int64_t attempt) {
  Prepared prepared;
  const auto prepare = [&]() -> Result<std::optional<process::ProcessHandle>> {
    CICLO_CHECK(make_folders());
    CICLO_CHECK(find_material(prepared));
    CICLO_CHECK(pin_variables(prepared));
    CICLO_TRY(const bool reused, reuse(prepared));
    if (reused) return std::nullopt;
    CICLO_TRY(process::ProcessSpec spec, make_process(attempt, prepared));
    auto handle = parts_.runner.start(spec);
    wipe(spec.input);
    if (!handle) return Failure(std::move(handle).error());
    return *std::move(handle);
  };
  auto places = material_->output_places(job_);
  if (!places) return end_failed(places.error());
  prepared.outputs = *std::move(places);
  CICLO_CHECK(claim(attempt, prepared));
  const auto handle = prepare();
  if (!handle) {
    if (stop_.stop_requested()) return cancelled_ ? end_canceled() : Result<void>();
    return end_failed(handle.error());
  }
  if (!*handle) return {};
  Json patch = Json::object();
  if (!prepared.environment.warnings.empty()) patch["warnings"] = prepared.environment.warnings;
  if (!prepared.secrets.names.empty()) patch["secrets"] = prepared.secrets.names;
  CICLO_CHECK(parts_.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(ledger_.move_in(session, key_, {JobStatus::running, patch, links_of(prepared)}));
    return store_.put_attempt(session, key_, {attempt, **handle});
  }));
  return follow(attempt, **handle);
}

// One durable step: the job is ours, its outputs have their places, its token is good, and the attempt is noted.
Result<void> StepRun::claim(std::int64_t attempt, Prepared& prepared) {
  Json outputs = Json::object();
  for (const OutputPlace& place : prepared.outputs) {
    outputs[place.name] = place.binding.to_json();
    outputs[place.name]["path"] = place.uri;
  }
  const std::string purpose = fmt::format("job {}/{}", key_.workspace, key_.name);
  return parts_.database().write([&](sql::Session& session) -> Result<void> {
    const Json patch{{"outputs", outputs}, {"attempt", attempt}};
    CICLO_TRY(const auto moved, ledger_.move_in(session, key_, {JobStatus::preparing, patch, {}}));
    if (!moved) CICLO_CHECK(ledger_.note_in(session, key_, patch));
    CICLO_CHECK(store_.put_attempt(session, key_, {attempt, std::nullopt}));
    CICLO_CHECK(parts_.identity.revoke_purpose_in(session, purpose));
    if (!submitter_of(job_).is_system()) {
      CICLO_TRY(auto minted, parts_.identity.mint_in(session, token_request(purpose)));
      prepared.token = std::move(minted.secret);
    }
    CICLO_TRY(prepared.run, tracking::RunStore().get(session, {key_.workspace, key_.name}));
    return {};
  });
}

// The step acts as who sent the job, or as the workspace's identity; then, too, only as far as who sent it may.
administration::MintRequest StepRun::token_request(const std::string& purpose) const {
  const resources::Caller submitter = submitter_of(job_);
  administration::MintRequest request{
      .principal = submitter.principal, .purpose = purpose, .only_workspace = key_.workspace};
  request.on_behalf_of = submitter.on_behalf_of;
  request.only_actions = submitter.only_actions;
  const std::string type = text_or(member(job_.spec, "identity"), "type");
  if (type != "managed" && type != "managed_identity") return request;
  request.principal = administration::workspace_identity(key_.workspace);
  request.on_behalf_of = submitter.accountable();
  return request;
}

Result<void> StepRun::find_material(Prepared& prepared) {
  CICLO_TRY(const InputBindings inputs, read_inputs(member(job_.spec, "inputs"), "/inputs"));
  for (const auto& [name, binding] : inputs) {
    FoundInput found{name, binding, {}};
    if (binding.source == InputBinding::Source::data) {
      auto location = material_->locate(binding.path, binding.type);
      if (!location) {
        location.error().target = "/inputs/" + escape_pointer_token(name);
        return std::unexpected(std::move(location).error());
      }
      found.location = *std::move(location);
    }
    prepared.inputs.push_back(std::move(found));
  }
  return {};
}

Result<Json> StepRun::environment_spec() const {
  const Json& given = member(job_.spec, "environment");
  if (!given.is_string()) return given;
  const resources::Caller caller = submitter_of(job_);
  CICLO_TRY(const resources::Resource found,
            parts_.service.resolve(caller, "environment", key_.workspace, given.get<std::string>()));
  return found.spec;
}

Result<process::ProcessSpec> StepRun::make_process(std::int64_t attempt, Prepared& prepared) {
  CICLO_CHECK(make_environment(prepared));
  CICLO_CHECK(fill_work_folder());
  CICLO_TRY(const auto paths, provide_inputs(prepared));
  CICLO_CHECK(open_secrets(prepared));
  const CommandValues values = command_values(prepared, paths);
  auto command = render_command(text_or(job_.spec, "command"), values);
  if (!command) return std::unexpected(command.error().add_context("the command"));

  process::ProcessSpec spec;
  spec.arguments = {fs::exists("/bin/bash") ? "/bin/bash" : "/bin/sh", "-c", *command};
  spec.environment = step_variables(variables_request(prepared, paths, values.outputs));
  spec.working_folder = folder_.work();
  spec.stdout_file = folder_.log_file();
  spec.stderr_file = folder_.log_file();
  spec.exit_file = folder_.exit_file(attempt);
  hand_over_secrets(prepared, spec);
  return spec;
}

Result<void> StepRun::make_environment(Prepared& prepared) {
  CICLO_TRY(const Json environment, environment_spec());
  if (const auto log = parts_.environments.log_file(environment); !log.empty()) {
    std::error_code ignored;
    fs::create_symlink(log, folder_.logs() / "environment.txt", ignored);
    say("Preparing the environment (its log is environment.txt) …");
  }
  auto built = parts_.environments.get(environment, stop_.get_token());
  if (!built) return std::unexpected(built.error().add_context("the environment could not be made"));
  prepared.environment = *std::move(built);
  for (const std::string& warning : prepared.environment.warnings) say("Warning: " + warning);
  return {};
}

Result<void> StepRun::fill_work_folder() const {
  if (const std::string code = text_or(job_.spec, "code"); !code.empty()) {
    CICLO_TRY(const data_estate::Location location, material_->locate(code, ValueType::uri_folder));
    CICLO_CHECK(material_->copy_out(location.key, folder_.work()));
  }
  std::error_code error;
  for (const char* name : {"outputs", "logs"}) fs::create_directories(folder_.work() / name, error);
  for (const auto& [name, output] : member(job_.spec, "outputs").items()) {
    const fs::path path = output_path(name);
    fs::create_directories(text_or(output, "type") == "uri_file" ? path.parent_path() : path, error);
  }
  return {};
}

CommandValues StepRun::command_values(const Prepared& prepared, const std::map<std::string, std::string>& paths) const {
  CommandValues values;
  values.job_name = key_.name;
  values.default_datastore = data_estate::default_datastore;
  for (const FoundInput& input : prepared.inputs) {
    std::optional<std::string>& value = values.inputs[input.name];
    if (input.binding.source == InputBinding::Source::literal) value = literal_text(input.binding.literal);
    if (input.binding.source == InputBinding::Source::data) value = paths.at(input.name);
  }
  for (const auto& [name, output] : member(job_.spec, "outputs").items())
    values.outputs[name] = output_path(name).string();
  return values;
}

VariablesRequest StepRun::variables_request(const Prepared& prepared, const std::map<std::string, std::string>& inputs,
                                            const std::map<std::string, std::string>& outputs) const {
  VariablesRequest variables;
  variables.workspace = key_.workspace;
  variables.job = key_.name;
  variables.root_job = root_job_;
  variables.experiment_id = std::to_string(prepared.run.experiment_id);
  variables.experiment_name = text_or(job_.spec, "experiment_name");
  variables.server_url = settings_.server_url ? settings_.server_url() : "";
  variables.token = prepared.token;
  variables.programs = settings_.programs;
  variables.distribution = member(job_.spec, "distribution");
  variables.base = prepared.environment.variables;
  for (const auto& [name, value] : member(job_.spec, "environment_variables").items())
    variables.own[name] = literal_text(value);
  variables.inputs = inputs;
  variables.outputs = outputs;
  return variables;
}

Result<std::map<std::string, std::string>> StepRun::provide_inputs(const Prepared& prepared) const {
  std::map<std::string, std::string> paths;
  for (const FoundInput& input : prepared.inputs) {
    if (input.binding.source != InputBinding::Source::data) continue;
    CICLO_TRY(const fs::path path, material_->provide(input, folder_.inputs(), stop_.get_token()));
    paths[input.name] = path.string();
  }
  return paths;
}

Result<void> StepRun::follow(std::int64_t attempt, const process::ProcessHandle& handle) {
  if (status_of(job_.status) == JobStatus::preparing && !cancelled_) {
    // Started by a server that did not live to tell.
    CICLO_CHECK(parts_.database().write([&](sql::Session& session) -> Result<void> {
      CICLO_CHECK(ledger_.move_in(session, key_, {JobStatus::running, Json::object(), {}}));
      return store_.put_attempt(session, key_, {attempt, handle});
    }));
  }
  CICLO_CHECK(load());
  if (status_of(job_.status) == JobStatus::cancel_requested) cancelled_ = true;
  const auto left = time_left();
  const bool ended =
      cancelled_ ? false
                 : parts_.runner.wait_or_stop(handle, left.value_or(std::chrono::hours(24 * 3650)), stop_.get_token());
  if (!ended && stop_.stop_requested() && !cancelled_) return {};
  if (!ended) {
    parts_.runner.terminate(handle, settings_.cancel_grace);
    if (cancelled_) return end_canceled();
    return end_failed({ErrorCode::timeout,
                       fmt::format("the step ran longer than its limit of {} s",
                                   literal_text(at_pointer(job_.spec, "/limits/timeout"))),
                       {},
                       "raise limits.timeout",
                       {}});
  }
  const process::ProcessState state = parts_.runner.state(handle);
  parts_.runner.terminate(handle, milliseconds(0));  // what it left running
  if (!state.exit_code) return run_again_or_fail(attempt);
  if (cancelled_) return end_canceled();
  return finish(*state.exit_code);
}

Result<void> StepRun::run_again_or_fail(std::int64_t attempt) {
  if (attempt >= most_attempts)
    return end_failed({ErrorCode::internal,
                       "the step's process vanished without an exit code, twice",
                       {},
                       "was it killed, or the machine restarted?",
                       {}});
  say("The process vanished without an exit code; the step runs again.");
  return start_and_follow(attempt + 1);
}

Result<void> StepRun::finish(int code) {
  const auto collect = [&]() -> Result<void> {
    CICLO_CHECK(collect_artifacts());
    if (code != 0) return {};
    CICLO_TRY(const auto outputs, material_->output_places(job_));
    for (const OutputPlace& place : outputs) CICLO_CHECK(material_->collect(output_path(place.name), place.key));
    return {};
  };
  if (has_something_to_collect()) CICLO_CHECK(ledger_.move(key_, {JobStatus::finalizing, Json::object(), {}}));
  if (const auto collected = collect(); !collected) {
    Error error = collected.error();
    return end_failed(error.add_context("the outputs could not be stored"));
  }
  if (code == 0) return complete({{"exit_code", 0}});
  const std::string tail = log_tail();
  return end_failed(
      {ErrorCode::invalid,
       fmt::format("the command ended with code {}{}{}", code, tail.empty() ? "" : "; its output ends with:\n", tail),
       {},
       {},
       {}});
}

Result<void> StepRun::complete(const Json& patch) {
  CICLO_TRY(const auto outputs, material_->output_places(job_));
  if (identity_.empty() && may_reuse() && !uses_secrets()) {
    // Taken over from a server that was killed. Which versions of secrets that one used is not certain any more.
    Prepared found;
    CICLO_CHECK(find_material(found));
    CICLO_CHECK(pin_variables(found));
    found.outputs = outputs;
    CICLO_TRY(const Json environment, environment_spec());
    CICLO_TRY(identity_, identity_of_step(found, environment));
  }
  const auto ended = parts_.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto moved, ledger_.move_in(session, key_, {JobStatus::completed, patch, {}}));
    if (!moved) return {};
    if (!patch.contains("reused_from")) CICLO_CHECK(register_outputs_in(session, outputs));
    if (!identity_.empty()) CICLO_CHECK(store_.put_identity(session, key_, identity_, parts_.clock.now()));
    CICLO_CHECK(store_.remove_attempt(session, key_));
    return parts_.identity.revoke_purpose_in(session, fmt::format("job {}/{}", key_.workspace, key_.name));
  });
  if (!ended) {
    Error error = ended.error();
    if (error.code == ErrorCode::unavailable || error.code == ErrorCode::quota)
      return std::unexpected(std::move(error));
    return end_failed(error.add_context("the job's results could not be recorded"));
  }
  clean_up();
  return {};
}

Result<void> StepRun::end_failed(const Error& error) {
  return put_end([&](sql::Session& session) -> Result<void> {
    Error shown = error;
    shown.message = log::redact(error.message);
    CICLO_CHECK(ledger_.fail_in(session, key_, shown));
    return {};
  });
}

Result<void> StepRun::end_canceled() {
  if (const auto collected = collect_artifacts(); !collected)
    parts_.logger.warning("jobs", "artifacts of a cancelled job were not kept",
                          {{"job", key_.name}, {"error", collected.error().text()}});
  return put_end([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(ledger_.move_in(session, key_, {JobStatus::canceled, Json::object(), {}}));
    return {};
  });
}

Result<void> StepRun::put_end(const std::function<Result<void>(sql::Session&)>& change) {
  CICLO_CHECK(parts_.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(change(session));
    CICLO_CHECK(store_.remove_attempt(session, key_));
    return parts_.identity.revoke_purpose_in(session, fmt::format("job {}/{}", key_.workspace, key_.name));
  }));
  clean_up();
  return {};
}

}  // namespace ciclo::inner_loop
