// The tables of tracking. Run ids are unique within a workspace; rows of a run refer to its number.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::tracking {

std::vector<sql::Migration> migrations();

}  // namespace ciclo::tracking
