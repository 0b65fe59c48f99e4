// Routes for users, tokens, role assignments and the audit log.
#pragma once

#include "administration/access/access.hpp"
#include "administration/audit/audit_log.hpp"
#include "administration/identity/identity.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

struct AdministrationParts {
  sql::Database& database;
  IdentityService& identity;
  AccessService& access;
  AuditLog& audit;
  resources::ResourceService& service;
};

// All parts must outlive the router.
Result<void> add_administration_routes(http::Router& router, AdministrationParts parts);

}  // namespace ciclo::administration
