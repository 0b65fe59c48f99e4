// The tables of sign-in through a provider.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::administration::oidc {

std::vector<sql::Migration> migrations();

}  // namespace ciclo::administration::oidc
