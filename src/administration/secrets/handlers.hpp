// Routes of the vault: /api/v1/workspaces/{workspace}/vault and …/secrets.
#pragma once

#include "administration/secrets/vault.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

struct SecretRouteParts {
  const Vault& vault;
  resources::ResourceService& service;
};

// All parts must outlive the router.
Result<void> add_secret_routes(http::Router& router, const SecretRouteParts& parts);

}  // namespace ciclo::administration
