// Routes about the server itself: /health, /version, /openapi.json, and the event log of a workspace.
#pragma once

#include "base/error.hpp"
#include "platform/events/event_log.hpp"
#include "platform/http/router.hpp"

namespace ciclo::server {

struct SystemRouteParts {
  events::EventLog& events;
};

// Add last: /openapi.json describes the routes that are there by then.
Result<void> add_system_routes(http::Router& router, SystemRouteParts parts);

}  // namespace ciclo::server
