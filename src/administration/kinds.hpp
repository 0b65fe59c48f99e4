// The kinds this module brings.
#pragma once

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "resources/kind.hpp"

namespace ciclo::administration {

// Null where no check runs (the command line); else they must outlive the kinds.
struct AdministrationKindParts {
  AccessService* access = nullptr;
  IdentityService* identity = nullptr;
};

// A workspace. Who makes one becomes its owner; it has a managed identity ("workspace/<name>"), and with
// `personas: standard` the persona groups and the assignments of its environment's table.
resources::Kind workspace_kind(AdministrationKindParts parts);

// A role. The built-in ones are there as resources too, so that they are listed, and nobody but the server changes
// them.
resources::Kind role_kind(AccessService* access);
// Writes the built-in roles down as resources. At every start: a newer server may know more of them.
Result<void> ensure_built_in_roles(resources::ResourceService& service);
// Every workspace's managed identity, also of those that an older server made.
Result<void> ensure_workspace_identities(resources::ResourceService& service, IdentityService& identity);

}  // namespace ciclo::administration
