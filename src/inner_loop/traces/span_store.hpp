// The spans of traces. Thread safety: stateless; works in the session it is handed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/summary.hpp"
#include "inner_loop/traces/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

class SpanStore {
 public:
  // A span sent again replaces what was there.
  Result<void> put_in(sql::Session& session, std::int64_t number, const std::vector<Span>& spans) const;
  // Those of `spans` that the store does not have, or has as not ended while they are.
  Result<std::vector<Span>> unknown_of(sql::Session& session, std::int64_t number,
                                       const std::vector<Span>& spans) const;
  // What add_up() needs of all spans of a trace: of tokens, or of cost.
  Result<std::vector<UsageNode>> usage_nodes(sql::Session& session, std::int64_t number, bool is_cost) const;
  // Roots first, then by start.
  Result<std::map<std::int64_t, std::vector<Span>>> load(sql::Session& session, const std::vector<Trace>& traces) const;
};

}  // namespace ciclo::traces
