// users/…: people, their passwords, and who is an administrator.
#include <fmt/format.h>

#include "administration/sign_in/basic_authenticator.hpp"
#include "administration/sign_in/handlers.hpp"
#include "inner_loop/permissions/handlers.hpp"
#include "inner_loop/permissions/permission.hpp"

namespace ciclo::inner_loop {
namespace {

using administration::Assignment;
using administration::SignIn;
using administration::User;
using resources::Decision;
using tracking::Call;

constexpr std::string_view experiment_prefix = "experiment/";
constexpr std::string_view model_prefix = "model/";

Json brief(const PermissionParts& parts, const std::string& name) {
  return {{"id", number_of(name)}, {"username", name}, {"is_admin", is_administrator(parts, name)}};
}

// With the permissions given to the user itself in the workspace of the request.
Result<Json> full(const PermissionParts& parts, const Call& call, const std::string& name) {
  CICLO_TRY(const auto all, parts.administration.database().read([&](sql::Session& session) {
    return parts.administration.access.store().list_in(session, call.workspace);
  }));
  Json out = brief(parts, name);
  // Those of what Ciclo does not keep are always empty; clients of some versions ask for them.
  for (const char* list :
       {"experiment_permissions", "registered_model_permissions", "scorer_permissions", "gateway_secret_permissions",
        "gateway_endpoint_permissions", "gateway_model_definition_permissions"})
    out[list] = Json::array();
  for (const Assignment& each : all) {
    const Permission permission = permission_of_role(each.role);
    const std::string_view subject = each.scope.resource;
    if (each.principal != name || permission == Permission::none || each.mode != administration::AssignmentMode::active)
      continue;
    Json item = {{"user_id", number_of(name)}, {"permission", name_of(permission)}};
    if (subject.starts_with(experiment_prefix)) {
      item["experiment_id"] = subject.substr(experiment_prefix.size());
      out["experiment_permissions"].push_back(std::move(item));
    } else if (subject.starts_with(model_prefix)) {
      item["name"] = subject.substr(model_prefix.size());
      item["workspace"] = call.workspace;
      out["registered_model_permissions"].push_back(std::move(item));
    }
  }
  return out;
}

Result<Decision> require_organisation(const PermissionParts& parts, const Call& call, std::string_view action) {
  return resources::require(parts.administration.access, call.caller, action, "");
}

Result<Json> create(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  CICLO_TRY(const Decision decision, require_organisation(parts, call, "organisation/manage"));
  CICLO_TRY(const auto name, call.arguments.required_text("username"));
  CICLO_TRY(const auto password, call.arguments.required_text("password"));
  CICLO_TRY(const auto hash, parts.sign_in.hash_new(name, password));
  CICLO_CHECK(parts.administration.database().write([&](sql::Session& session) -> Result<void> {
    const User wanted{.name = name, .display_name = {}, .created_at = {}};
    CICLO_CHECK(administration::create_user_in(session, parts.administration, call.caller, wanted, decision));
    return parts.sign_in.set_hash_in(session, call.caller, name, hash, SignIn::Lasts::for_good);
  }));
  CICLO_TRY(const Json user, full(parts, call, name));
  return Json{{"user", user}};
}

Result<Json> get(const PermissionParts& parts, const Call& call) {
  const auto name = call.arguments.text("username");
  if (!name || *name != call.caller.principal) {  // about oneself everybody may ask, wherever
    CICLO_CHECK(check_known(parts, call));
    CICLO_CHECK(require_organisation(parts, call, "organisation/read"));
  }
  CICLO_TRY(const auto wanted, call.arguments.required_text("username"));
  CICLO_CHECK(parts.administration.database().read(
      [&](sql::Session& session) { return parts.administration.identity.get_user_in(session, wanted); }));
  CICLO_TRY(const Json user, full(parts, call, wanted));
  return Json{{"user", user}};
}

Result<Json> current(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  return Json{{"user", brief(parts, call.caller.principal)},
              {"is_basic_auth", call.caller.token_id == administration::basic_token_id}};
}

Result<Json> list(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  CICLO_CHECK(require_organisation(parts, call, "organisation/read"));
  CICLO_TRY(const auto users, parts.administration.identity.list_users());
  Json all = Json::array();
  for (const User& user : users) {
    if (user.kind == administration::PrincipalKind::managed) continue;
    all.push_back(brief(parts, user.name));
    all.back()["roles"] = Json::array();
  }
  return Json{{"users", all}};
}

// One's own with the current password: what MLflow 3 sends, or else the one that this request itself was made with.
Result<Json> update_own_password(const PermissionParts& parts, const Call& call, const std::string& password) {
  CICLO_TRY(std::string current, call.arguments.text("current_password"));
  if (current.empty() && call.caller.token_id == administration::basic_token_id) {
    CICLO_TRY(auto credentials, administration::basic_credentials_of(call.request.headers));
    if (credentials) current = std::move(credentials->password);
  }
  if (current.empty())
    return fail(ErrorCode::invalid, "Current password is required when changing your own password", "current_password");
  CICLO_TRY(const auto wait,
            parts.sign_in.change_password({call.caller, call.request.remote_address, current}, password));
  if (wait.count() > 0) return fail(ErrorCode::quota, "too many failed attempts to sign in", {}, "try again later");
  return Json::object();
}

Result<Json> update_password(const PermissionParts& parts, const Call& call) {
  const auto name = call.arguments.text("username");
  const bool is_own = name && *name == call.caller.principal;
  if (!is_own) CICLO_CHECK(check_known(parts, call));
  CICLO_CHECK(administration::require_whole(call.caller));
  if (!is_own) CICLO_CHECK(require_organisation(parts, call, "organisation/manage"));
  CICLO_TRY(const auto user, call.arguments.required_text("username"));
  CICLO_TRY(const auto password, call.arguments.required_text("password"));
  if (is_own) return update_own_password(parts, call, password);
  CICLO_CHECK(administration::require_may_act_for(parts.administration.access, call.caller, user));
  CICLO_CHECK(parts.sign_in.set_password(call.caller, user, password, SignIn::Lasts::for_good));
  return Json::object();
}

Result<Json> update_admin(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  const administration::Scope organisation;
  const auto& administration = parts.administration;
  CICLO_TRY(const Decision decision,
            administration.access.require_may_give(call.caller, organisation, administration::administrator_role));
  CICLO_TRY(const auto name, call.arguments.required_text("username"));
  CICLO_TRY(const bool wanted, call.arguments.flag("is_admin"));
  CICLO_CHECK(administration.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(administration.identity.get_user_in(session, name));
    if (wanted) {
      Assignment assignment;
      assignment.principal = name;
      assignment.role = administration::administrator_role;
      assignment.created_by = call.caller.principal;
      CICLO_CHECK(administration::give_role_in(session, administration, call.caller, assignment, decision));
      return {};
    }
    CICLO_TRY(const auto all, administration.access.store().list_in(session, ""));
    for (const Assignment& each : all)
      if (each.principal == name && each.role == administration::administrator_role && each.scope == organisation)
        CICLO_CHECK(administration::take_role_in(session, administration, call.caller, each, decision));
    return {};
  }));
  if (!wanted && is_administrator(parts, name))
    return fail(ErrorCode::invalid, fmt::format("'{}' is an administrator as a member of a group", name), "is_admin",
                "take them out of it: ciclo group member remove");
  return Json::object();
}

Result<Json> remove(const PermissionParts& parts, const Call& call) {
  CICLO_CHECK(check_known(parts, call));
  CICLO_CHECK(require_organisation(parts, call, "organisation/manage"));
  CICLO_TRY(const auto name, call.arguments.required_text("username"));
  CICLO_CHECK(administration::delete_user(parts.administration, call.caller, name));
  return Json::object();
}

}  // namespace

Result<void> add_user_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts) {
  using http::Method;
  const auto add = [&](Method method, std::string_view path, PermissionFunction function) {
    return routes.add({.method = method,
                       .path = "users/" + std::string(path),
                       .action = {},  // of the organisation, which a path below a workspace does not name
                       .summary = "MLflow: users, " + std::string(path),
                       .handler = [parts, function](Call& call) { return function(parts, call); }});
  };
  CICLO_CHECK(add(Method::post, "create", create));
  CICLO_CHECK(add(Method::get, "get", get));
  CICLO_CHECK(add(Method::get, "current", current));
  CICLO_CHECK(add(Method::get, "list", list));
  CICLO_CHECK(add(Method::patch, "update-password", update_password));
  CICLO_CHECK(add(Method::patch, "update-admin", update_admin));
  return add(Method::del, "delete", remove);
}

}  // namespace ciclo::inner_loop
