#include "resources/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.hpp"

namespace ciclo::resources {
namespace {

enum class Intent : std::uint8_t { read, write };

// What a caller needs for a resource of this kind, and where.
struct Need {
  std::string action;
  std::string workspace;
  std::string resource;  // its subject; a child is guarded by its parent

  Place place() const { return {std::string_view(workspace), resource}; }
};

std::string guarding_subject(const Kind& kind, const ResourceKey& key) {
  if (kind.parent_kind.empty()) return key.subject();
  return ResourceKey{.workspace = {}, .kind = kind.parent_kind, .parent = {}, .name = key.parent, .version = {}}
      .subject();
}

// A workspace guards itself; making one is the organisation's, and so is everything about other kinds of it.
Need need_of(const Kind& kind, const ResourceKey& key, Intent intent, bool creates = false) {
  const bool reads = intent == Intent::read;
  if (kind.scope == Scope::workspace)
    return {fmt::format("{}/{}", kind.component, reads ? "read" : "write"), key.workspace, guarding_subject(kind, key)};
  if (kind.name != "workspace") return {fmt::format("{}/{}", kind.component, reads ? "read" : "manage"), "", ""};
  if (creates) return {"organisation/manage", "", ""};
  return {reads ? "workspace/read" : "workspace/manage", key.name, ""};
}

// Takes `key` out of `object`; null when it is not there.
Json take(Json& object, const char* key) {
  Json value = member(object, key);
  object.erase(key);
  return value;
}

// Versions may be written as numbers in YAML.
std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : to_text(value);
}

// The document a person would write to get this resource.
Json document_of(const Resource& resource) {
  Json document = {{"name", resource.key.name}};
  if (!resource.key.version.empty()) document["version"] = resource.key.version;
  for (const auto& [key, value] : resource.spec.items()) document[key] = value;
  if (!resource.tags.empty()) document["tags"] = resource.tags;
  return document;
}

Result<void> check_asset_change(const Kind& kind, const Resource& before, const Resource& after) {
  static constexpr std::array<std::string_view, 3> may_change = {"description", "properties", "display_name"};
  for (const Json* side : {&before.spec, &after.spec})
    for (const auto& [key, value] : side->items()) {
      if (std::ranges::find(may_change, key) != may_change.end()) continue;
      if (member(before.spec, key) != member(after.spec, key))
        return fail(ErrorCode::conflict, fmt::format("a {} version never changes: '{}' cannot be set", kind.title, key),
                    "/" + escape_pointer_token(key),
                    "create a new version; tags, description and properties may change");
    }
  return {};
}

}  // namespace

Result<const Kind*> ResourceService::kind_of(const std::string& name) const {
  if (const Kind* kind = parts_.kinds.find(name)) return kind;
  return fail(ErrorCode::not_found, fmt::format("there is no kind of resource '{}'", name));
}

Result<Draft> ResourceService::make_draft(const Kind& kind, CreateRequest& request) const {
  if (!request.document.is_object())
    return fail(ErrorCode::invalid, fmt::format("expected a {} as key: value pairs", kind.title));
  CICLO_CHECK(parts_.kinds.validate(kind, request.document));
  Draft draft;
  Json& spec = request.document;
  spec.erase("$schema");
  Resource& resource = draft.resource;
  resource.key = {
      .workspace = request.workspace, .kind = kind.name, .parent = request.parent, .name = {}, .version = {}};
  resource.key.name = as_text(take(spec, "name"));
  const Json version = take(spec, "version");
  if (kind.versioning == Versioning::versions) resource.key.version = as_text(version);
  if (resource.key.name.empty() && kind.generates_name) resource.key.name = new_friendly_name();
  if (resource.key.name.empty())
    return fail(ErrorCode::invalid, fmt::format("the {} has no name", kind.title), "/name",
                "add 'name:' or give --name");
  CICLO_CHECK(kind.check_name ? kind.check_name(resource.key.name) : check_name(resource.key.name, "name"));
  if (!resource.key.version.empty()) CICLO_CHECK(check_name(resource.key.version, "version"));
  const Json tags = take(spec, "tags");
  for (const auto& [key, value] : tags.items()) resource.tags[key] = as_text(value);
  resource.owner = request.owner;
  resource.status = std::move(request.status);
  resource.spec = std::move(spec);
  draft.links = std::move(request.links);
  if (kind.normalise) CICLO_CHECK(kind.normalise(draft));
  return draft;
}

Result<Resource> ResourceService::insert_in(sql::Session& session, const Caller& caller, const Kind& kind,
                                            Draft draft) {
  const Need need = need_of(kind, draft.resource.key, Intent::write, true);
  CICLO_TRY(const Decision decision, require(parts_.access, caller, need.action, need.place()));
  if (kind.scope == Scope::workspace) {
    const ResourceKey home{
        .workspace = {}, .kind = "workspace", .parent = {}, .name = draft.resource.key.workspace, .version = {}};
    CICLO_CHECK(parts_.store.get(session, home));
  }
  if (!kind.parent_kind.empty()) {
    const ResourceKey parent{.workspace = draft.resource.key.workspace,
                             .kind = kind.parent_kind,
                             .parent = {},
                             .name = draft.resource.key.parent,
                             .version = {}};
    CICLO_CHECK(parts_.store.get(session, parent));
  }
  if (kind.versioning == Versioning::versions && draft.resource.key.version.empty()) {
    CICLO_TRY(draft.resource.key.version, parts_.store.next_version(session, draft.resource.key));
  }
  draft.resource.created_by = caller.accountable();
  if (kind.check) {
    const CheckContext context{session, parts_.store, parts_.access, caller, parts_.clock.now()};
    CICLO_CHECK(kind.check(context, draft));
  }
  Json data = Json::object();
  if (kind.versioning == Versioning::versions) {
    CICLO_TRY(const auto container, parts_.store.find_container(session, draft.resource.key));
    if (!container) data["is_first_version"] = true;
  }
  CICLO_TRY(Resource stored, parts_.store.insert(session, std::move(draft.resource)));
  CICLO_CHECK(parts_.store.link(session, draft.links));
  CICLO_CHECK(announce(session, kind, stored, "created", caller.principal, data));
  CICLO_CHECK(parts_.audit.record(session, {.caller = caller,
                                            .action = need.action,
                                            .operation = "create",
                                            .workspace = need.workspace,
                                            .target = stored.key.path(),
                                            .decision = decision}));
  return stored;
}

Result<Resource> ResourceService::rewrite_in(sql::Session& session, const Caller& caller, const Kind& kind,
                                             Draft draft) {
  const Resource& before = *draft.before;
  const Need need = need_of(kind, before.key, Intent::write);
  CICLO_TRY(const Decision decision, require(parts_.access, caller, need.action, need.place()));
  if (before.deleting)
    return fail(ErrorCode::conflict, fmt::format("{} '{}' is being deleted", kind.title, before.key.name));
  Resource after = before;
  after.tags = draft.resource.tags;
  after.spec = draft.resource.spec;
  if (kind.mutability == Mutability::asset) CICLO_CHECK(check_asset_change(kind, before, after));
  if (after.spec == before.spec && after.tags == before.tags) return after;
  if (after.spec != before.spec) ++after.generation;
  after.updated_by = caller.principal;
  draft.resource = std::move(after);
  if (kind.check) {
    const CheckContext context{session, parts_.store, parts_.access, caller, parts_.clock.now()};
    CICLO_CHECK(kind.check(context, draft));
  }
  CICLO_TRY(Resource stored, parts_.store.update(session, std::move(draft.resource)));
  CICLO_CHECK(parts_.store.link(session, draft.links));
  Json data = Json::object();
  if (Json tags = changed_tags(before.tags, stored.tags); !tags.empty()) data["changed_tags"] = std::move(tags);
  CICLO_CHECK(announce(session, kind, stored, "updated", caller.principal, data));
  CICLO_CHECK(parts_.audit.record(session, {.caller = caller,
                                            .action = need.action,
                                            .operation = "update",
                                            .workspace = need.workspace,
                                            .target = stored.key.path(),
                                            .decision = decision}));
  return stored;
}

Result<Resource> ResourceService::create_in(sql::Session& session, const Caller& caller, CreateRequest request) {
  CICLO_TRY(const Kind* kind, kind_of(request.kind));
  const auto if_exists = request.if_exists;
  CICLO_CHECK(require_may_begin(caller, *kind, request));
  CICLO_TRY(Draft draft, make_draft(*kind, request));
  if (if_exists == CreateRequest::IfExists::update) {
    CICLO_TRY(const auto before, parts_.store.find(session, draft.resource.key));
    if (before) {
      if (!kind->can_update)
        return fail(ErrorCode::already_exists, fmt::format("there is already a {} '{}'", kind->title, before->key.name),
                    "/name");
      draft.before = &*before;
      return rewrite_in(session, caller, *kind, std::move(draft));
    }
  }
  return insert_in(session, caller, *kind, std::move(draft));
}

// Workspaces have a guard at their routes; what lies above them is judged before anything of the document is.
Result<void> ResourceService::require_may_begin(const Caller& caller, const Kind& kind,
                                                const CreateRequest& request) const {
  if (kind.scope == Scope::workspace) return {};
  const ResourceKey key{.workspace = {},
                        .kind = kind.name,
                        .parent = {},
                        .name = as_text(member(request.document, "name")),
                        .version = {}};
  const auto require_for = [&](bool creates) {
    const Need need = need_of(kind, key, Intent::write, creates);
    return require(parts_.access, caller, need.action, need.place());
  };
  const auto creates = require_for(true);
  const bool may_update = request.if_exists == CreateRequest::IfExists::update && require_for(false);
  return creates || may_update ? Result<void>() : Result<void>(Failure(creates.error()));
}

Result<Resource> ResourceService::create(const Caller& caller, CreateRequest request) {
  return parts_.database.write([&](sql::Session& session) { return create_in(session, caller, request); });
}

Result<Resource> ResourceService::update(const Caller& caller, const UpdateRequest& request) {
  CICLO_TRY(const Kind* kind, kind_of(request.key.kind));
  return parts_.database.write([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(const Resource before, parts_.store.get(session, request.key));
    if (!kind->can_update) return fail(ErrorCode::unsupported, fmt::format("a {} cannot be updated", kind->title));
    if (request.expected_revision && *request.expected_revision != before.revision)
      return fail(ErrorCode::conflict, fmt::format("{} '{}' was changed meanwhile", kind->title, before.key.name), {},
                  "read it again and repeat the change");
    CreateRequest changed{.workspace = before.key.workspace,
                          .kind = kind->name,
                          .parent = before.key.parent,
                          .document = document_of(before),
                          .owner = before.owner,
                          .status = before.status,
                          .links = {}};
    merge_patch(changed.document, request.patch);
    CICLO_TRY(Draft draft, make_draft(*kind, changed));
    if (draft.resource.key != before.key)
      return fail(ErrorCode::invalid, "name and version cannot be changed by an update", "/name");
    draft.before = &before;
    return rewrite_in(session, caller, *kind, std::move(draft));
  });
}

Result<Resource> ResourceService::set_archived(const Caller& caller, const ResourceKey& key, bool archived) {
  CICLO_TRY(const Kind* kind, kind_of(key.kind));
  const std::string_view operation = archived ? "archive" : "restore";
  return parts_.database.write([&](sql::Session& session) -> Result<Resource> {
    const Need need = need_of(*kind, key, Intent::write);
    CICLO_TRY(const Decision decision, require(parts_.access, caller, need.action, need.place()));
    CICLO_TRY(Resource resource, parts_.store.get(session, key));
    if (resource.archived == archived) return resource;
    resource.archived = archived;
    resource.updated_by = caller.principal;
    CICLO_TRY(Resource stored, parts_.store.update(session, std::move(resource)));
    CICLO_CHECK(announce(session, *kind, stored, archived ? "archived" : "restored", caller.principal, Json::object()));
    CICLO_CHECK(parts_.audit.record(session, {.caller = caller,
                                              .action = need.action,
                                              .operation = std::string(operation),
                                              .workspace = need.workspace,
                                              .target = key.path(),
                                              .decision = decision}));
    return stored;
  });
}

Result<void> ResourceService::erase_in(sql::Session& session, const Kind& kind, const Resource& resource,
                                       const std::string& actor) {
  CICLO_CHECK(parts_.store.erase(session, resource.key));
  if (parts_.erased) CICLO_CHECK(parts_.erased(session, resource.key));
  return announce(session, kind, resource, "deleted", actor, Json::object());
}

Result<void> ResourceService::remove(const Caller& caller, const ResourceKey& key) {
  CICLO_TRY(const Kind* kind, kind_of(key.kind));
  return parts_.database.write([&](sql::Session& session) -> Result<void> {
    const Need need = need_of(*kind, key, Intent::write);
    CICLO_TRY(const Decision decision, require(parts_.access, caller, need.action, need.place()));
    CICLO_TRY(Resource resource, parts_.store.get(session, key));
    if (!kind->can_delete)
      return fail(ErrorCode::unsupported, fmt::format("a {} cannot be deleted", kind->title), {}, "archive it");
    if (kind->check_delete) {
      const CheckContext context{session, parts_.store, parts_.access, caller, parts_.clock.now()};
      CICLO_CHECK(kind->check_delete(context, resource));
    }
    CICLO_CHECK(parts_.audit.record(session, {.caller = caller,
                                              .action = need.action,
                                              .operation = "delete",
                                              .workspace = need.workspace,
                                              .target = key.path(),
                                              .decision = decision}));
    if (!kind->has_finalizer) {
      return erase_in(session, *kind, resource, caller.principal);
    }
    if (resource.deleting) return {};
    resource.deleting = true;
    resource.updated_by = caller.principal;
    CICLO_TRY(const Resource stored, parts_.store.update(session, std::move(resource)));
    return announce(session, *kind, stored, "deleting", caller.principal, Json::object());
  });
}

Result<void> ResourceService::finish_delete(const ResourceKey& key) {
  CICLO_TRY(const Kind* kind, kind_of(key.kind));
  return parts_.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto resource, parts_.store.find(session, key));
    if (!resource) return {};
    return erase_in(session, *kind, *resource, resource->updated_by);
  });
}

Result<Resource> ResourceService::get(const Caller& caller, const ResourceKey& key) {
  CICLO_TRY(const Kind* kind, kind_of(key.kind));
  const Need need = need_of(*kind, key, Intent::read);
  CICLO_CHECK(require(parts_.access, caller, need.action, need.place()));
  return parts_.database.read([&](sql::Session& session) { return parts_.store.get(session, key); });
}

Result<Resource> ResourceService::resolve_in(sql::Session& session, const std::string& kind,
                                             const std::string& workspace, const Reference& reference) const {
  CICLO_TRY(const Kind* of, kind_of(kind));
  ResourceKey key{.workspace = reference.workspace.empty() ? workspace : reference.workspace,
                  .kind = kind,
                  .parent = {},
                  .name = reference.name,
                  .version = reference.version};
  if (of->versioning == Versioning::none) key.version.clear();
  else if (key.version.empty()) {
    CICLO_TRY(key.version,
              parts_.store.version_of_label(session, key, reference.label.empty() ? "latest" : reference.label));
  }
  return parts_.store.get(session, key);
}

Result<Resource> ResourceService::resolve(const Caller& caller, const std::string& kind, const std::string& workspace,
                                          const std::string& reference) {
  CICLO_TRY(const Kind* of, kind_of(kind));
  CICLO_TRY(const Reference parsed, parse_reference(reference));
  const std::string& home = parsed.workspace.empty() ? workspace : parsed.workspace;
  const ResourceKey key{.workspace = home, .kind = kind, .parent = {}, .name = parsed.name, .version = {}};
  CICLO_CHECK(require(parts_.access, caller, of->component + "/read", Place(std::string_view(home), key.subject())));
  return parts_.database.read([&](sql::Session& session) { return resolve_in(session, kind, workspace, parsed); });
}

Result<Resource> ResourceService::change_status_in(sql::Session& session, const ResourceKey& key,
                                                   const std::function<bool(Resource&)>& mutate,
                                                   const StatusChange& change) {
  CICLO_TRY(const Kind* kind, kind_of(key.kind));
  CICLO_TRY(Resource resource, parts_.store.get(session, key));
  if (!mutate(resource)) return resource;
  CICLO_TRY(Resource stored, parts_.store.update(session, std::move(resource)));
  CICLO_CHECK(parts_.store.link(session, change.links));
  if (!change.event.empty()) CICLO_CHECK(announce(session, *kind, stored, change.event, "system", change.event_data));
  return stored;
}

Result<Resource> ResourceService::change_status(const ResourceKey& key, const std::function<bool(Resource&)>& mutate,
                                                const StatusChange& change) {
  return parts_.database.write([&](sql::Session& session) { return change_status_in(session, key, mutate, change); });
}

}  // namespace ciclo::resources
