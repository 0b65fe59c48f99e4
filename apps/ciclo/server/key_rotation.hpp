// `ciclo server rotate-master-key`: seals everything with another master key while the server does not run.
#pragma once

#include <string>
#include <vector>

#include "administration/secrets/rotation.hpp"
#include "server/settings.hpp"

namespace ciclo::server {

// Every column of the database that is sealed with the master key: each module's own list.
administration::SealedColumns all_sealed_columns();

// The process's exit code.
int rotate_master_key(const std::vector<std::string>& words, KeyVariables& variables);

}  // namespace ciclo::server
