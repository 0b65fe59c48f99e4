// The parts of a step's life that are about its secrets.
#include <fmt/format.h>

#include "base/private_pairs.hpp"
#include "inner_loop/jobs/step_run.hpp"
#include "inner_loop/jobs/submitter.hpp"

namespace ciclo::inner_loop {

bool StepRun::uses_secrets() const {
  for (const auto& [name, value] : member(job_.spec, "environment_variables").items())
    if (value.is_string() && administration::mentions_secret(value.get_ref<const std::string&>())) return true;
  return false;
}

// Once for each attempt, so that what the step is known by and what it is given are the same versions.
Result<void> StepRun::pin_variables(Prepared& prepared) const {
  const Json& written = member(job_.spec, "environment_variables");
  return parts_.database().read([&](sql::Session& session) -> Result<void> {
    for (const auto& [name, value] : written.items()) {
      prepared.variables[name] = value;
      if (!value.is_string()) continue;
      CICLO_TRY(prepared.variables[name],
                administration::pin_secrets(session, key_.workspace, value.get_ref<const std::string&>()));
    }
    return {};
  });
}

// With the rights its sender has now: they may have been taken away since the job was sent.
Result<void> StepRun::open_secrets(Prepared& prepared) const {
  if (!uses_secrets()) return {};
  if (parts_.vault == nullptr) return fail(ErrorCode::unsupported, "this server has no vault for the step's secrets");
  auto used = parts_.vault->use({submitter_of(job_), key_.workspace, prepared.variables, key_.path()});
  if (!used) return Failure(used.error().add_context("the step's secrets could not be read"));
  prepared.secrets = *std::move(used);
  return {};
}

// The values go through a pipe to `ciclo run-step`, which starts the command with them and masks its output.
void StepRun::hand_over_secrets(const Prepared& prepared, process::ProcessSpec& spec) const {
  if (prepared.secrets.variables.empty()) return;
  const Json& written = member(job_.spec, "environment_variables");
  for (const auto& [name, value] : prepared.secrets.variables) {
    // What Ciclo sets itself wins over what the job sets, also here.
    const auto known = spec.environment.find(name);
    if (known == spec.environment.end() || known->second != text_or(written, name)) continue;
    spec.environment.erase(known);
    append_private_pair(spec.input, name, value);
  }
  for (const std::string& value : prepared.secrets.values) append_private_pair(spec.input, "", value);
  const std::string program = (settings_.programs / "ciclo").string();
  spec.arguments.insert(spec.arguments.begin(), {program, "run-step", "--"});
}

}  // namespace ciclo::inner_loop
