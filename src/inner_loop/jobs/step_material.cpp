// The parts of a step's life that are about its material: folders, reuse, artifacts, registered outputs.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/text.hpp"
#include "inner_loop/environments/pip_build.hpp"
#include "inner_loop/jobs/identity.hpp"
#include "inner_loop/jobs/plan.hpp"
#include "inner_loop/jobs/step_run.hpp"
#include "inner_loop/jobs/submitter.hpp"
#include "inner_loop/tracking/artifacts.hpp"

namespace ciclo::inner_loop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t tail_lines = 10;
constexpr std::streamoff tail_bytes = 8192;

bool is_model(ValueType type) {
  return type == ValueType::mlflow_model || type == ValueType::custom_model || type == ValueType::triton_model;
}

bool says_no(const Json& value) {
  return value.is_boolean() ? !value.get<bool>() : value.is_string() && iequals(value.get<std::string>(), "false");
}

bool says_yes(const Json& value) {
  return value.is_boolean() ? value.get<bool>() : value.is_string() && iequals(value.get<std::string>(), "true");
}

}  // namespace

Result<void> StepRun::make_folders() const {
  std::error_code error;
  for (const fs::path& folder : {folder_.work(), folder_.inputs(), folder_.outputs()}) {
    fs::remove_all(folder, error);
    fs::create_directories(folder, error);
    if (error) return fail(ErrorCode::internal, fmt::format("cannot create {}: {}", folder.string(), error.message()));
  }
  fs::create_directories(folder_.logs(), error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("cannot create {}: {}", folder_.logs().string(), error.message()));
  return {};
}

fs::path StepRun::output_path(const std::string& name) const {
  return name == "artifacts" ? folder_.work() / "outputs" : folder_.outputs() / name;
}

bool StepRun::may_reuse() const {
  if (job_.owner.empty()) return false;
  return !says_no(member(job_.spec, "is_deterministic")) &&
         !says_yes(at_pointer(parent_.spec, "/settings/force_rerun"));
}

Result<std::string> StepRun::identity_of_step(const Prepared& prepared, const Json& environment) const {
  StepContent content;
  content.command = text_or(job_.spec, "command");
  if (const std::string code = text_or(job_.spec, "code"); !code.empty()) {
    CICLO_TRY(const auto location, material_->locate(code, ValueType::uri_folder));
    CICLO_TRY(content.code, material_->content_of(location));
  }
  CICLO_TRY(content.environment, parts_.environments.identity_of(environment));
  for (const FoundInput& input : prepared.inputs) {
    std::string& value = content.inputs[input.name];
    if (input.binding.source == InputBinding::Source::literal) value = "literal:" + to_text(input.binding.literal);
    if (input.binding.source != InputBinding::Source::data) continue;
    CICLO_TRY(const std::string hash, material_->content_of(input.location));
    value = "content:" + hash;
  }
  for (const OutputPlace& output : prepared.outputs)
    content.outputs[output.name] = name_of(output.binding.type.value_or(ValueType::uri_folder));
  for (const auto& [name, value] : prepared.variables.items())
    content.environment_variables[name] = literal_text(value);
  return inner_loop::identity_of(content);
}

// The job that did the same work, if its outputs are still where it put them.
Result<std::optional<std::string>> StepRun::find_earlier(const std::string& identity) const {
  return parts_.database().read([&](sql::Session& session) -> Result<std::optional<std::string>> {
    CICLO_TRY(const auto name, store_.find_identity(session, key_.workspace, identity));
    if (!name || *name == key_.name) return std::nullopt;
    const resources::ResourceKey key{
        .workspace = key_.workspace, .kind = "job", .parent = {}, .name = *name, .version = {}};
    CICLO_TRY(const auto earlier, parts_.service.parts().store.find(session, key));
    if (!earlier || status_of(earlier->status) != JobStatus::completed) return std::nullopt;
    // What lies in a datastore may have been written over since.
    for (const auto& [output, place] : member(earlier->status, "outputs").items())
      if (!parse_job_output(text_or(place, "path"))) return std::nullopt;
    return name;
  });
}

Result<bool> StepRun::reuse(const Prepared& prepared) {
  if (!may_reuse()) return false;
  CICLO_TRY(const Json environment, environment_spec());
  CICLO_TRY(identity_, identity_of_step(prepared, environment));
  CICLO_TRY(const auto earlier, find_earlier(identity_));
  if (!earlier) return false;
  for (const OutputPlace& output : prepared.outputs) {
    CICLO_TRY(const auto source, material_->locate(job_output_uri(*earlier, output.name),
                                                   output.binding.type.value_or(ValueType::uri_folder)));
    CICLO_CHECK(material_->duplicate(source.key, output.key, folder_.inputs() / "reused"));
  }
  say(fmt::format("Reused: the same step ran before as job {}.", *earlier));
  CICLO_CHECK(parts_.database().write([&](sql::Session& session) -> Result<void> {
    const resources::ResourceKey key{
        .workspace = key_.workspace, .kind = "job", .parent = {}, .name = *earlier, .version = {}};
    CICLO_CHECK(parts_.service.parts().store.link(session, {{key.path(), key_.path(), "input"}}));
    return tracking::RunStore().set_tags_in(session, {key_.workspace, key_.name},
                                            {{"azureml.isreused", "true"}, {"azureml.reusedrunid", *earlier}});
  }));
  CICLO_CHECK(complete({{"reused_from", *earlier}}));
  return true;
}

std::vector<resources::Link> StepRun::links_of(const Prepared& prepared) const {
  std::vector<resources::Link> links;
  if (const std::string code = text_or(job_.spec, "code"); !code.empty()) links.push_back({code, key_.path(), "code"});
  for (const FoundInput& input : prepared.inputs) {
    if (!input.location.asset.empty()) links.push_back({input.location.asset, key_.path(), "input"});
    const auto producer = parse_job_output(input.binding.path);
    if (!producer) continue;
    const resources::ResourceKey key{
        .workspace = key_.workspace, .kind = "job", .parent = {}, .name = producer->job, .version = {}};
    links.push_back({key.path(), key_.path(), "input"});
  }
  return links;
}

// An output with a name of its own becomes an asset of that name.
Result<void> StepRun::register_outputs_in(sql::Session& session, const std::vector<OutputPlace>& outputs) const {
  const resources::Caller caller = submitter_of(job_);
  for (const OutputPlace& output : outputs) {
    if (output.binding.asset_name.empty()) continue;
    const ValueType type = output.binding.type.value_or(ValueType::uri_folder);
    resources::CreateRequest request;
    request.workspace = key_.workspace;
    request.kind = is_model(type) ? "model" : "data";
    request.document = {{"name", output.binding.asset_name}, {"type", name_of(type)}, {"path", output.uri}};
    if (!output.binding.asset_version.empty()) request.document["version"] = output.binding.asset_version;
    CICLO_TRY(const resources::Resource asset, parts_.service.create_in(session, caller, std::move(request)));
    CICLO_CHECK(parts_.service.parts().store.link(session, {{key_.path(), asset.key.path(), "output"}}));
  }
  return {};
}

// ./outputs and ./logs of the step's folder become artifacts of its run.
Result<void> StepRun::collect_artifacts() const {
  for (const char* name : {"outputs", "logs"}) {
    const fs::path from = folder_.work() / name;
    std::error_code error;
    if (!fs::is_directory(from, error) || fs::is_empty(from, error)) continue;
    CICLO_TRY(const tracking::Run run, parts_.database().read([&](sql::Session& session) {
      return tracking::RunStore().get(session, {key_.workspace, key_.name});
    }));
    CICLO_TRY(const std::string key, tracking::artifact_key(key_.workspace, run.artifact_uri, name));
    CICLO_CHECK(material_->collect(from, key));
  }
  return {};
}

bool StepRun::has_something_to_collect() const {
  const auto is_there = [](const fs::path& path) {
    std::error_code error;
    return fs::is_directory(path, error) ? !fs::is_empty(path, error) : fs::exists(path, error);
  };
  for (const auto& [name, output] : member(job_.spec, "outputs").items())
    if (is_there(output_path(name))) return true;
  return is_there(folder_.work() / "outputs") || is_there(folder_.work() / "logs");
}

std::optional<std::chrono::milliseconds> StepRun::time_left() const {
  const Json& limit = at_pointer(job_.spec, "/limits/timeout");
  const auto seconds = limit.is_number()   ? std::optional(limit.get<double>())
                       : limit.is_string() ? parse_double(limit.get<std::string>())
                                           : std::nullopt;
  const auto started = parse_rfc3339(text_or(job_.status, "start_time"));
  if (!seconds || !started) return std::nullopt;
  const auto allowed = std::chrono::milliseconds(static_cast<std::int64_t>(std::min(*seconds, 1e9) * 1000));
  return std::max(*started + allowed - parts_.clock.now(), std::chrono::milliseconds(0));
}

void StepRun::say(const std::string& line) const {
  std::ofstream(folder_.log_file(), std::ios::app) << line << "\n";
}

std::string StepRun::log_tail() const {
  std::ifstream file(folder_.log_file(), std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - tail_bytes));
  return last_lines(std::string{std::istreambuf_iterator<char>(file), {}}, tail_lines);
}

// The logs stay; the rest is in the blob store, or was of use while the step ran only.
void StepRun::clean_up() const {
  std::error_code ignored;
  for (const fs::path& folder : {folder_.work(), folder_.inputs(), folder_.outputs()}) fs::remove_all(folder, ignored);
}

}  // namespace ciclo::inner_loop
