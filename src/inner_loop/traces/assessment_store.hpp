// The rows of assessments. Thread safety: stateless; works in the session it is handed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

class AssessmentStore {
 public:
  // Also over one with the same id.
  Result<void> put_in(sql::Session& session, std::int64_t trace_number, const Assessment& assessment) const;
  Result<std::optional<Assessment>> find(sql::Session& session, const Trace& trace, const std::string& id) const;
  Result<void> set_valid_in(sql::Session& session, std::int64_t trace_number, const std::string& id, bool valid) const;
  Result<void> delete_in(sql::Session& session, std::int64_t trace_number, const std::string& id) const;
  // Fills in those of all traces, the oldest first.
  Result<void> load(sql::Session& session, const std::map<std::int64_t, Trace*>& traces) const;
};

}  // namespace ciclo::traces
