// Routes for people, services and their tokens; role assignments, groups, just-in-time activation, and the access
// matrix.
#pragma once

#include <functional>
#include <string>

#include "administration/access/access.hpp"
#include "administration/access/activation.hpp"
#include "administration/access/groups.hpp"
#include "administration/identity/identity.hpp"
#include "platform/http/router.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

// All must outlive the router.
struct AdministrationParts {
  IdentityService& identity;
  AccessService& access;
  Groups& groups;
  Activations& activations;
  resources::ResourceService& service;
  // Ends what came from signing in, when a user is disabled: it is not good again with the user.
  std::function<Result<void>(sql::Session&, const std::string& user)> end_sign_ins;

  sql::Database& database() const { return service.parts().database; }
};

Result<void> add_administration_routes(http::Router& router, const AdministrationParts& parts);

// People manage their own credentials. For others it takes the right to give all that they hold, since a credential is
// as good as its holder. Fails with denied.
Result<resources::Decision> require_may_act_for(const AccessService& access, const resources::Caller& caller,
                                                const std::string& user);

// The parts of the above, one file each.
Result<void> add_identity_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_assignment_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_group_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_activation_routes(http::Router& router, const AdministrationParts& parts);

}  // namespace ciclo::administration
