#include "registry/endpoints.hpp"
#include "registry/forms.hpp"
#include "registry/handlers.hpp"

namespace ciclo::registry {
namespace {

using tracking::Call;

constexpr std::size_t default_versions = 10'000;
constexpr std::size_t max_versions = 200'000;

Result<resources::ResourceKey> version_of(const Call& call) {
  CICLO_TRY(const auto model, name_of(call));
  CICLO_TRY(const auto version, call.arguments.required_text("version"));
  return key_of(model, version);
}

// With the aliases that point to it.
Result<Json> version_json(RegistryService& registry, const resources::Resource& version) {
  CICLO_TRY(const auto model, registry.get_model({version.key.workspace, version.key.name}));
  return Json{{"model_version", to_json(version, &model.container)}};
}

Result<Json> create(RegistryService& registry, const Call& call) {
  NewVersion request;
  CICLO_TRY(request.model, name_of(call));
  CICLO_TRY(request.source, call.arguments.required_text("source"));
  CICLO_TRY(request.run_id, call.arguments.text("run_id"));
  CICLO_TRY(request.run_link, call.arguments.text("run_link"));
  CICLO_TRY(request.model_id, call.arguments.text("model_id"));
  CICLO_TRY(request.description, call.arguments.text("description"));
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(const auto version, registry.create_version(call.caller, request));
  return Json{{"model_version", to_json(version)}};
}

Result<Json> get(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(const auto version, registry.get_version({key.workspace, key.name}, key.version));
  return version_json(registry, version);
}

Result<Json> update(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(auto description, call.arguments.text("description"));
  CICLO_TRY(const auto version, registry.change_version(call.caller, key, {.description = description, .tags = {}}));
  return version_json(registry, version);
}

Result<Json> remove(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(std::ignore, registry.get_version({key.workspace, key.name}, key.version));
  CICLO_CHECK(registry.delete_version(call.caller, key));
  return Json::object();
}

Result<Json> transition(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  RegistryService::StageChange change;
  CICLO_TRY(change.stage, call.arguments.required_text("stage"));
  CICLO_TRY(change.archive_others, call.arguments.flag("archive_existing_versions"));
  CICLO_TRY(std::ignore, registry.get_version({key.workspace, key.name}, key.version));
  CICLO_TRY(const auto version, registry.set_stage(call.caller, key, change));
  return version_json(registry, version);
}

Result<Json> set_tag(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(const auto name, call.arguments.required_text("key"));
  CICLO_TRY(const auto value, call.arguments.text("value"));
  CICLO_CHECK(registry.change_version(call.caller, key, {.description = std::nullopt, .tags = {{name, value}}}));
  return Json::object();
}

Result<Json> delete_tag(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(const auto name, call.arguments.required_text("key"));
  CICLO_CHECK(registry.change_version(call.caller, key, {.description = std::nullopt, .tags = {{name, std::nullopt}}}));
  return Json::object();
}

Result<Json> search(RegistryService& registry, const Call& call) {
  RegistrySearch request;
  request.workspace = call.workspace;
  if (auto reach = resources::reach_of(call.request, "model"); !reach.everything)
    request.only_names = std::move(reach.names);
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_versions, max_versions));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, registry.search_versions(request));
  Json answer = Json::object();
  for (const resources::Resource& version : page.items) answer["model_versions"].push_back(to_json(version));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> get_download_uri(RegistryService& registry, const Call& call) {
  CICLO_TRY(const auto key, version_of(call));
  CICLO_TRY(const auto version, registry.get_version({key.workspace, key.name}, key.version));
  // Who reaches the model alone gets at its files by the model, wherever they came from.
  const bool by_model = !resources::reach_of(call.request, "model").everything;
  return Json{{"artifact_uri", by_model ? shared_uri(version) : download_uri(version)}};
}

}  // namespace

std::vector<Endpoint> model_version_endpoints() {
  using http::Method;
  return {{Method::post, "model-versions/create", "workspace/write", create},
          {Method::get, "model-versions/get", "workspace/read", get},
          {Method::patch, "model-versions/update", "workspace/write", update},
          {Method::del, "model-versions/delete", "workspace/write", remove},
          {Method::post, "model-versions/transition-stage", "workspace/write", transition},
          {Method::post, "model-versions/set-tag", "workspace/write", set_tag},
          {Method::del, "model-versions/delete-tag", "workspace/write", delete_tag},
          {Method::get, "model-versions/search", "workspace/read", search, {tracking::concerns::search_models()}},
          {Method::get, "model-versions/get-download-uri", "workspace/read", get_download_uri}};
}

}  // namespace ciclo::registry
