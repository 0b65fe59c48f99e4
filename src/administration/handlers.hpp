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
  // The subject of a resource as access keeps it, of one that people may name otherwise: "experiment/churn" →
  // "experiment/3". Fails with not_found when there is none. Unset: as it is written.
  std::function<Result<std::string>(sql::Session&, const std::string& workspace, const std::string& subject)>
      find_resource = {};

  sql::Database& database() const { return service.parts().database; }
};

Result<void> add_administration_routes(http::Router& router, const AdministrationParts& parts);

// People manage their own credentials. For others it takes the right to give all that they hold, since a credential is
// as good as its holder. Fails with denied.
Result<resources::Decision> require_may_act_for(const AccessService& access, const resources::Caller& caller,
                                                const std::string& user);

// The subject that somebody means who names a resource to give a role on it. Who may neither read the workspace nor
// that resource hears that there is none.
Result<std::string> subject_for(const AdministrationParts& parts, const resources::Caller& caller,
                                const std::string& workspace, const std::string& subject);

// Gives and takes roles, with event and audit row, in the session's transaction. The caller's right to it was judged
// before: `decision`.
Result<Assignment> give_role_in(sql::Session& session, const AdministrationParts& parts,
                                const resources::Caller& caller, const Assignment& wanted,
                                const resources::Decision& decision);
Result<void> take_role_in(sql::Session& session, const AdministrationParts& parts, const resources::Caller& caller,
                          const Assignment& assignment, const resources::Decision& decision);
// Fails with not_found when there is no such principal or group.
Result<void> check_holder(const AdministrationParts& parts, sql::Session& session, const std::string& holder);

// People, with event and audit row; rights were judged before.
Result<User> create_user_in(sql::Session& session, const AdministrationParts& parts, const resources::Caller& caller,
                            const User& wanted, const resources::Decision& decision);
// Judges, too. Fails with conflict for oneself and for managed identities.
Result<void> delete_user(const AdministrationParts& parts, const resources::Caller& caller, const std::string& name);

// The parts of the above, one file each.
Result<void> add_identity_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_assignment_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_group_routes(http::Router& router, const AdministrationParts& parts);
Result<void> add_activation_routes(http::Router& router, const AdministrationParts& parts);

}  // namespace ciclo::administration
