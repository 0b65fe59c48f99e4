// Routes about the server itself: /health, /metrics, /openapi.json, and the event log of a workspace. /metrics needs a
// token of somebody with a role in the organisation: a reader there is enough for Prometheus.
#pragma once

#include "base/error.hpp"
#include "platform/events/event_log.hpp"
#include "platform/http/router.hpp"
#include "server/server_metrics.hpp"

namespace ciclo::server {

struct SystemRouteParts {
  events::EventLog& events;
  ServerMetrics& metrics;
};

// Add last: /openapi.json describes the routes that are there by then.
Result<void> add_system_routes(http::Router& router, SystemRouteParts parts);

}  // namespace ciclo::server
