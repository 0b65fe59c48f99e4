#include "administration/kinds.hpp"

#include <fmt/format.h>

#include "administration/secrets/vault.hpp"
#include "schemas.hpp"

namespace ciclo::administration {
namespace {

Result<void> check_empty(const resources::CheckContext& context, const resources::Resource& workspace) {
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

}  // namespace

resources::Kind workspace_kind(AccessService* access) {
  resources::Kind kind;
  kind.name = "workspace";
  kind.plural = "workspaces";
  kind.title = "workspace";
  kind.scope = resources::Scope::organisation;
  kind.component = "workspace";
  kind.schema = schemas::workspace;
  kind.columns = {{"NAME", "name"},
                  {"ENVIRONMENT", "environment"},
                  {"DISPLAY NAME", "display_name"},
                  {"CREATED", "creation_context.created_at"}};
  kind.normalise = [](resources::Draft& draft) -> Result<void> {
    Json& spec = draft.resource.spec;
    if (!spec.contains("environment")) spec["environment"] = "pre-production";
    if (!spec.contains("display_name")) spec["display_name"] = draft.resource.key.name;
    return {};
  };
  kind.check = [access](const resources::CheckContext& context, resources::Draft& draft) -> Result<void> {
    if (access == nullptr || draft.before != nullptr || context.caller.is_system()) return {};
    return access->assign_in(
        context.session,
        {.workspace = draft.resource.key.name, .principal = context.caller.principal, .role = Role::owner});
  };
  kind.check_delete = check_empty;
  return kind;
}

}  // namespace ciclo::administration
