// The routes of endpoints beside those of every kind, below /api/v1/workspaces/{workspace}/online-endpoints/{name}:
//   GET  …/keys                                    {"primaryKey","secondaryKey"}; conflict when it takes tokens alone
//   POST …/regenerate-keys {"key_type"}            the others stay good; answers when the new one is good, the old not
//        {"key_type":"token","end_tokens":true}    a new signing key; tokens that are out stay good unless end_tokens
//   POST …/token {"expires_in_s"}                  {"accessToken","tokenType","expiryTimeUtc","refreshAfterTimeUtc"},
//                                                  times in seconds since 1970, as Azure ML gives them
//   GET  …/online-deployments/{deployment}/logs?lines=N   text: the last lines of the endpoint's scorer
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "outer_loop/endpoints/served.hpp"
#include "outer_loop/endpoints/tokens.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

struct EndpointRouteParts {
  resources::ResourceService& service;
  const EndpointKeys& keys;
  const EndpointTokens& tokens;
  ServedCredentials& served;
  std::filesystem::path endpoints;  // <data>/endpoints
};
// Those of keys and tokens alone.
Result<void> add_credential_routes(http::Router& router, const EndpointRouteParts& parts);
// All. What the parts refer to must outlive the router.
Result<void> add_endpoint_routes(http::Router& router, const EndpointRouteParts& parts);

}  // namespace ciclo::outer_loop
