// The routes of endpoints beside those of every kind, below /api/v1/workspaces/{workspace}/online-endpoints/{name}:
//   GET  …/keys                                    {"primaryKey","secondaryKey"}
//   POST …/regenerate-keys {"key_type"}            the other key stays good; answers when the new one is good
//   GET  …/online-deployments/{deployment}/logs?lines=N   text: the last lines of the endpoint's scorer
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

struct EndpointRouteParts {
  resources::ResourceService& service;
  const EndpointKeys& keys;
  std::filesystem::path endpoints;  // <data>/endpoints
};
// What the parts refer to must outlive the router.
Result<void> add_endpoint_routes(http::Router& router, const EndpointRouteParts& parts);

}  // namespace ciclo::outer_loop
