#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"
#include "registry/forms.hpp"
#include "registry/handlers.hpp"

namespace ciclo::registry {
namespace {

using tracking::Call;

constexpr std::size_t default_models = 100;
constexpr std::size_t max_models = 1000;

Result<ModelName> name_of(const Call& call) {
  ModelName model{.workspace = call.workspace, .name = {}};
  CICLO_TRY(model.name, call.arguments.required_text("name"));
  return model;
}

Json model_json(const RegisteredModel& model) {
  return {{"registered_model", to_json(model)}};
}

Result<Json> create(RegistryService& registry, const Call& call) {
  NewModel request;
  CICLO_TRY(request.model, name_of(call));
  CICLO_TRY(request.description, call.arguments.text("description"));
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(const auto model, registry.create_model(call.caller, request));
  return model_json(model);
}

Result<Json> get(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto model, registry.get_model(name));
  return model_json(model);
}

Result<Json> rename(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto new_name, call.arguments.required_text("new_name"));
  CICLO_TRY(const auto model, registry.rename_model(call.caller, name, new_name));
  return model_json(model);
}

Result<Json> update(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(auto description, call.arguments.text("description"));
  CICLO_TRY(const auto model, registry.change_model(call.caller, name, {.description = description, .tags = {}}));
  return model_json(model);
}

Result<Json> remove(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_CHECK(registry.delete_model(call.caller, name));
  return Json::object();
}

Result<Json> search(RegistryService& registry, const Call& call) {
  RegistrySearch request;
  request.workspace = call.workspace;
  if (auto reach = resources::reach_of(call.request, "model"); !reach.everything)
    request.only_names = std::move(reach.names);
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_models, max_models));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, registry.search_models(request));
  Json answer = Json::object();
  for (const RegisteredModel& model : page.items) answer["registered_models"].push_back(to_json(model));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> latest_versions(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto stages, call.arguments.texts("stages"));
  CICLO_TRY(const auto model, registry.get_model(name));
  Json answer = Json::object();
  for (const resources::Resource& version : model.latest_versions) {
    const std::string stage = text_or(version.status, "stage", "None");
    const auto is_stage = [&](const std::string& asked) { return iequals(asked, stage); };
    if (stages.empty() || std::ranges::any_of(stages, is_stage))
      answer["model_versions"].push_back(to_json(version, &model.container));
  }
  return answer;
}

Result<Json> set_tag(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto key, call.arguments.required_text("key"));
  CICLO_TRY(const auto value, call.arguments.text("value"));
  CICLO_CHECK(registry.change_model(call.caller, name, {.description = std::nullopt, .tags = {{key, value}}}));
  return Json::object();
}

Result<Json> delete_tag(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto key, call.arguments.required_text("key"));
  CICLO_CHECK(registry.change_model(call.caller, name, {.description = std::nullopt, .tags = {{key, std::nullopt}}}));
  return Json::object();
}

Result<Json> set_alias(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto alias, call.arguments.required_text("alias"));
  CICLO_TRY(const auto version, call.arguments.required_text("version"));
  CICLO_CHECK(registry.set_alias(call.caller, key_of(name, version), alias));
  return Json::object();
}

Result<Json> remove_alias(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto alias, call.arguments.required_text("alias"));
  CICLO_CHECK(registry.remove_alias(call.caller, name, alias));
  return Json::object();
}

Result<Json> get_alias(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto name, name_of(call));
  CICLO_TRY(const auto alias, call.arguments.required_text("alias"));
  CICLO_TRY(const auto version, registry.version_of_alias(name, alias));
  CICLO_TRY(const auto model, registry.get_model(name));
  return Json{{"model_version", to_json(version, &model.container)}};
}

}  // namespace

Result<void> add_registered_model_routes(http::Router& router, RegistryService& registry) {
  tracking::MlflowRoutes routes(router);
  using Act = Result<Json> (*)(RegistryService&, const Call&);
  const auto add = [&](http::Method method, std::string_view name, std::string_view action, Act act,
                       std::vector<http::Concern> concerned = {tracking::concerns::model()}) {
    return routes.add({.method = method,
                       .path = "registered-models/" + std::string(name),
                       .action = std::string(action),
                       .summary = "MLflow: registered models, " + std::string(name),
                       .handler = [&registry, act](Call& call) { return act(registry, call); },
                       .concerns = std::move(concerned)});
  };
  // A name is the whole workspace's: who makes or changes one needs the right there.
  CICLO_CHECK(add(http::Method::post, "create", "workspace/write", create, {}));
  CICLO_CHECK(add(http::Method::get, "get", "workspace/read", get));
  CICLO_CHECK(add(http::Method::post, "rename", "workspace/write", rename, {}));
  CICLO_CHECK(add(http::Method::patch, "update", "workspace/write", update));
  CICLO_CHECK(add(http::Method::del, "delete", "workspace/write", remove));
  CICLO_CHECK(add(http::Method::get, "search", "workspace/read", search, {tracking::concerns::search_models()}));
  CICLO_CHECK(add(http::Method::get, "get-latest-versions", "workspace/read", latest_versions));
  CICLO_CHECK(add(http::Method::post, "get-latest-versions", "workspace/read", latest_versions));
  CICLO_CHECK(add(http::Method::post, "set-tag", "workspace/write", set_tag));
  CICLO_CHECK(add(http::Method::del, "delete-tag", "workspace/write", delete_tag));
  CICLO_CHECK(add(http::Method::post, "alias", "workspace/write", set_alias));
  CICLO_CHECK(add(http::Method::del, "alias", "workspace/write", remove_alias));
  return add(http::Method::get, "alias", "workspace/read", get_alias);
}

}  // namespace ciclo::registry
