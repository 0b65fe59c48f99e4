#include "outer_loop/endpoints/preparation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/text.hpp"
#include "base/yaml.hpp"
#include "inner_loop/environments/conda_file.hpp"
#include "outer_loop/endpoints/deployment_secrets.hpp"
#include "registry/inspector.hpp"

namespace ciclo::outer_loop {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_of_a_description = 4U << 20U;

std::string read_small_file(const fs::path& file) {
  std::error_code error;
  if (fs::file_size(file, error) > most_of_a_description || error) return {};
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_on(const Json& collection) {
  const Json& enabled = member(collection, "enabled");
  return enabled == Json(true) || (enabled.is_string() && iequals(enabled.get<std::string>(), "true"));
}

// The interpreter by its full path: the scorer looks in its own PATH.
std::string interpreter_in(const std::string& path) {
  for (const std::string& folder : split(path, ':'))
    for (const char* name : {"python", "python3"})
      if (const fs::path program = fs::path(folder) / name; ::access(program.c_str(), X_OK) == 0)
        return program.string();
  return "python3";
}

// What the packages of a model are, by the conda.yaml that MLflow put beside it.
Result<Json> environment_beside(const fs::path& model) {
  const fs::path file = model / "conda.yaml";
  const std::string text = read_small_file(file);
  if (text.empty()) return Json::object();
  CICLO_TRY(auto yaml, parse_yaml(text, "conda.yaml"));
  return Json{{"conda_file", std::move(yaml.value)}};
}

void copy_numbers(const Json& from, Json& entry) {
  Json settings = Json::object();
  for (const char* key : {"request_timeout_ms", "max_concurrent_requests_per_instance", "max_queue_wait_ms"})
    if (const Json& value = member(from, key); value.is_number_integer()) settings[key] = value;
  if (!settings.empty()) entry["request_settings"] = std::move(settings);
}

}  // namespace

bool is_onnx_model(const fs::path& model) {
  if (model.extension() == ".onnx") return true;
  const auto described = registry::read_mlmodel(read_small_file(model / "MLmodel"));
  return described && member(*described, "flavors").contains("onnx");
}

Json collection_of(const Json& data_collector) {
  const Json& collections = member(data_collector, "collections");
  const Json& inputs = member(collections, "model_inputs");
  const Json& outputs = member(collections, "model_outputs");
  if (!is_on(inputs) && !is_on(outputs)) return {};
  Json collect{{"inputs", is_on(inputs)}, {"outputs", is_on(outputs)}};
  // One draw decides for both sides of a request, so that they can be joined.
  for (const Json* rate :
       {&member(data_collector, "sampling_rate"), &member(inputs, "sampling_rate"), &member(outputs, "sampling_rate")})
    if (rate->is_number() && !collect.contains("sampling_rate")) collect["sampling_rate"] = *rate;
  return collect;
}

Result<Json> DeploymentMaker::python_settings(const PreparationRequest& request, const fs::path& model,
                                              const std::stop_token& stop, Json& variables) const {
  Json python = Json::object();
  const Json& code = member(request.spec, "code_configuration");
  if (code.is_object()) {
    const std::string key = text_or(member(request.status, "code_location"), "key");
    auto copied = copy_from_blobs(blobs_, key, request.folder.root / "code");
    if (!copied) return Failure(copied.error().add_context("cannot get the scoring script"));
    python["code"] = copied->string();
    python["scoring_script"] = text_or(code, "scoring_script");
  }
  Json environment = request.environment;
  // An image alone is the machine as it is, which need not have what an MLflow model says itself that it needs.
  if (environment.is_null() || (!code.is_object() && inner_loop::is_host_environment(environment))) {
    CICLO_TRY(environment, environment_beside(model));
  }
  auto built = environments_.get(environment, stop);
  if (!built) return Failure(built.error().add_context("cannot make the environment"));
  const auto inherited = inner_loop::inherited_variables();
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& [name, value] : built->variables) {
    if (name == "PATH") path = value;
    const auto known = inherited.find(name);
    if (known == inherited.end() || known->second != value) variables[name] = value;
  }
  python["interpreter"] = interpreter_in(path);
  if (const Json& count = member(request.spec, "instance_count"); count.is_number_integer()) python["workers"] = count;
  return python;
}

Result<Json> DeploymentMaker::make(const PreparationRequest& request, const std::stop_token& stop) const {
  Json entry{{"name", request.key.name}, {"model", Json::object()}};
  fs::path model;
  const std::string key = text_or(member(request.status, "model_location"), "key");
  if (!key.empty()) {
    auto copied = copy_from_blobs(blobs_, key, request.folder.root / "models");
    if (!copied) return Failure(copied.error().add_context("cannot get the model"));
    model = *std::move(copied);
    entry["model"] = {{"path", model.string()},
                      {"name", text_or(request.status, "model_name", request.key.name)},
                      {"version", text_or(request.status, "model_version", "1")}};
  }
  Json variables = Json::object();
  if (member(request.spec, "code_configuration").is_object() || !is_onnx_model(model)) {
    CICLO_TRY(entry["python"], python_settings(request, model, stop, variables));
  }
  CICLO_CHECK(add_variables(vault_, request, variables, entry));
  if (Json collect = collection_of(member(request.spec, "data_collector")); !collect.is_null())
    entry["collect"] = std::move(collect);
  copy_numbers(member(request.spec, "request_settings"), entry);
  return entry;
}

std::optional<Result<Json>> Preparations::get(const std::string& id, const PreparationRequest& request,
                                              std::function<void()> done) {
  const std::lock_guard lock(mutex_);
  auto& work = works_[id];
  if (work) return work->outcome;
  work = std::make_shared<Work>();
  // The thread holds no share of its own work: the map's destruction ends it.
  work->thread = std::jthread([this, request, done = std::move(done), mine = work.get()](const std::stop_token& stop) {
    auto outcome = make_(request, stop);
    {
      const std::lock_guard lock_done(mutex_);
      mine->outcome = std::move(outcome);
    }
    if (!stop.stop_requested()) done();
  });
  return std::nullopt;
}

void Preparations::forget(const std::string& prefix) {
  std::map<std::string, std::shared_ptr<Work>> gone;  // their threads are waited for outside the lock
  const std::lock_guard lock_all(mutex_);
  for (auto at = works_.lower_bound(prefix); at != works_.end() && at->first.starts_with(prefix);) {
    gone.insert(works_.extract(at++));
  }
}

}  // namespace ciclo::outer_loop
