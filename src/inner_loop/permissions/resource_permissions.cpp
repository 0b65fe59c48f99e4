// experiments/permissions/… and registered-models/permissions/… of MLflow 2 and the first of MLflow 3.
#include <fmt/format.h>

#include "inner_loop/permissions/handlers.hpp"
#include "inner_loop/permissions/permission.hpp"
#include "inner_loop/tracking/concern_finder.hpp"

namespace ciclo::inner_loop {
namespace {

using tracking::Call;

// How a kind of resource is named in these endpoints.
struct Kind {
  std::string_view path;    // "experiments/permissions/"
  std::string_view field;   // "experiment_id"
  std::string_view answer;  // "experiment_permission"
  std::string_view prefix;  // of the subject
};
constexpr Kind experiments{"experiments/permissions/", "experiment_id", "experiment_permission", "experiment/"};
constexpr Kind models{"registered-models/permissions/", "name", "registered_model_permission", "model/"};

Result<Grantee> grantee_of(const Kind& kind, const Call& call) {
  Grantee grantee{.workspace = call.workspace, .principal = {}, .subject = {}};
  CICLO_TRY(const auto id, call.arguments.required_text(kind.field));
  grantee.subject = std::string(kind.prefix) + id;
  if (kind.field == experiments.field) {
    CICLO_TRY(const auto number, tracking::parse_experiment_id(id));
    grantee.subject = tracking::experiment_subject(number);
  }
  CICLO_TRY(grantee.principal, call.arguments.required_text("username"));
  return grantee;
}

Result<Permission> wanted_of(const Call& call) {
  CICLO_TRY(const auto text, call.arguments.required_text("permission"));
  return parse_permission(text);
}

Result<Permission> held(const PermissionParts& parts, const Grantee& grantee) {
  return parts.administration.database().read([&](sql::Session& session) -> Result<Permission> {
    CICLO_CHECK(parts.administration.identity.get_user_in(session, grantee.principal));
    CICLO_TRY(const auto direct, direct_in(session, parts.administration, grantee));
    return greatest(direct);
  });
}

Result<void> require_manage(const PermissionParts& parts, const Call& call, const Grantee& grantee) {
  CICLO_CHECK(parts.administration.access.require_may_give(
      call.caller, {.workspace = grantee.workspace, .component = {}, .resource = grantee.subject}, "reader"));
  return {};
}

Failure no_permission(const Grantee& grantee) {
  return fail(ErrorCode::not_found,
              fmt::format("'{}' has no permission of their own on {}", grantee.principal, grantee.subject));
}

Json answer_of(const Kind& kind, const Grantee& grantee, Permission permission) {
  Json item = {{kind.field, grantee.subject.substr(kind.prefix.size())},
               {"user_id", number_of(grantee.principal)},
               {"permission", name_of(permission)}};
  if (kind.field == models.field) item["workspace"] = grantee.workspace;
  return Json{{kind.answer, item}};
}

Result<Json> create(const Kind& kind, const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(kind, call));
  CICLO_TRY(const auto wanted, wanted_of(call));
  CICLO_CHECK(require_manage(parts, call, grantee));
  CICLO_TRY(const auto before, held(parts, grantee));
  if (before != Permission::none)
    return fail(ErrorCode::already_exists, fmt::format("'{}' has the permission {} on {} already", grantee.principal,
                                                       name_of(before), grantee.subject));
  CICLO_CHECK(set_permission(parts.administration, call.caller, grantee, wanted));
  return answer_of(kind, grantee, wanted);
}

Result<Json> get(const Kind& kind, const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(kind, call));
  if (grantee.principal != call.caller.principal) CICLO_CHECK(require_manage(parts, call, grantee));
  CICLO_TRY(const auto permission, held(parts, grantee));
  if (permission == Permission::none) return no_permission(grantee);
  return answer_of(kind, grantee, permission);
}

Result<Json> update(const Kind& kind, const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(kind, call));
  CICLO_TRY(const auto wanted, wanted_of(call));
  CICLO_CHECK(require_manage(parts, call, grantee));
  CICLO_TRY(const auto before, held(parts, grantee));
  if (before == Permission::none) return no_permission(grantee);
  CICLO_CHECK(set_permission(parts.administration, call.caller, grantee, wanted));
  return Json::object();
}

Result<Json> remove(const Kind& kind, const PermissionParts& parts, const Call& call) {
  CICLO_TRY(const auto grantee, grantee_of(kind, call));
  CICLO_CHECK(require_manage(parts, call, grantee));
  CICLO_TRY(const auto before, held(parts, grantee));
  if (before == Permission::none) return no_permission(grantee);
  CICLO_CHECK(take_permissions(parts.administration, call.caller, grantee));
  return Json::object();
}

}  // namespace

Result<void> add_resource_permission_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts) {
  using http::Method;
  using Function = Result<Json> (*)(const Kind&, const PermissionParts&, const Call&);
  for (const Kind& kind : {experiments, models}) {
    const auto concern = kind.field == models.field ? tracking::concerns::model() : tracking::concerns::experiment();
    const auto add = [&](Method method, std::string_view name, Function function) {
      // Who may read the resource comes in; the right to give roles on it is judged by the functions above.
      return routes.add({.method = method,
                         .path = std::string(kind.path) + std::string(name),
                         .action = "workspace/read",
                         .summary = fmt::format("MLflow: {}{}", kind.path, name),
                         .handler = [parts, kind, function](Call& call) { return function(kind, parts, call); },
                         .concerns = {concern}});
    };
    CICLO_CHECK(add(Method::post, "create", create));
    CICLO_CHECK(add(Method::get, "get", get));
    CICLO_CHECK(add(Method::patch, "update", update));
    CICLO_CHECK(add(Method::del, "delete", remove));
  }
  return {};
}

}  // namespace ciclo::inner_loop
