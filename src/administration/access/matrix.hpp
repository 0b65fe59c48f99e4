// The effective access table of a workspace: what each persona's group really holds, beside what the table says.
//
// Thread safety: a pure function.
#pragma once

#include "administration/access/persona.hpp"
#include "administration/access/snapshot.hpp"
#include "base/json.hpp"

namespace ciclo::administration {

// {"workspace", "environment", "components": […], "rows": [{"persona", "title", "group", "eligible", "cells":
// [{"component", "roles": ["R", "KVR"], "table": ["R"], "differs": true}]}]}. A role on the whole workspace, or above
// it, counts in every cell; roles that must be activated first count, too.
Json access_matrix(const AccessSnapshot& snapshot, const std::string& workspace, Environment environment);

}  // namespace ciclo::administration
