// MLflow's webhook endpoints, at …/api/2.0/mlflow/webhooks, and what was delivered:
//   GET /api/v1/workspaces/{workspace}/webhooks/{webhook_id}/deliveries?limit=   newest first
#pragma once

#include "outer_loop/webhooks/service.hpp"
#include "platform/http/router.hpp"

namespace ciclo::outer_loop {

// `service` must outlive the router.
Result<void> add_webhook_routes(http::Router& router, WebhookService& service);

}  // namespace ciclo::outer_loop
