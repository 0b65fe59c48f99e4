// The kinds this module brings, and its tables.
#pragma once

#include <vector>

#include "administration/access.hpp"
#include "platform/sql/database.hpp"
#include "resources/kind.hpp"

namespace ciclo::administration {

// A workspace. Who makes one becomes its owner. `access` must outlive the kind; null where no
// check runs (the command line).
resources::Kind workspace_kind(AccessService* access);

std::vector<sql::Migration> migrations();

}  // namespace ciclo::administration
