// Webhooks put into a server by MLflow's endpoints for them, which Ciclo has too.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "portability/rest_client.hpp"
#include "portability/sink.hpp"

namespace ciclo::portability {

// `endpoint`: "/api/2.0/mlflow/webhooks", below the client's base. One with the same name and address is there already.
// Who may not make webhooks has them refused; they are no reason to give up the rest.
Sink::Outcomes put_webhooks(RestClient& client, const std::string& endpoint, const std::vector<Json>& items);

}  // namespace ciclo::portability
