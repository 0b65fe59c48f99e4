// The tables of passwords, one-time codes, attempts to sign in, and sessions.
//
// All rows of a user go with the user (foreign keys on users.name): whoever gets the name later inherits nothing.
//
// Thread safety: pure.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> sign_in_migrations();

}  // namespace ciclo::administration
