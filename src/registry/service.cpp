#include "registry/service.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/limits.hpp"
#include "registry/kinds.hpp"
#include "registry/model_index.hpp"

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

// What an event of a registered model tells of it.
Json event_data_of(const Container& model) {
  return {{"tags", model.tags}, {"description", model.description}};
}

Failure already_exists(const Container& taken, const std::string& name, bool as_prompt) {
  if (is_prompt(taken.tags) == as_prompt)
    return fail(ErrorCode::already_exists,
                fmt::format("{} (name={}) already exists", as_prompt ? "Prompt" : "Registered Model", name));
  return fail(ErrorCode::already_exists,
              fmt::format("Tried to create a {} with name '{}', but the name is already taken by a {}. MLflow does not "
                          "allow creating a model and a prompt with the same name",
                          as_prompt ? "prompt" : "registered model", name, as_prompt ? "registered model" : "prompt"));
}

}  // namespace

Result<std::string> canonical_stage(const std::string& stage) {
  for (const std::string_view known : {"None", "Staging", "Production", "Archived"})
    if (iequals(stage, known)) return std::string(known);
  return fail(ErrorCode::invalid, fmt::format("Invalid Model Version stage: {}", stage), "stage",
              "value must be one of None, Staging, Production, Archived");
}

Result<Container> RegistryService::container_in(sql::Session& session, const ModelName& model) const {
  CICLO_TRY(auto found, resources_.parts().store.find_container(session, key_of(model)));
  if (found) return std::move(*found);
  return fail(ErrorCode::not_found, fmt::format("Registered Model with name={} not found", model.name),
              "models/" + model.name);
}

Result<RegisteredModel> RegistryService::with_latest(sql::Session& session, Container container) const {
  std::vector<Container> one;
  one.push_back(std::move(container));
  CICLO_TRY(auto models, with_latest(session, std::move(one)));
  return std::move(models.front());
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
  Json detail = change.data;  // of the content itself the audit log keeps nothing
  for (const char* content : {"tags", "description", "changed_tags"}) detail.erase(content);
  return resources_.record_in(session,
                              {.caller = caller,
                               .action = "workspace/write",
                               .operation = change.operation,
                               .workspace = key.workspace,
                               .target = key.path(),
                               .decision = decision,
                               .detail = std::move(detail)},
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
    Container container;
    container.workspace = request.model.workspace;
    container.kind = "model";
    container.name = request.model.name;
    container.description = request.description;
    container.created_by = caller.principal;
    for (const tracking::Tag& tag : request.tags) container.tags[tag.key] = tag.value;
    if (taken) return already_exists(*taken, request.model.name, is_prompt(container.tags));
    CICLO_TRY(auto stored, resources_.parts().store.put_container(session, std::move(container)));
    CICLO_CHECK(record(session, caller, key_of(request.model),
                       {.what = "registered", .operation = "create", .data = event_data_of(stored)}));
    return RegisteredModel{.container = std::move(stored), .latest_versions = {}};
  });
}

Result<RegisteredModel> RegistryService::get_model(const ModelName& model) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_TRY(auto container, container_in(session, model));
    return with_latest(session, std::move(container));
  });
}

Result<RegisteredModel> RegistryService::rename_model(const Caller& caller, const ModelName& model,
                                                      const std::string& new_name) {
  CICLO_CHECK(check_model_name(new_name));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_TRY(auto before, container_in(session, model));
    if (new_name == model.name) return with_latest(session, std::move(before));
    const ModelName renamed{model.workspace, new_name};
    CICLO_TRY(const auto taken, resources_.parts().store.find_container(session, key_of(renamed)));
    if (taken) return already_exists(*taken, new_name, is_prompt(before.tags));
    CICLO_CHECK(resources_.parts().store.rename_container(session, key_of(model), new_name));
    if (const auto& tell = resources_.parts().renamed) CICLO_CHECK(tell(session, key_of(model), key_of(renamed)));
    CICLO_CHECK(record(session, caller, key_of(renamed),
                       {.what = "renamed", .operation = "rename", .data = {{"old_name", model.name}}}));
    CICLO_TRY(auto container, container_in(session, renamed));
    return with_latest(session, std::move(container));
  });
}

Result<RegisteredModel> RegistryService::change_model(const Caller& caller, const ModelName& model,
                                                      const ModelChange& change) {
  for (const auto& [key, value] : change.tags) CICLO_CHECK(check_tag(key, value.value_or("")));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<RegisteredModel> {
    CICLO_TRY(auto container, container_in(session, model));
    if (change.description) container.description = *change.description;
    const Json tags_before = container.tags;
    for (const auto& [key, value] : change.tags) {
      if (value) container.tags[key] = *value;
      else container.tags.erase(key);
    }
    CICLO_TRY(auto stored, resources_.parts().store.put_container(session, std::move(container)));
    Json data = event_data_of(stored);
    if (Json tags = resources::changed_tags(tags_before, stored.tags); !tags.empty())
      data["changed_tags"] = std::move(tags);
    CICLO_CHECK(
        record(session, caller, key_of(model), {.what = "updated", .operation = "update", .data = std::move(data)}));
    return with_latest(session, std::move(stored));
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
    if (!parse_int(version))
      return fail(ErrorCode::invalid,
                  fmt::format("Parameter 'version' must be an integer, got '{}'", version.substr(0, 40)), "version");
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

Result<Resource> RegistryService::set_stage(const Caller& caller, const ResourceKey& key, const StageChange& change) {
  CICLO_TRY(const auto wanted, canonical_stage(change.stage));
  if (change.archive_others && wanted != "Staging" && wanted != "Production") {
    return fail(ErrorCode::invalid,
                fmt::format("Model version transition cannot archive existing model versions because '{}' is not an "
                            "Active stage",
                            change.stage),
                "archive_existing_versions", "valid stages are Staging and Production");
  }
  return resources_.parts().database.write([&](sql::Session& session) -> Result<Resource> {
    const auto move_to = [&](const ResourceKey& version, const std::string& to) -> Result<Resource> {
      const auto set = [&](Resource& resource) {
        resource.status["stage"] = to;
        return true;
      };
      CICLO_TRY(auto changed, resources_.change_status_in(session, version, set, {}));
      CICLO_CHECK(record(session, caller, version,
                         {.what = "stage_changed", .operation = "transition stage", .data = {{"stage", to}}}));
      return changed;
    };
    std::vector<std::int64_t> others;
    if (change.archive_others) {
      CICLO_TRY(others, ModelIndex::versions_in_stage(session, key, wanted));
    }
    CICLO_TRY(const auto in_stage, resources_.parts().store.find_all(session, others));
    for (const Resource& other : in_stage)
      if (other.key != key) CICLO_CHECK(move_to(other.key, "Archived"));
    CICLO_TRY(auto moved, move_to(key, wanted));
    // The model itself has changed, too.
    CICLO_TRY(auto container, container_in(session, {key.workspace, key.name}));
    CICLO_CHECK(resources_.parts().store.put_container(session, std::move(container)));
    return moved;
  });
}

}  // namespace ciclo::registry
