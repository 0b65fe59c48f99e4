// Decisions that are the same but for their time and request become one row that counts them.
//
// Thread safety: pure functions.
#pragma once

#include <vector>

#include "administration/audit/audit_row.hpp"

namespace ciclo::administration {

// In the order of the first of each. A row that stands for several has the time and request of the first, and in its
// detail {"count", "first_time", "last_time", "last_request_id"}.
std::vector<StoredAuditRow> fold(std::vector<StoredAuditRow> rows);

// The same text for rows that fold() would make one.
std::string fold_key(const StoredAuditRow& row);

}  // namespace ciclo::administration
