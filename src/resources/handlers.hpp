// The HTTP routes of every kind, made from the kind table:
//   <collection>                      GET list, POST create
//   <collection>/{name}               GET, PUT (create or update), PATCH (merge patch), DELETE
//   …/archive, …/restore              POST
// and for kinds with versions the same one level deeper, at <collection>/{name}/versions/{version}, with
//   <collection>/{name}               GET the container, PATCH description and tags
//   <collection>/{name}/labels/{label} GET the version, PUT {"version"}, DELETE
// <collection> is /api/v1/<plural> for kinds of the organisation, /api/v1/workspaces/{workspace}/<plural> for all
// others, and /api/v1/workspaces/{workspace}/<parent's plural>/{parent}/<plural> for children. Also
//   /api/v1/workspaces/{workspace}/lineage?subject=…&direction=upstream|downstream   GET
//   /api/v1/workspaces/{workspace}/events?after=&type=&subject=&limit=               GET
//
// Lists answer {"value":[…],"next_page_token":"…"}.
#pragma once

#include "base/error.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::resources {

// `service` must outlive the router.
Result<void> add_resource_routes(http::Router& router, ResourceService& service);

}  // namespace ciclo::resources
