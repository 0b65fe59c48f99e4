// The kinds this module brings.
#pragma once

#include "administration/access/access.hpp"
#include "resources/kind.hpp"

namespace ciclo::administration {

// A workspace. Who makes one becomes its owner. `access` must outlive the kind; null where no
// check runs (the command line).
resources::Kind workspace_kind(AccessService* access);

}  // namespace ciclo::administration
