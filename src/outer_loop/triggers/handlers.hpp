// Routes of triggers beside the generic ones:
//   GET  /api/v1/workspaces/{workspace}/triggers/{name}/fires?limit=&before=   what it did, newest first
//   POST /api/v1/workspaces/{workspace}/triggers/{name}/enable, …/disable
#pragma once

#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

// `service` must outlive the router.
Result<void> add_trigger_routes(http::Router& router, resources::ResourceService& service);

}  // namespace ciclo::outer_loop
