#include <algorithm>

#include "registry/endpoints.hpp"
#include "registry/forms.hpp"

namespace ciclo::registry {
namespace {

using tracking::Call;

constexpr std::size_t default_models = 100;
constexpr std::size_t max_models = 1000;

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
  CICLO_TRY(auto stages, call.arguments.texts("stages"));
  for (std::string& stage : stages) {
    CICLO_TRY(stage, canonical_stage(stage));
  }
  CICLO_TRY(const auto model, registry.get_model(name));
  Json answer = Json::object();
  for (const resources::Resource& version : model.latest_versions) {
    if (stages.empty() || std::ranges::find(stages, text_or(version.status, "stage", "None")) != stages.end())
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

std::vector<Endpoint> registered_model_endpoints() {
  using http::Method;
  // A name is the whole workspace's: who makes or changes one needs the right there.
  return {{Method::post, "registered-models/create", "workspace/write", create, {}},
          {Method::get, "registered-models/get", "workspace/read", get},
          {Method::post, "registered-models/rename", "workspace/write", rename, {}},
          {Method::patch, "registered-models/update", "workspace/write", update},
          {Method::del, "registered-models/delete", "workspace/write", remove},
          {Method::get, "registered-models/search", "workspace/read", search, {tracking::concerns::search_models()}},
          {Method::get, "registered-models/get-latest-versions", "workspace/read", latest_versions},
          {Method::post, "registered-models/get-latest-versions", "workspace/read", latest_versions},
          {Method::post, "registered-models/set-tag", "workspace/write", set_tag},
          {Method::del, "registered-models/delete-tag", "workspace/write", delete_tag},
          {Method::post, "registered-models/alias", "workspace/write", set_alias},
          {Method::del, "registered-models/alias", "workspace/write", remove_alias},
          {Method::get, "registered-models/alias", "workspace/read", get_alias}};
}

}  // namespace ciclo::registry
