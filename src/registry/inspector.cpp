#include "registry/inspector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/concern_finder.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"
#include "inner_loop/tracking/purge_store.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "registry/run_origin.hpp"

namespace ciclo::registry {
namespace {

constexpr std::size_t max_mlmodel_bytes = 4U << 20U;
constexpr std::size_t max_metrics = 500;

// Signatures hold JSON as text.
Json parsed_text(const Json& value) {
  if (!value.is_string()) return value;
  auto parsed = parse_json(value.get_ref<const std::string&>());
  return parsed ? std::move(*parsed) : value;
}

// "J" of azureml://jobs/J/outputs/…, with or without the long form's head.
std::string job_of_path(const std::string& path) {
  constexpr std::string_view marker = "/jobs/";
  if (!path.starts_with("azureml://")) return {};
  const auto at = path.find(marker);
  if (at == std::string::npos) return {};
  const std::string_view rest = std::string_view(path).substr(at + marker.size());
  return std::string(rest.substr(0, rest.find('/')));
}

// "R" of runs:/R/…
std::string run_of_path(const std::string& path) {
  constexpr std::string_view scheme = "runs:/";
  if (!path.starts_with(scheme)) return {};
  std::string_view rest = std::string_view(path).substr(scheme.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find('/')));
}

// "m-…" of models:/m-…: a logged model of MLflow 3.
std::string logged_model_of_path(const std::string& path) {
  constexpr std::string_view scheme = "models:/";
  if (!path.starts_with(scheme)) return {};
  const std::string id = path.substr(scheme.size());
  return id.starts_with("m-") && id.find('/') == std::string::npos && id.find('@') == std::string::npos ? id : "";
}

// Whether whoever makes the version may do that in an experiment.
bool may(const resources::CheckContext& context, std::string_view action, const std::string& workspace,
         std::int64_t experiment) {
  const std::string subject = tracking::experiment_subject(experiment);
  return context.access.decide(context.caller, action, resources::Place(std::string_view(workspace), subject)).allowed;
}

// Nothing of a run that is not there, or that the maker may not see: a file can name any run.
Result<std::optional<tracking::Run>> find_run(const resources::CheckContext& context, const std::string& workspace,
                                              const std::string& run_id) {
  CICLO_TRY(auto run, tracking::RunStore().find(context.session, {.workspace = workspace, .run_id = run_id}));
  if (run && !may(context, "workspace/read", workspace, run->experiment_id)) run.reset();
  return run;
}

Result<void> add_metrics(const resources::CheckContext& context, const std::string& workspace,
                         const std::string& run_id, Json& metrics) {
  if (run_id.empty()) return {};
  CICLO_TRY(auto found, find_run(context, workspace, run_id));
  if (!found) return {};
  std::vector<tracking::Run> loaded{std::move(*found)};
  CICLO_CHECK(tracking::RunStore().load_details(context.session, loaded));
  for (const tracking::Metric& metric : loaded.front().metrics) {
    if (metrics.size() >= max_metrics) break;
    if (std::isfinite(metric.value)) metrics[metric.key] = metric.value;
  }
  return {};
}

Result<Json> metrics_of(const resources::CheckContext& context, const resources::Resource& model,
                        const std::string& training_run) {
  Json metrics = Json::object();
  CICLO_CHECK(add_metrics(context, model.key.workspace, training_run, metrics));
  CICLO_CHECK(add_metrics(context, model.key.workspace, text_or(model.status, "run_id"), metrics));
  for (const auto& [key, value] : model.tags.items()) {
    const auto number = value.is_string() ? parse_double(value.get_ref<const std::string&>()) : std::nullopt;
    if (number && std::isfinite(*number)) metrics[key] = *number;
  }
  return metrics;
}

// Data and code of a run that made or trained it.
Result<void> add_origin(const resources::CheckContext& context, resources::Draft& draft, const tracking::Run& run) {
  CICLO_TRY(auto origin, origin_of(context.session, context.store, run));
  draft.links.insert(draft.links.end(), origin.links.begin(), origin.links.end());
  Json& status = draft.resource.status;
  for (Json& entry : origin.data) status["data"].push_back(std::move(entry));
  for (const auto& [key, value] : origin.code.items()) status["code"][key] = value;
  return {};
}

// Who made it: the run that was named, else the one in the path, else the one in the MLmodel file. A job's run stands
// for the job.
Result<void> link_maker(const resources::CheckContext& context, resources::Draft& draft) {
  resources::Resource& model = draft.resource;
  const std::string path = text_or(model.spec, "path");
  std::string maker = text_or(model.status, "run_id");
  if (maker.empty()) maker = run_of_path(path);
  if (maker.empty()) maker = job_of_path(path);
  if (maker.empty()) return {};
  if (!model.status.contains("run_id")) model.status["run_id"] = maker;
  CICLO_TRY(const auto run, find_run(context, model.key.workspace, maker));
  if (!run) return {};
  if (run->is_managed) model.status["job_name"] = maker;
  draft.links.push_back({.from = node_of(*run), .to = model.key.path(), .relation = "output"});
  return add_origin(context, draft, *run);
}

// The run that wrote the MLmodel file, when that is another one.
Result<void> link_trainer(const resources::CheckContext& context, resources::Draft& draft) {
  resources::Resource& model = draft.resource;
  const std::string trainer = text_or(model.status, "training_run_id");
  if (trainer.empty() || trainer == text_or(model.status, "run_id")) return {};
  CICLO_TRY(const auto run, find_run(context, model.key.workspace, trainer));
  if (!run) return {};
  draft.links.push_back({.from = node_of(*run), .to = model.key.path(), .relation = "trained_by"});
  return add_origin(context, draft, *run);
}

}  // namespace

Result<Json> read_mlmodel(std::string_view text) {
  CICLO_TRY(const auto document, parse_yaml(text, "MLmodel"));
  if (!document.value.is_object() || !member(document.value, "flavors").is_object()) {
    return fail(ErrorCode::invalid, "the MLmodel file has no flavors", "MLmodel");
  }
  Json found{{"flavors", member(document.value, "flavors")}};
  const Json& signature = member(document.value, "signature");
  if (signature.is_object()) {
    Json parsed = Json::object();
    for (const auto& [side, value] : signature.items())
      if (!value.is_null()) parsed[side] = parsed_text(value);
    found["signature"] = std::move(parsed);
  }
  for (const std::string_view key : {"run_id", "model_uuid", "mlflow_version", "model_id", "utc_time_created"}) {
    const Json& value = member(document.value, key);
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) found[std::string(key)] = value;
  }
  return found;
}

Result<data_estate::Location> ModelInspector::locate(const resources::CheckContext& context,
                                                     resources::Resource& model) const {
  const std::string path = text_or(model.spec, "path");
  const std::string& workspace = model.key.workspace;
  const tracking::LoggedModelStore logged;
  std::optional<tracking::LoggedModel> source;
  if (const std::string id = logged_model_of_path(path); !id.empty()) {
    CICLO_TRY(source, logged.get(context.session, {.workspace = workspace, .model_id = id}));
    if (!may(context, "storage/read", workspace, source->experiment_id))
      return fail(ErrorCode::not_found, fmt::format("Logged model with ID '{}' not found", id), "logged-models/" + id);
  }
  if (!source) {
    CICLO_TRY(
        auto location,
        locations_.resolve_in(context.session,
                              {.caller = context.caller, .workspace = workspace, .reference = path, .kind = "model"}));
    const std::string run_id = run_of_path(path);
    const bool is_empty = location.place == data_estate::Place::blobs && !blobs_.stat(location.key).has_value() &&
                          blobs_.list(location.key).value_or(std::vector<blobs::Listed>{}).empty();
    if (run_id.empty() || !is_empty) return location;
    // MLflow 3 keeps what runs:/R/name means beside the run, as a logged model of that name.
    CICLO_TRY(source, logged.find_of_run(context.session, workspace, run_id, path.substr(path.rfind('/') + 1)));
    if (!source || !may(context, "storage/read", workspace, source->experiment_id)) return location;
  }
  if (!model.status.contains("model_id")) model.status["model_id"] = source->model_id;
  if (!model.status.contains("run_id") && !source->source_run_id.empty())
    model.status["run_id"] = source->source_run_id;
  data_estate::Location location;
  location.workspace = workspace;
  CICLO_TRY(location.key, tracking::artifact_key(workspace, source->artifact_uri));
  return location;
}

Result<void> ModelInspector::describe_content(resources::Resource& model, const data_estate::Location& location) const {
  std::string type = text_or(model.spec, "type");
  if (location.place == data_estate::Place::remote) {
    if (type.empty()) model.spec["type"] = "custom_model";
    return {};
  }
  const auto file = blobs_.stat(location.key);
  std::vector<blobs::BlobInfo> files;
  if (file) {
    files.push_back(*file);
  } else {
    CICLO_TRY(files, blobs_.walk(location.key));
  }
  if (files.empty()) {
    return fail(ErrorCode::not_found, fmt::format("there is nothing at '{}'", text_or(model.spec, "path")), "/path",
                "log or upload the model first");
  }
  model.status["location"] = {{"key", location.key}, {"is_file", file.has_value()}};
  std::uint64_t size = 0;
  for (const blobs::BlobInfo& one : files) size += one.size;
  model.status["size_bytes"] = size;
  model.status["files"] = files.size();
  CICLO_TRY(model.status["checksum"], checksum_of(location, files));
  const auto mlmodel = file ? Result<std::string>(fail(ErrorCode::not_found, "a file"))
                            : blobs_.get(location.key + "/MLmodel", max_mlmodel_bytes);
  if (mlmodel) {
    CICLO_TRY(const Json found, read_mlmodel(*mlmodel));
    for (const auto& [key, value] : found.items())
      if (key != "run_id") model.status[key] = value;
    if (const std::string run = text_or(found, "run_id"); !run.empty()) model.status["training_run_id"] = run;
  } else if (type == "mlflow_model") {
    return fail(ErrorCode::invalid, "the path holds no MLmodel file, so this is no MLflow model", "/type",
                "give the folder that MLflow wrote, or the type custom_model");
  }
  if (type.empty()) model.spec["type"] = mlmodel ? "mlflow_model" : "custom_model";
  return {};
}

Result<void> ModelInspector::inspect(const resources::CheckContext& context, resources::Draft& draft) const {
  resources::Resource& model = draft.resource;
  auto location = locate(context, model);
  if (!location) {
    if (location.error().target.empty()) location.error().target = "/path";
    return Failure(std::move(location).error());
  }
  CICLO_CHECK(tracking::PurgeStore().check_stays(context.session, location->workspace, location->key));
  CICLO_CHECK(describe_content(model, *location));
  if (!location->asset.empty())
    draft.links.push_back({.from = location->asset, .to = model.key.path(), .relation = "input"});
  CICLO_CHECK(link_maker(context, draft));
  CICLO_CHECK(link_trainer(context, draft));
  CICLO_TRY(const Json metrics, metrics_of(context, model, text_or(model.status, "training_run_id")));
  // A promoted copy brings the metrics of its original along.
  for (const auto& [key, value] : metrics.items()) model.status["metrics"][key] = value;
  return {};
}

Result<std::string> ModelInspector::checksum_of(const data_estate::Location& location,
                                                const std::vector<blobs::BlobInfo>& files) const {
  std::vector<std::pair<std::string, std::string>> listing;  // path, SHA-256
  for (const blobs::BlobInfo& file : files) {
    std::string sha256 = file.sha256;
    if (sha256.empty()) {
      CICLO_TRY(const auto known, blobs_.stat(file.key));
      sha256 = known.sha256;
    }
    if (file.key == location.key) return "sha256:" + sha256;
    listing.emplace_back(file.key.substr(location.key.size() + 1), sha256);
  }
  std::ranges::sort(listing);
  std::string text;
  for (const auto& [path, sha256] : listing) text += fmt::format("{}  {}\n", sha256, path);
  return "sha256:" + sha256_hex(text);
}

}  // namespace ciclo::registry
