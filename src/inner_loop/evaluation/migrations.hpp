// The tables of scorers and evaluation data sets. Ids are unique within a workspace, since the same store may be taken
// into several; rows that belong to a scorer or a data set are found by its number, clustered.
#pragma once

#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::evaluation {

std::vector<sql::Migration> migrations();

}  // namespace ciclo::evaluation
