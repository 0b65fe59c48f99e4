#include "outer_loop/endpoints/sources.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/jobs/kinds.hpp"
#include "resources/reference.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::CheckContext;
using resources::Resource;
using resources::ResourceKey;

// A path rather than the name of a registered asset.
bool is_path(std::string_view text) {
  if (text.starts_with("azureml://registries/")) return false;
  for (const std::string_view scheme : {"azureml://", "runs:/", "models:/", "mlflow-artifacts:", "http://", "https://",
                                        "wasbs://", "abfss://", "s3://"})
    if (text.starts_with(scheme)) return true;
  return false;
}

Failure at(Error error, std::string_view target) {
  if (error.target.empty() || error.target.front() != '/' || error.target.starts_with("/workspaces/"))
    error.target = target;
  return Failure(std::move(error));
}

std::string reference_to(const ResourceKey& key, const std::string& workspace) {
  if (key.workspace == workspace) return fmt::format("azureml:{}:{}", key.name, key.version);
  return fmt::format("azureml://registries/{}/{}s/{}/versions/{}", key.workspace, key.kind, key.name, key.version);
}

struct Wanted {
  const CheckContext& context;
  const data_estate::Locations& locations;
  const std::string& workspace;
};

Result<Json> locate(const Wanted& wanted, const std::string& path, const std::string& kind) {
  CICLO_TRY(const auto location,
            wanted.locations.resolve_in(
                wanted.context.session,
                {.caller = wanted.context.caller, .workspace = wanted.workspace, .reference = path, .kind = kind}));
  if (location.place == data_estate::Place::remote)
    return fail(ErrorCode::unsupported, fmt::format("'{}' is not on this server", path), {},
                "register or upload it here first");
  Json found{{"workspace", location.workspace}, {"key", location.key}};
  if (!location.asset.empty()) found["asset"] = location.asset;
  return found;
}

Result<Resource> find_asset(const CheckContext& context, const ResourceKey& kind_and_workspace,
                            const std::string& text) {
  CICLO_TRY(const auto reference, resources::parse_reference(text));
  ResourceKey key = kind_and_workspace;
  if (!reference.workspace.empty()) key.workspace = reference.workspace;
  key.name = reference.name;
  key.version = reference.version;
  const std::string_view component = key.kind == "environment" ? inner_loop::environment_access : "workspace";
  CICLO_CHECK(resources::require(context.access, context.caller, fmt::format("{}/read", component), key.workspace));
  if (key.version.empty()) {
    CICLO_TRY(key.version, context.store.version_of_label(context.session, key,
                                                          reference.label.empty() ? "latest" : reference.label));
  }
  return context.store.get(context.session, key);
}

Result<void> use_registered(const Wanted& wanted, const std::string& text, Resource& deployment) {
  CICLO_TRY(const Resource model, find_model(wanted.context, {wanted.workspace, text}));
  Json& status = deployment.status;
  status["model"] = reference_to(model.key, wanted.workspace);
  status["model_name"] = model.key.name;
  status["model_version"] = model.key.version;
  status["model_asset"] = model.key.path();
  const Json& key = member(member(model.status, "location"), "key");
  if (key.is_string()) {
    status["model_location"] = {{"workspace", model.key.workspace}, {"key", key}};
    return {};
  }
  const Wanted there{wanted.context, wanted.locations, model.key.workspace};
  CICLO_TRY(status["model_location"], locate(there, text_or(model.spec, "path"), "model"));
  return {};
}

Result<void> use_files(const Wanted& wanted, const Json& model, Resource& deployment) {
  Json& status = deployment.status;
  CICLO_TRY(Json location, locate(wanted, text_or(model, "path"), "model"));
  const Json& version = member(model, "version");
  status["model_name"] = text_or(model, "name", deployment.key.name);
  status["model_version"] = version.is_string() ? version.get<std::string>()
                            : version.is_null() ? "1"
                                                : to_text(version);
  status.erase("model");
  if (location.contains("asset")) status["model_asset"] = location["asset"];
  else status.erase("model_asset");
  location.erase("asset");
  status["model_location"] = std::move(location);
  return {};
}

Result<void> use_model(const Wanted& wanted, Resource& deployment) {
  const Json& model = member(deployment.spec, "model");
  if (model.is_string() && !is_path(model.get<std::string>()))
    return use_registered(wanted, model.get<std::string>(), deployment);
  if (model.is_string()) return use_files(wanted, {{"path", model}}, deployment);
  if (model.is_object()) return use_files(wanted, model, deployment);
  for (const char* field : {"model", "model_name", "model_version", "model_asset", "model_location"})
    deployment.status.erase(field);
  return {};
}

}  // namespace

Result<Resource> find_model(const CheckContext& context, const ModelReference& reference) {
  return find_asset(context,
                    {.workspace = reference.workspace, .kind = "model", .parent = {}, .name = {}, .version = {}},
                    reference.text);
}

Result<void> resolve_sources(const CheckContext& context, const data_estate::Locations& locations,
                             Resource& deployment) {
  const Wanted wanted{context, locations, deployment.key.workspace};
  if (auto used = use_model(wanted, deployment); !used) return at(std::move(used).error(), "/model");
  deployment.status.erase("code_location");
  if (const Json& code = member(deployment.spec, "code_configuration"); code.is_object()) {
    auto location = locate(wanted, text_or(code, "code"), "data");
    if (!location) return at(std::move(location).error(), "/code_configuration/code");
    location->erase("asset");
    deployment.status["code_location"] = *std::move(location);
  }
  deployment.status.erase("environment");
  deployment.status.erase("environment_key");
  if (const Json& environment = member(deployment.spec, "environment"); environment.is_string()) {
    auto found = find_asset(
        context,
        {.workspace = deployment.key.workspace, .kind = "environment", .parent = {}, .name = {}, .version = {}},
        environment.get<std::string>());
    if (!found) return at(std::move(found).error(), "/environment");
    deployment.status["environment"] = reference_to(found->key, deployment.key.workspace);
    deployment.status["environment_key"] = {
        {"workspace", found->key.workspace}, {"name", found->key.name}, {"version", found->key.version}};
  }
  return {};
}

}  // namespace ciclo::outer_loop
