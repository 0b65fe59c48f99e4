// The data of a step as a table in memory.
//
// Thread safety: a pure function but for reading files.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "platform/duckdb/database.hpp"

namespace ciclo::learning {

// Every row and column of a file or folder. Fails with invalid when there is no row.
Result<duckdb::Table> read_table(const std::filesystem::path& path);

}  // namespace ciclo::learning
