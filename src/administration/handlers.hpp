// Routes for users, tokens and role assignments.
#pragma once

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

struct AdministrationParts {
  sql::Database& database;
  IdentityService& identity;
  AccessService& access;
  resources::ResourceService& service;
};

// All parts must outlive the router.
Result<void> add_administration_routes(http::Router& router, AdministrationParts parts);

}  // namespace ciclo::administration
