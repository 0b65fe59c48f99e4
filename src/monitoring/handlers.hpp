// Routes of schedules beside the generic ones, below /api/v1/workspaces/{workspace}/schedules/{name}:
//   POST trigger                             runs it now; answers 202 {"run", "state": "pending", …}
//   POST enable, disable
//   GET  monitor-results?limit=&before=      its runs with what they found, newest first
//   GET  monitor-results/{run}
//   GET  monitor-metrics?signal=&feature=&metric=&limit=   values over time, newest first
#pragma once

#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::monitoring {

// `service` must outlive the router.
Result<void> add_schedule_routes(http::Router& router, resources::ResourceService& service);

}  // namespace ciclo::monitoring
