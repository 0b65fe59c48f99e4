#include "inner_loop/permissions/handlers.hpp"

#include <fmt/format.h>

namespace ciclo::inner_loop {

Result<void> check_known(const PermissionParts& parts, const tracking::Call& call) {
  const std::string& named = call.request.parameter("workspace");
  if (named.empty() || parts.administration.access.may_know(call.caller, named)) return {};
  return fail(ErrorCode::not_found, fmt::format("there is no workspace '{}' that you may see", named));
}

bool is_administrator(const PermissionParts& parts, const std::string& principal) {
  resources::Caller caller;
  caller.principal = principal;
  return parts.administration.access.decide(caller, "organisation/manage", "").allowed;
}

Result<void> add_permission_routes(http::Router& router, const PermissionParts& parts) {
  tracking::MlflowRoutes routes(router);
  CICLO_CHECK(add_user_routes(routes, parts));
  CICLO_CHECK(add_resource_permission_routes(routes, parts));
  return add_user_permission_routes(routes, parts);
}

}  // namespace ciclo::inner_loop
