#include "administration/kinds.hpp"

#include <fmt/format.h>

#include "schemas.hpp"

namespace ciclo::administration {
namespace {

Result<void> check_empty(const resources::CheckContext& context, const resources::Resource& workspace) {
  CICLO_TRY(const auto row,
            context.session.query_one("SELECT kind, COUNT(*) FROM resources WHERE workspace = ? GROUP BY kind ORDER "
                                      "BY kind LIMIT 1",
                                      {workspace.key.name}));
  if (!row) return {};
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

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE users (
  name TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  purpose TEXT NOT NULL,
  only_workspace TEXT NOT NULL,
  expires_ms BIGINT,
  created_ms BIGINT NOT NULL
);
CREATE INDEX tokens_by_principal ON tokens (principal);
CREATE INDEX tokens_by_purpose ON tokens (purpose);
CREATE TABLE role_assignments (
  workspace TEXT NOT NULL,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (workspace, principal, role)
);
CREATE TABLE audit (
  sequence {{auto_id}},
  time_ms BIGINT NOT NULL,
  principal TEXT NOT NULL,
  token_id TEXT NOT NULL,
  action TEXT NOT NULL,
  operation TEXT NOT NULL,
  workspace TEXT NOT NULL,
  target TEXT NOT NULL,
  allowed BIGINT NOT NULL,
  rule TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_workspace ON audit (workspace, sequence);
)";
  return {{.module = "administration", .version = 1, .statements = first}};
}

}  // namespace ciclo::administration
