// The first tables of administration, which its parts share. A part that needs more brings migrations of its own.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> migrations();

}  // namespace ciclo::administration
