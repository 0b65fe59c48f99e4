// The rows of traces, their tags, metadata and links. Assessments and spans have stores of their own.
//
// Thread safety: stateless; works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

// The columns that trace_from() reads, of the table `traces` named `t`.
inline constexpr std::string_view trace_columns =
    "t.trace_number, t.trace_id, t.experiment_id, t.timestamp_ms, t.execution_time_ms, t.state, t.name, "
    "t.client_request_id, t.request_preview, t.response_preview, t.session_id, t.is_finalized, t.input_tokens, "
    "t.output_tokens, t.total_tokens, t.cache_read_input_tokens, t.cache_creation_input_tokens, "
    "t.cache_creation_input_tokens_above_1hr, t.input_cost, t.output_cost, t.total_cost";
inline constexpr std::size_t trace_column_count = 21;
Trace trace_from(const sql::Row& row, const std::string& workspace);

class TraceStore {
 public:
  // The row alone; load_details() fills in the rest.
  Result<std::optional<Trace>> find(sql::Session& session, const TraceRef& ref) const;
  // Fails with not_found.
  Result<Trace> get(sql::Session& session, const TraceRef& ref) const;
  // Those that exist, in the order of the ids; within the experiments when there are any.
  Result<std::vector<Trace>> get_all(sql::Session& session, const std::string& workspace,
                                     const std::vector<std::string>& trace_ids,
                                     const std::vector<std::int64_t>& experiment_ids) const;
  // Tags, metadata and assessments of all of them.
  Result<void> load_details(sql::Session& session, std::vector<Trace>& traces) const;

  // Sets its number. The row alone.
  Result<void> insert_in(sql::Session& session, Trace& trace) const;
  Result<void> update_in(sql::Session& session, const Trace& trace) const;
  // The tags mlflow.traceName and the metadata of promoted keys are the row's: not for these.
  Result<void> put_tags_in(sql::Session& session, std::int64_t number, const std::vector<Tag>& tags) const;
  Result<void> put_metadata_in(sql::Session& session, std::int64_t number, const std::vector<Tag>& metadata) const;
  // Whether there was one.
  Result<bool> delete_tag_in(sql::Session& session, std::int64_t number, const std::string& key) const;

  Result<void> link_run_in(sql::Session& session, std::int64_t number, const std::string& run_id) const;
  Result<void> link_prompt_in(sql::Session& session, std::int64_t number, const std::string& prompt) const;

  // Everything of those traces, spans and assessments too.
  Result<void> delete_in(sql::Session& session, const std::vector<std::int64_t>& numbers) const;
};

// What the index of tags and metadata holds for a value; 0 when it holds nothing: bookkeeping that nobody looks for by
// value, of which MLflow's clients write a dozen keys a trace.
std::int64_t index_hash(std::string_view key, std::string_view value);

// All traces of an experiment that is deleted for good, at most `limit` of them; the number that was deleted. Call it
// in turns of one write() each until it gives 0, so that other writers are not held up. Files that 2.x and older 3.x
// clients wrote for traces lie below the experiment's artifact location, at traces/<trace id>.
Result<std::int64_t> purge_in(sql::Session& session, const std::string& workspace, std::int64_t experiment_id,
                              std::int64_t limit = 1000);

}  // namespace ciclo::traces
