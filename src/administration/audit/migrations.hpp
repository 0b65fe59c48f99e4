// The tables of the audit log. Module name "administration_audit"; needs the tables of administration::migrations().
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> audit_migrations();

}  // namespace ciclo::administration
