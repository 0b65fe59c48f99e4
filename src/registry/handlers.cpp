#include "registry/handlers.hpp"

#include "registry/endpoints.hpp"
#include "resources/kind.hpp"

namespace ciclo::registry {
namespace {

constexpr std::size_t body_limit = 4U << 20U;  // tags of a prompt's version hold its text

Result<http::Response> change_stage(RegistryService& registry, const resources::Kind& kind, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  RegistryService::StageChange change{.stage = text_or(body, "stage"),
                                      .archive_others = member(body, "archive_others") == true};
  const ModelName model{request.parameter("workspace"), request.parameter("name")};
  const auto key = key_of(model, request.parameter("version"));
  CICLO_TRY(std::ignore, registry.get_version(model, key.version));
  CICLO_TRY(const auto version, registry.set_stage(resources::caller_of(request), key, change));
  return http::Response::json(resources::view(kind, version));
}

// Ciclo's own: what MLflow's transition-stage does.
http::Route stage_route(RegistryService& registry, const resources::Kind& kind) {
  http::Route route;
  route.method = http::Method::post;
  route.pattern = "/api/v1/workspaces/{workspace}/models/{name}/versions/{version}/stage";
  route.action = "workspace/write";
  route.resource = "model/{name}";
  route.summary = "Move a model version to a stage: None, Staging, Production or Archived";
  route.tag = "models";
  route.handler = [&registry, &kind](http::Request& request) { return change_stage(registry, kind, request); };
  return route;
}

}  // namespace

Result<ModelName> name_of(const tracking::Call& call) {
  ModelName model{.workspace = call.workspace, .name = {}};
  CICLO_TRY(model.name, call.arguments.required_text("name"));
  return model;
}

Result<void> add_registry_routes(http::Router& router, RegistryService& registry, ModelLocator& locator,
                                 blobs::BlobStore& blobs) {
  tracking::MlflowRoutes routes(router);
  for (const auto& table : {registered_model_endpoints(), model_version_endpoints()})
    for (const Endpoint& endpoint : table)
      CICLO_CHECK(
          routes.add({.method = endpoint.method,
                      .path = std::string(endpoint.path),
                      .action = std::string(endpoint.action),
                      .summary = "MLflow: " + std::string(endpoint.path),
                      .body_limit = body_limit,
                      .handler = [&registry, act = endpoint.act](tracking::Call& call) { return act(registry, call); },
                      .concerns = endpoint.concerns}));
  CICLO_CHECK(router.add(stage_route(registry, *registry.kinds().find("model"))));
  return add_model_file_routes(router, locator, blobs);
}

}  // namespace ciclo::registry
