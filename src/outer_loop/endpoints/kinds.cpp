#include "outer_loop/endpoints/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "administration/secrets/vault.hpp"
#include "base/text.hpp"
#include "outer_loop/endpoints/sources.hpp"
#include "outer_loop/endpoints/traffic.hpp"
#include "schemas.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::CheckContext;
using resources::Draft;
using resources::LocalField;
using resources::Resource;
using resources::ResourceKey;

constexpr std::size_t shortest_name = 3;
constexpr std::size_t longest_name = 32;

Result<void> check_short_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_allowed = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  const bool is_good = name.size() >= shortest_name && name.size() <= longest_name && is_letter(name.front()) &&
                       name.back() != '-' && std::ranges::all_of(name, is_allowed);
  if (is_good) return {};
  return fail(ErrorCode::invalid, fmt::format("'{}' cannot be the name", name.substr(0, 80)), "/name",
              "use 3 to 32 letters, digits and '-', beginning with a letter");
}

void drop_nulls(Json& spec) {
  Json kept = Json::object();
  for (const auto& [key, value] : spec.items())
    if (!value.is_null()) kept[key] = value;
  spec = std::move(kept);
}

Result<void> normalise_endpoint(Draft& draft) {
  Json& spec = draft.resource.spec;
  drop_nulls(spec);
  spec["auth_mode"] = auth_mode_of(draft.resource);
  return {};
}

Result<void> check_endpoint(const CheckContext& context, Draft& draft, const EndpointKeys* keys,
                            const EndpointIdentities* identities) {
  Resource& endpoint = draft.resource;
  CICLO_TRY(const auto deployments, deployments_of(context.session, context.store, endpoint.key));
  std::vector<std::string> names;
  for (const Resource& deployment : deployments)
    if (!deployment.deleting) names.push_back(deployment.key.name);
  if (endpoint.spec.contains("traffic")) CICLO_CHECK(check_traffic(endpoint.spec["traffic"], names));
  if (endpoint.spec.contains("mirror_traffic")) {
    CICLO_CHECK(check_mirror_traffic(endpoint.spec["mirror_traffic"], member(endpoint.spec, "traffic"), names));
  }
  endpoint.status["provisioning_state"] = draft.before == nullptr ? "Creating" : "Updating";
  if (draft.before == nullptr && keys != nullptr)
    CICLO_CHECK(keys->make(context.session, {endpoint.key.workspace, endpoint.key.name}));
  return identities == nullptr ? Result<void>() : identities->settle_in(context.session, endpoint);
}

// The script lies in the folder that came with it.
Result<void> check_script(const Json& spec) {
  const std::string script = text_or(member(spec, "code_configuration"), "scoring_script");
  const std::filesystem::path path = std::filesystem::path(script).lexically_normal();
  const bool leaves = path.is_absolute() || (!path.empty() && *path.begin() == "..");
  if (!leaves && script.find('\0') == std::string::npos) return {};
  return fail(ErrorCode::invalid, "the scoring script lies outside its folder", "/code_configuration/scoring_script",
              "give the path within code, such as score.py");
}

Result<void> normalise_deployment(Draft& draft) {
  Json& spec = draft.resource.spec;
  drop_nulls(spec);
  const std::string endpoint = text_or(spec, "endpoint_name", draft.resource.key.parent);
  spec.erase("endpoint_name");
  if (endpoint != draft.resource.key.parent) {
    return fail(
        ErrorCode::invalid,
        fmt::format("the document says endpoint '{}', the request says '{}'", endpoint, draft.resource.key.parent),
        "/endpoint_name", "leave endpoint_name out, or make both the same");
  }
  if (!spec.contains("model") && !spec.contains("code_configuration")) {
    return fail(ErrorCode::invalid, "the deployment has neither a model nor a scoring script", "/model",
                "add 'model: azureml:<name>:<version>'");
  }
  return check_script(spec);
}

Result<void> check_deployment(const CheckContext& context, Draft& draft, const data_estate::Locations* locations) {
  Resource& deployment = draft.resource;
  CICLO_TRY(const Resource endpoint,
            context.store.get(context.session, endpoint_key(deployment.key.workspace, deployment.key.parent)));
  if (endpoint.deleting)
    return fail(ErrorCode::conflict, fmt::format("the endpoint '{}' is being deleted", endpoint.key.name));
  deployment.status["provisioning_state"] = draft.before == nullptr ? "Creating" : "Updating";
  deployment.status.erase("error");
  CICLO_CHECK(administration::check_secret_references(
      context, deployment.key.workspace, member(deployment.spec, "environment_variables"), "/environment_variables"));
  if (locations == nullptr) return {};
  return resolve_sources(context, *locations, deployment);
}

// What has traffic is not taken away under its callers.
Result<void> check_deployment_delete(const CheckContext& context, const Resource& deployment) {
  CICLO_TRY(const auto endpoint,
            context.store.find(context.session, endpoint_key(deployment.key.workspace, deployment.key.parent)));
  if (!endpoint || endpoint->deleting) return {};
  for (const char* kind : {"traffic", "mirror_traffic"}) {
    const Json& share = member(member(endpoint->spec, kind), deployment.key.name);
    if (!share.is_number() || share == Json(0)) continue;
    return fail(ErrorCode::conflict,
                fmt::format("the deployment '{}' has {} percent of the {}", deployment.key.name, to_text(share),
                            std::string_view(kind) == "traffic" ? "traffic" : "mirrored traffic"),
                deployment.key.subject(),
                fmt::format("take it away first: ciclo online-endpoint update --name {} --{} \"{}=0 …\"",
                            deployment.key.parent, replace_all(kind, "_", "-"), deployment.key.name));
  }
  return {};
}

}  // namespace

ResourceKey endpoint_key(const std::string& workspace, const std::string& name) {
  return {.workspace = workspace, .kind = "online-endpoint", .parent = {}, .name = name, .version = {}};
}

std::string auth_mode_of(const Resource& endpoint) {
  const std::string mode = text_or(endpoint.spec, "auth_mode", "key");
  if (mode == "Key") return "key";
  if (mode == "AMLToken") return "aml_token";
  if (mode == "AADToken") return "aad_token";
  return mode;
}

bool takes_keys(const Resource& endpoint) {
  return auth_mode_of(endpoint) == "key";
}

Result<std::vector<Resource>> deployments_of(sql::Session& session, const resources::ResourceStore& store,
                                             const ResourceKey& endpoint) {
  resources::ListRequest request{.workspace = endpoint.workspace, .kind = "online-deployment"};
  request.parent = endpoint.name;
  request.include_archived = true;
  request.newest_first = false;
  request.limit = 1000;
  CICLO_TRY(auto page, store.list(session, request));
  return std::move(page.items);
}

resources::Kind online_endpoint_kind(const EndpointKeys* keys, const EndpointIdentities* identities) {
  resources::Kind kind;
  kind.name = "online-endpoint";
  kind.plural = "online-endpoints";
  kind.title = "online endpoint";
  kind.component = "workspace/endpoints";
  kind.schema = schemas::online_endpoint;
  kind.has_finalizer = true;
  kind.columns = {
      {"NAME", "name"}, {"STATE", "provisioning_state"}, {"TRAFFIC", "traffic"}, {"SCORING URI", "scoring_uri"}};
  kind.check_name = check_short_name;
  kind.normalise = normalise_endpoint;
  kind.check = [keys, identities](const CheckContext& context, Draft& draft) {
    return check_endpoint(context, draft, keys, identities);
  };
  kind.view = [](const Resource& endpoint) {
    static const resources::Kind plain = online_endpoint_kind(nullptr);
    Json out = resources::default_view(plain, endpoint);
    for (const char* field : {"traffic", "mirror_traffic"})
      if (!out.contains(field)) out[field] = Json::object();
    if (endpoint.deleting) out["provisioning_state"] = "Deleting";
    return out;
  };
  return kind;
}

resources::Kind online_deployment_kind(const data_estate::Locations* locations) {
  resources::Kind kind;
  kind.name = "online-deployment";
  kind.plural = "online-deployments";
  kind.title = "online deployment";
  kind.component = "workspace/endpoints";
  kind.parent_kind = "online-endpoint";
  kind.schema = schemas::online_deployment;
  kind.has_finalizer = true;
  kind.local_fields = {{"/model/path", LocalField::upload, ""},
                       {"/code_configuration/code", LocalField::upload, ""},
                       {"/environment/conda_file", LocalField::inline_yaml, ""}};
  kind.columns = {{"NAME", "name"}, {"ENDPOINT", "endpoint_name"}, {"MODEL", "model"}, {"STATE", "provisioning_state"}};
  kind.check_name = check_short_name;
  kind.normalise = normalise_deployment;
  kind.check = [locations](const CheckContext& context, Draft& draft) {
    return check_deployment(context, draft, locations);
  };
  kind.check_delete = check_deployment_delete;
  kind.view = [](const Resource& deployment) {
    static const resources::Kind plain = online_deployment_kind(nullptr);
    Json out = resources::default_view(plain, deployment);
    for (const char* field :
         {"model_location", "code_location", "model_asset", "environment_key", "provisioned_generation"})
      out.erase(field);
    if (deployment.deleting) out["provisioning_state"] = "Deleting";
    return out;
  };
  return kind;
}

}  // namespace ciclo::outer_loop
