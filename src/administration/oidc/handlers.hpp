// Routes of signing in: what ways there are, the browser's way through the provider and back, the command line's
// exchange, and the identities that are linked to users.
#pragma once

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "administration/oidc/openid_connect.hpp"
#include "platform/http/router.hpp"
#include "platform/sql/database.hpp"
#include "resources/service.hpp"

namespace ciclo::administration::oidc {

struct RouteParts {
  OpenIdConnect* openid;  // null: no provider is set up
  sql::Database& database;
  IdentityService& identity;
  resources::ResourceService& service;
  bool takes_passwords;  // whether people can also sign in with a password
};

// All parts must outlive the router.
//   GET    /api/v1/auth/configuration   open: the ways of signing in
//   DELETE /api/v1/auth/token           ends the token that the request carries
// and with a provider:
//   GET    /auth/login?return_to=/path, GET /auth/callback, GET and POST /auth/logout   for browsers
//   POST   /api/v1/auth/exchange        {"id_token"} → a token of Ciclo
//   GET    /api/v1/identity-links, DELETE /api/v1/identity-links/{user}
Result<void> add_sign_in_routes(http::Router& router, RouteParts parts);

}  // namespace ciclo::administration::oidc
