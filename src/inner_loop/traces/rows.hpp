// Internal to this folder: many rows by few statements.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::traces {

// Runs "<insert> VALUES (?, …), … <rest>" over all rows, in statements of 16, 4 and 1 rows, so that few different ones
// are prepared. No two rows may have the same key when `rest` updates on conflict.
Result<void> insert_rows(sql::Session& session, std::string_view insert, std::string_view rest,
                         const std::vector<std::vector<sql::Value>>& rows);

}  // namespace ciclo::traces
