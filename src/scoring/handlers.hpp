// The HTTP surface of a scorer: /score and /invocations, the Open Inference Protocol v2, health, metrics and control.
//
// Answers of /score are MLflow's as Azure ML's no-code deployments give them: the bare predictions, for classifiers a
// plain list of labels. /invocations wraps them as {"predictions": …}, as MLflow's own server does.
// Headers: azureml-model-deployment (request: picks; answer: who answered), x-request-id, x-ms-client-request-id
// (echoed), x-ms-run-function-failed and x-ms-run-fn-exec-ms; azureml-session-id (request): the same value goes to the
// same deployment.
//
// Thread safety: handlers run on any thread.
#pragma once

#include <functional>
#include <memory>

#include "platform/http/router.hpp"
#include "scoring/endpoint.hpp"
#include "scoring/shadow.hpp"

namespace ciclo::scoring {

struct HandlerParts {
  Endpoint& endpoint;
  ShadowRunner& shadow;
  // Reads the configuration file again and applies it.
  std::function<Result<void>()> reload;
};

// Adds every route. `parts` are used by the handlers, so they must outlive the router's server.
Result<void> add_routes(http::Router& router, const std::shared_ptr<HandlerParts>& parts, std::size_t max_body_bytes);

// Parts of it, one a file.
Result<void> add_score_routes(http::Router& router, const std::shared_ptr<HandlerParts>& parts,
                              std::size_t max_body_bytes);
Result<void> add_infer_routes(http::Router& router, const std::shared_ptr<HandlerParts>& parts,
                              std::size_t max_body_bytes);
Result<void> add_control_routes(http::Router& router, const std::shared_ptr<HandlerParts>& parts);

// OpenAPI document of /score from the model's columns, as Azure ML serves it at /swagger.json.
Json swagger_document(const EndpointSnapshot& snapshot);

}  // namespace ciclo::scoring
