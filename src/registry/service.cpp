#include "registry/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "inner_loop/tracking/limits.hpp"
#include "registry/kinds.hpp"

namespace ciclo::registry {

using resources::Container;
using resources::Resource;
using resources::ResourceKey;

resources::ResourceKey key_of(const ModelName& model, const std::string& version) {
  return {.workspace = model.workspace, .kind = "model", .parent = {}, .name = model.name, .version = version};
}

namespace {

constexpr std::size_t max_tag_length = 100'000;

Result<void> check_tag(const std::string& key, const std::string& value) {
  if (key.empty() || key.size() > tracking::max_key_length) {
    return fail(ErrorCode::invalid, fmt::format("Invalid tag name '{}'", key.substr(0, 40)), "key");
  }
  if (value.size() > max_tag_length) {
    return fail(ErrorCode::invalid, fmt::format("Tag value of '{}' is longer than {}", key, max_tag_length), "value");
  }
  return {};
}

Result<std::string> canonical_stage(const std::string& stage) {
  for (const std::string_view known : {"None", "Staging", "Production", "Archived"})
    if (iequals(stage, known)) return std::string(known);
  return fail(ErrorCode::invalid, fmt::format("Invalid Model Version stage: {}", stage), "stage",
              "value must be one of None, Staging, Production, Archived");
}

}  // namespace

Result<Container> RegistryService::container_in(sql::Session& session, const ModelName& model) const {
  CICLO_TRY(auto found, resources_.parts().store.find_container(session, key_of(model)));
  if (found) return std::move(*found);
  return fail(ErrorCode::not_found, fmt::format("Registered Model with name={} not found", model.name),
              "models/" + model.name);
}

Result<std::vector<Resource>> RegistryService::versions_in(sql::Session& session, const ModelName& model) const {
  resources::ListRequest request{.workspace = model.workspace, .kind = "model"};
  request.name = model.name;
  request.include_archived = true;
  request.limit = 1000;
  std::vector<Resource> versions;
  do {
    CICLO_TRY(auto page, resources_.parts().store.list(session, request));
    for (Resource& item : page.items) versions.push_back(std::move(item));
    request.page_token = page.next_page_token;
  } while (!request.page_token.empty());
  return versions;
}

Result<RegisteredModel> RegistryService::with_versions(sql::Session& session, Container container) const {
  CICLO_TRY(auto versions, versions_in(session, {container.workspace, container.name}));
  RegisteredModel model{.container = std::move(container), .latest_versions = {}};
  std::map<std::string, bool> seen;
  for (Resource& version : versions)  // the newest first
    if (!std::exchange(seen[text_or(version.status, "stage", "None")], true))
      model.latest_versions.push_back(std::move(version));
  return model;
}

Result<void> RegistryService::record(sql::Session& session, const Caller& caller, const ResourceKey& key,
                                     const Change& change) {
  const std::string subject = key.subject();
  CICLO_TRY(const auto decision, resources::require(resources_.parts().access, caller, "workspace/write",
                                                    resources::Place(std::string_view(key.workspace), subject)));
  events::Event event;
  event.type = "ciclo.model." + change.what;
  event.source = "/workspaces/" + key.workspace;
  event.subject = subject;
  event.workspace = key.workspace;
  event.actor = caller.principal;
  event.data = {{"kind", "model"}, {"name", key.name}};
  if (!key.version.empty()) event.data["version"] = key.version;
  for (const auto& [name, value] : change.data.items()) event.data[name] = value;
  return resources_.record_in(session,
                              {.caller = caller,
                               .action = "workspace/write",
                               .operation = change.operation,
                               .workspace = key.workspace,
                               .target = key.path(),
                               .decision = decision,
                               .detail = change.data},
                              std::move(event));
}

Result<RegisteredModel> RegistryService::create_model(const Caller& caller, const NewModel& request) {
  CICLO_CHECK(check_model_name(request.model.name));
  for (const tracking::Tag& tag : request.tags) CICLO_CHECK(check_tag(tag.key, tag.value));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<RegisteredModel> {
    const ResourceKey workspace{
        .workspace = {}, .kind = "workspace", .parent = {}, .name = request.model.workspace, .version = {}};
    CICLO_CHECK(resources_.parts().store.get(session, workspace));
    CICLO_TRY(const auto taken, resources_.parts().store.find_container(session, key_of(request.model)));
    if (taken) {
      return fail(ErrorCode::already_exists,
                  fmt::format("Registered Model (name={}) already exists", request.model.name));
    }
    Container container;
    container.workspace = request.model.workspace;
    container.kind = "model";
    container.name = request.model.name;
    container.description = request.description;
    container.created_by = caller.principal;
    for (const tracking::Tag& tag : request.tags) container.tags[tag.key] = tag.value;
    CICLO_TRY(auto stored, resources_.parts().store.put_container(session, std::move(container)));
    CICLO_CHECK(record(session, caller, key_of(request.model), {.what = "registered", .operation = "create"}));
    return RegisteredModel{.container = std::move(stored), .latest_versions = {}};
  });
}

Result<RegisteredModel> RegistryService::get_model(const ModelName& model) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_TRY(auto container, container_in(session, model));
    return with_versions(session, std::move(container));
  });
}

Result<RegisteredModel> RegistryService::rename_model(const Caller& caller, const ModelName& model,
                                                      const std::string& new_name) {
  CICLO_CHECK(check_model_name(new_name));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_CHECK(container_in(session, model));
    const ModelName renamed{model.workspace, new_name};
    CICLO_TRY(const auto taken, resources_.parts().store.find_container(session, key_of(renamed)));
    if (taken)
      return fail(ErrorCode::already_exists, fmt::format("Registered Model (name={}) already exists", new_name));
    CICLO_CHECK(resources_.parts().store.rename_container(session, key_of(model), new_name));
    if (const auto& tell = resources_.parts().renamed)
      CICLO_CHECK(tell(session, key_of(model), key_of(renamed)));
    CICLO_CHECK(record(session, caller, key_of(renamed),
                       {.what = "renamed", .operation = "rename", .data = {{"old_name", model.name}}}));
    CICLO_TRY(auto container, container_in(session, renamed));
    return with_versions(session, std::move(container));
  });
}

Result<RegisteredModel> RegistryService::change_model(const Caller& caller, const ModelName& model,
                                                      const ModelChange& change) {
  for (const auto& [key, value] : change.tags) CICLO_CHECK(check_tag(key, value.value_or("")));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_TRY(auto container, container_in(session, model));
    if (change.description) container.description = *change.description;
    for (const auto& [key, value] : change.tags) {
      if (value) container.tags[key] = *value;
      else container.tags.erase(key);
    }
    CICLO_TRY(auto stored, resources_.parts().store.put_container(session, std::move(container)));
    CICLO_CHECK(record(session, caller, key_of(model), {.what = "updated", .operation = "update"}));
    return with_versions(session, std::move(stored));
  });
}

Result<void> RegistryService::delete_model(const Caller& caller, const ModelName& model) {
  return resources_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(container_in(session, model));
    CICLO_CHECK(resources_.parts().store.erase_container(session, key_of(model)));
    if (const auto& erased = resources_.parts().erased) CICLO_CHECK(erased(session, key_of(model)));
    return record(session, caller, key_of(model), {.what = "deleted", .operation = "delete"});
  });
}

Result<void> RegistryService::delete_version(const Caller& caller, const ResourceKey& key) {
  return resources_.remove(caller, key);
}

Result<Resource> RegistryService::get_version(const ModelName& model, const std::string& version) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(auto found, resources_.parts().store.find(session, key_of(model, version)));
    if (found) return std::move(*found);
    return fail(ErrorCode::not_found, fmt::format("Model Version (name={}, version={}) not found", model.name, version),
                fmt::format("models/{}:{}", model.name, version));
  });
}

Result<Resource> RegistryService::change_version(const Caller& caller, const ResourceKey& key,
                                                 const ModelChange& change) {
  Json patch = Json::object();
  if (change.description) patch["description"] = *change.description;
  for (const auto& [name, value] : change.tags) {
    CICLO_CHECK(check_tag(name, value.value_or("")));
    patch["tags"][name] = value ? Json(*value) : Json(nullptr);
  }
  CICLO_CHECK(get_version({key.workspace, key.name}, key.version));
  return resources_.update(caller, {.key = key, .patch = std::move(patch), .expected_revision = std::nullopt});
}

Result<Resource> RegistryService::set_stage(const Caller& caller, const ResourceKey& key, const std::string& stage,
                                            bool archive_others) {
  CICLO_TRY(const auto wanted, canonical_stage(stage));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(const auto versions, versions_in(session, {key.workspace, key.name}));
    const auto move_to = [&](const ResourceKey& version, const std::string& to) {
      return resources_.change_status_in(session, version,
                                         [&](Resource& resource) {
                                           resource.status["stage"] = to;
                                           return true;
                                         },
                                         {});
    };
    for (const Resource& other : versions) {
      if (!archive_others || other.key == key || text_or(other.status, "stage") != wanted) continue;
      CICLO_CHECK(move_to(other.key, "Archived"));
    }
    CICLO_TRY(auto changed, move_to(key, wanted));
    CICLO_CHECK(record(session, caller, key,
                       {.what = "stage_changed", .operation = "transition stage", .data = {{"stage", wanted}}}));
    return changed;
  });
}

}  // namespace ciclo::registry
