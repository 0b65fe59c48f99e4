// users/permissions/… of MLflow 3: one permission of one user on a resource of any type, and lists of them.
#include <fmt/format.h>

#include "administration/access/actions.hpp"
#include "inner_loop/permissions/handlers.hpp"
#include "inner_loop/permissions/permission.hpp"
#include "inner_loop/tracking/concern_finder.hpp"

namespace ciclo::inner_loop {
namespace {

using tracking::Call;

Result<Grantee> grantee_of(const Call& call) {
  Grantee grantee{.workspace = call.workspace, .principal = {}, .subject = {}};
  CICLO_TRY(const auto type, call.arguments.required_text("resource_type"));
  CICLO_TRY(const auto id, call.arguments.required_text("resource_id"));
  const bool is_model = type == "registered_model" || type == "prompt";
  if (!is_model && type != "experiment")
    return fail(ErrorCode::invalid, fmt::format("Invalid resource type '{}'", type.substr(0, 40)), "resource_type",
                "the types are experiment, registered_model and prompt");
  if (id == "*")
    return fail(ErrorCode::invalid, "a permission is on one experiment or model", "resource_id",
                "for all of them give a role in the workspace: ciclo workspace grant");
  grantee.subject = "model/" + id;
  if (!is_model) {
    CICLO_TRY(const auto number, tracking::parse_experiment_id(id));
    grantee.subject = tracking::experiment_subject(number);
  }
  CICLO_TRY(grantee.principal, call.arguments.required_text("username"));
  return grantee;
}

Result<Json> grant(const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(call));
  CICLO_TRY(const auto text, call.arguments.required_text("permission"));
  CICLO_TRY(const auto wanted, parse_permission(text));
  CICLO_CHECK(set_permission(parts.administration, call.caller, grantee, wanted));
  return Json::object();
}

Result<Json> revoke(const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(call));
  CICLO_CHECK(take_permissions(parts.administration, call.caller, grantee));
  return Json::object();
}

// Whoever reads a model may use it, so `allowed` begins with READ.
Result<Json> get(const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(call));
  if (grantee.principal != call.caller.principal)
    CICLO_CHECK(parts.administration.access.require_may_give(
        call.caller, {.workspace = grantee.workspace, .component = {}, .resource = grantee.subject}, "reader"));
  CICLO_CHECK(parts.administration.database().read(
      [&](sql::Session& session) { return parts.administration.identity.get_user_in(session, grantee.principal); }));
  const Permission permission = effective(parts.administration.access, grantee);
  return Json{{"allowed", permission != Permission::none}, {"permission", name_of(permission)}};
}

Permission permission_of(const administration::RoleDefinition& role) {
  if (administration::allows(role, "workspace/manage")) return Permission::manage;
  if (administration::allows(role, "workspace/write")) return Permission::edit;
  return administration::allows(role, "workspace/read") ? Permission::read : Permission::none;
}

// Every role of a user in workspaces, or in one of them.
Result<Json> rows_of(const PermissionParts& parts, const std::string& principal, const std::string& only_workspace) {
  CICLO_TRY(const auto snapshot, parts.administration.access.snapshot());
  const TimePoint now = parts.administration.access.clock().now();
  Json rows = Json::array();
  for (const administration::Grant& grant : snapshot->grants_of(principal)) {
    const administration::Scope& scope = grant.assignment->scope;
    const Permission permission = permission_of(*grant.role);
    const bool is_elsewhere = !only_workspace.empty() && scope.workspace != only_workspace;
    const bool is_over = grant.ends_at && *grant.ends_at <= now;
    if (scope.is_organisation() || !scope.component.empty() || permission == Permission::none || is_elsewhere ||
        is_over)
      continue;
    const std::size_t slash = scope.resource.find('/');
    const std::string kind = scope.resource.substr(0, slash);
    if (!kind.empty() && kind != "experiment" && kind != "model") continue;
    const std::string_view member = permission == Permission::manage ? "MANAGE" : "USE";
    rows.push_back({{"role_id", number_of(grant.role->name)},
                    {"role_name", grant.role->name},
                    {"workspace", scope.workspace},
                    {"resource_type", kind.empty()      ? "workspace"
                                      : kind == "model" ? "registered_model"
                                                        : kind},
                    {"resource_pattern", kind.empty() ? "*" : scope.resource.substr(slash + 1)},
                    {"permission", kind.empty() ? member : name_of(permission)}});
  }
  return Json{{"is_admin", is_administrator(parts, principal)}, {"permissions", rows}};
}

Result<Json> list_own(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  return rows_of(parts, call.caller.principal, {});
}

// Of others, those in this workspace, for whoever owns it.
Result<Json> list(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  const auto name = call.arguments.text("username");
  if (name && *name == call.caller.principal) return rows_of(parts, *name, {});
  CICLO_CHECK(parts.administration.access.require_may_give(
      call.caller, {.workspace = call.workspace, .component = {}, .resource = {}}, administration::owner_role));
  CICLO_TRY(const auto wanted, call.arguments.required_text("username"));
  CICLO_CHECK(parts.administration.database().read(
      [&](sql::Session& session) { return parts.administration.identity.get_user_in(session, wanted); }));
  return rows_of(parts, wanted, call.workspace);
}

}  // namespace

Result<void> add_user_permission_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts) {
  using http::Method;
  struct Endpoint {
    Method method;
    std::string_view path;
    std::string_view action;  // empty: the function judges
    PermissionFunction function;
  };
  for (const Endpoint& each : {Endpoint{Method::post, "users/permissions/grant", "workspace/read", grant},
                               Endpoint{Method::post, "users/permissions/revoke", "workspace/read", revoke},
                               Endpoint{Method::get, "users/permissions/get", "workspace/read", get},
                               Endpoint{Method::get, "users/permissions/list", "", list},
                               Endpoint{Method::get, "users/current/permissions", "", list_own}}) {
    tracking::MlflowEndpoint endpoint;
    endpoint.method = each.method;
    endpoint.path = each.path;
    endpoint.action = each.action;
    endpoint.summary = fmt::format("MLflow: {}", each.path);
    endpoint.handler = [parts, function = each.function](Call& call) { return function(parts, call); };
    endpoint.version = "3.0";
    if (!each.action.empty()) endpoint.concerns = {tracking::concerns::typed_resource()};
    CICLO_CHECK(routes.add(endpoint));
  }
  return {};
}

}  // namespace ciclo::inner_loop
