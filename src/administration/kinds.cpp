#include "administration/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/access/persona.hpp"
#include "administration/secrets/vault.hpp"
#include "resources/service.hpp"
#include "schemas.hpp"

namespace ciclo::administration {
namespace {

using resources::CheckContext;
using resources::Draft;
using resources::Resource;

constexpr std::string_view creator_origin = "creator";

Result<void> check_empty(const CheckContext& context, const Resource& workspace) {
  CICLO_TRY(const auto row,
            context.session.query_one("SELECT kind, COUNT(*) FROM resources WHERE workspace = ? GROUP BY kind ORDER "
                                      "BY kind LIMIT 1",
                                      {workspace.key.name}));
  if (!row) return check_no_secrets(context.session, workspace.key.name);
  return fail(ErrorCode::conflict,
              fmt::format("workspace '{}' is not empty: it has {} of kind {}", workspace.key.name, row->integer(1),
                          row->text(0)),
              {}, "delete what is in it first, or archive the workspace");
}

Result<void> normalise_workspace(Draft& draft) {
  Json& spec = draft.resource.spec;
  if (!spec.contains("environment")) spec["environment"] = "pre-production";
  if (!spec.contains("personas")) spec["personas"] = "none";
  if (!spec.contains("display_name")) spec["display_name"] = draft.resource.key.name;
  return {};
}

Result<void> give_identity(sql::Session& session, IdentityService& identity, const std::string& workspace) {
  return identity.ensure_managed_in(session, workspace_identity(workspace),
                                    fmt::format("Identity of workspace '{}'", workspace));
}

// A new workspace: its own identity, and its creator as the owner.
Result<void> found(const CheckContext& context, const AdministrationKindParts& parts, const std::string& workspace) {
  CICLO_CHECK(give_identity(context.session, *parts.identity, workspace));
  if (context.caller.is_system()) return {};
  CICLO_CHECK(
      parts.access->assign_in(context.session, {.principal = context.caller.principal,
                                                .role = std::string(owner_role),
                                                .scope = {.workspace = workspace, .component = {}, .resource = {}},
                                                .origin = std::string(creator_origin),
                                                .created_by = context.caller.principal}));
  return {};
}

// The table of an environment gives and takes rights, so changing it needs as much as giving them by hand.
Result<void> change_personas(const CheckContext& context, AccessService& access, const Draft& draft) {
  const Resource& workspace = draft.resource;
  const std::string& name = workspace.key.name;
  if (draft.before != nullptr)
    CICLO_CHECK(
        access.require_may_give(context.caller, {.workspace = name, .component = {}, .resource = {}}, owner_role));
  if (text_or(workspace.spec, "personas") != "standard") return withdraw_personas(context.session, access, name);
  return apply_personas(context.session, access, name, environment_named(text_or(workspace.spec, "environment")),
                        context.caller.principal);
}

Result<void> check_workspace(const CheckContext& context, Draft& draft, const AdministrationKindParts& parts) {
  if (parts.access == nullptr) return {};
  const auto differs = [&](const char* field) {
    return member(draft.before->spec, field) != member(draft.resource.spec, field);
  };
  if (draft.before == nullptr) {
    CICLO_CHECK(found(context, parts, draft.resource.key.name));
    if (text_or(draft.resource.spec, "personas") != "standard") return {};
    return change_personas(context, *parts.access, draft);
  }
  const bool has_table = text_or(draft.resource.spec, "personas") == "standard";
  if (differs("personas") || (has_table && differs("environment")))
    return change_personas(context, *parts.access, draft);
  return {};
}

// What a role allows is changed for all who have it: the same right as giving it to each of them.
Result<void> require_may_change(const CheckContext& context, const std::string& role, const AccessService& access) {
  CICLO_TRY(const AccessFacts facts, access.store().read_facts(context.session));
  for (const Assignment& assignment : facts.assignments) {
    if (assignment.role != role) continue;
    auto may = access.require_may_give(context.caller, assignment.scope, role);
    if (may) continue;
    return fail(ErrorCode::denied,
                fmt::format("'{}' has the role {} of {}, and you may not give it", assignment.principal, role,
                            assignment.scope.sentence()),
                {}, "let somebody change it who may, or make another role");
  }
  return {};
}

Result<void> check_role(const CheckContext& context, Draft& draft, AccessService* access) {
  const std::string& name = draft.resource.key.name;
  CICLO_CHECK(role_of(name, draft.resource.spec));
  if (context.caller.is_system()) {
    draft.resource.status["built_in"] = true;
    return {};
  }
  const std::string short_name = text_or(draft.resource.spec, "short_name");
  if (find_built_in(name) != nullptr || !short_name.empty())
    return fail(ErrorCode::conflict,
                short_name.empty() ? fmt::format("'{}' is a built-in role", name)
                                   : std::string("built-in roles alone have a short name"),
                short_name.empty() ? "/name" : "/short_name", "choose another name");
  draft.resource.spec.erase("built_in");
  if (access == nullptr) return {};
  if (draft.before != nullptr) CICLO_CHECK(require_may_change(context, name, *access));
  access->reload_after_commit(context.session);
  return {};
}

// A role that somebody has is not taken from under them unseen.
Result<void> check_unused(const CheckContext& context, const Resource& role, AccessService& access) {
  if (find_built_in(role.key.name) != nullptr)
    return fail(ErrorCode::conflict, fmt::format("'{}' is a built-in role", role.key.name));
  CICLO_TRY(const AccessFacts facts, access.store().read_facts(context.session));
  const auto used = std::ranges::find(facts.assignments, role.key.name, &Assignment::role);
  if (used != facts.assignments.end())
    return fail(ErrorCode::conflict,
                fmt::format("'{}' has the role {} of {}", used->principal, role.key.name, used->scope.sentence()), {},
                "withdraw it first");
  access.reload_after_commit(context.session);
  return {};
}

}  // namespace

resources::Kind workspace_kind(AdministrationKindParts parts) {
  resources::Kind kind;
  kind.name = "workspace";
  kind.plural = "workspaces";
  kind.title = "workspace";
  kind.scope = resources::Scope::organisation;
  kind.component = "workspace";
  kind.schema = schemas::workspace;
  kind.columns = {{"NAME", "name"},
                  {"ENVIRONMENT", "environment"},
                  {"PERSONAS", "personas"},
                  {"DISPLAY NAME", "display_name"},
                  {"CREATED", "creation_context.created_at"}};
  kind.normalise = normalise_workspace;
  kind.check = [parts](const CheckContext& context, Draft& draft) { return check_workspace(context, draft, parts); };
  kind.check_delete = [parts](const CheckContext& context, const Resource& workspace) -> Result<void> {
    CICLO_CHECK(check_empty(context, workspace));
    if (parts.access == nullptr) return {};
    // What is said about it goes with it, so that a later workspace of that name begins with nobody in it.
    CICLO_CHECK(parts.access->store().erase_workspace(context.session, workspace.key.name));
    const std::string identity = workspace_identity(workspace.key.name);
    CICLO_CHECK(parts.access->store().erase_principal(context.session, identity));
    parts.access->reload_after_commit(context.session);
    return parts.identity->delete_user_in(context.session, identity);
  };
  return kind;
}

resources::Kind role_kind(AccessService* access) {
  resources::Kind kind;
  kind.name = "role";
  kind.plural = "roles";
  kind.title = "role";
  kind.scope = resources::Scope::organisation;
  kind.component = "organisation/roles";
  kind.schema = schemas::role;
  kind.columns = {{"NAME", "name"},
                  {"SHORT", "short_name"},
                  {"BUILT IN", "built_in"},
                  {"ACTIONS", "join(', ', actions)"},
                  {"NOT", "join(', ', not_actions)"}};
  kind.normalise = [](Draft& draft) -> Result<void> {
    Json& spec = draft.resource.spec;
    if (member(spec, "not_actions").is_null()) spec["not_actions"] = Json::array();
    return {};
  };
  kind.check = [access](const CheckContext& context, Draft& draft) { return check_role(context, draft, access); };
  kind.check_delete = [access](const CheckContext& context, const Resource& role) -> Result<void> {
    return access == nullptr ? Result<void>() : check_unused(context, role, *access);
  };
  return kind;
}

Result<void> ensure_built_in_roles(resources::ResourceService& service) {
  return service.parts().database.write([&](sql::Session& session) -> Result<void> {
    for (const RoleDefinition& role : built_in_roles()) {
      Json document = to_json(role);
      document["name"] = role.name;
      CICLO_CHECK(service.create_in(session, resources::Caller::system(),
                                    {.workspace = {},
                                     .kind = "role",
                                     .parent = {},
                                     .document = std::move(document),
                                     .owner = {},
                                     .links = {},
                                     .if_exists = resources::CreateRequest::IfExists::update}));
    }
    return {};
  });
}

Result<void> ensure_workspace_identities(resources::ResourceService& service, IdentityService& identity) {
  return service.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto names, session.query("SELECT name FROM resources WHERE kind = 'workspace'", {}));
    for (const sql::Row& row : names) CICLO_CHECK(give_identity(session, identity, row.text(0)));
    return {};
  });
}

}  // namespace ciclo::administration
