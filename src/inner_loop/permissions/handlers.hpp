// The endpoints of MLflow's authentication app, over people and role assignments: mlflow.server.auth.client works
// against them, of MLflow 2 (a permission per experiment and model) and of MLflow 3 (users/permissions/…).
//
// Left out, because Ciclo has groups and roles of its own for it: MLflow 3's roles/…, and permissions on what Ciclo
// does not keep (scorers, gateways).
//
// Thread safety: as Router.
#pragma once

#include <functional>
#include <string>

#include "administration/handlers.hpp"
#include "administration/sign_in/sign_in.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"
#include "platform/http/router.hpp"

namespace ciclo::inner_loop {

// All that the parts refer to must outlive the router.
struct PermissionParts {
  administration::AdministrationParts administration;
  administration::SignIn& sign_in;
};

Result<void> add_permission_routes(http::Router& router, const PermissionParts& parts);

// By area; called by add_permission_routes.
Result<void> add_user_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts);
Result<void> add_resource_permission_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts);
Result<void> add_user_permission_routes(tracking::MlflowRoutes& routes, const PermissionParts& parts);

using PermissionFunction = Result<Json> (*)(const PermissionParts&, const tracking::Call&);

// Whoever may not know of the workspace that stands in the path is told nothing else.
Result<void> check_known(const PermissionParts& parts, const tracking::Call& call);
// Whether somebody may do everything, as MLflow's administrators may.
bool is_administrator(const PermissionParts& parts, const std::string& principal);

}  // namespace ciclo::inner_loop
