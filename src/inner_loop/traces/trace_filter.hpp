// The filters of traces as conditions of SQL: MLflow's keys and operators, with OR, parentheses, IN and IS NULL on
// every key.
//
//   attributes  trace_id|request_id, timestamp_ms|timestamp|request_time, execution_time_ms|execution_time|
//               execution_duration, end_time_ms|end_time, status|state, name, client_request_id, run_id, prompt
//               ("name/version"), text (the spans' content), experiment_id; also written trace.<key>
//   tags.<key>, metadata.<key>|request_metadata.<key>
//   span.name, span.type, span.status, span.content, span.attributes.<key>: some span of the trace meets it; those that
//               are joined by AND are met by one and the same span
//   feedback.<name>, expectation.<name>: a valid assessment of that name; one made for a session counts for all traces
//               of the session in its experiment
//   issue.id
//
// Thread safety: pure functions, and functions that only use the session they are handed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/search_sql.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

extern const tracking::Language trace_language;

// A column of `traces t` by the attribute's name; nothing for those that are no column.
std::optional<tracking::SearchColumn> trace_column(std::string_view name);

struct FilterScope {
  sql::Dialect dialect = sql::Dialect::sqlite;
  std::string workspace;
};
// The condition on `traces t`, without WHERE. Fails with invalid for keys, operators and values that do not go
// together.
Result<tracking::Statement> trace_condition(const tracking::Expression& expression, const FilterScope& scope);

// "SELECT trace_number …" of the clause that fewest traces meet, when those are few; see tracking/driver.hpp.
Result<std::optional<tracking::Statement>> find_driver(sql::Session& session, const tracking::Expression& expression,
                                                       const std::string& workspace);

}  // namespace ciclo::traces
