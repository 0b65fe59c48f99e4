#include "inner_loop/traces/trace_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.hpp"
#include "inner_loop/traces/assessment_store.hpp"
#include "inner_loop/traces/rows.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::traces {
namespace {

using tracking::Statement;

Failure not_found(const std::string& trace_id) {
  return fail(ErrorCode::not_found, fmt::format("Trace with ID '{}' not found", trace_id), "traces/" + trace_id);
}

Result<void> put_pairs(sql::Session& session, std::string_view table, std::int64_t number,
                       const std::vector<Tag>& pairs) {
  std::map<std::string_view, std::string_view> last;  // a key given twice counts once
  for (const Tag& pair : pairs) last[pair.key] = pair.value;
  std::vector<std::vector<sql::Value>> rows;
  for (const auto& [key, value] : last) rows.push_back({number, key, value, index_hash(key, value)});
  return insert_rows(session, fmt::format("INSERT INTO {} (trace_number, key, value, value_hash)", table),
                     " ON CONFLICT (trace_number, key) DO UPDATE SET value = excluded.value, value_hash = "
                     "excluded.value_hash",
                     rows);
}

template <class Take>
Result<void> for_rows(sql::Session& session, std::string_view select, const std::vector<std::int64_t>& numbers,
                      Take take) {
  for (std::size_t begin = 0; begin < numbers.size(); begin += tracking::max_bound_list) {
    const auto at = [&](std::size_t i) {
      return numbers.begin() + static_cast<std::ptrdiff_t>(std::min(i, numbers.size()));
    };
    Statement statement;
    statement.add(select).add(" IN ").bind_list(
        std::vector<std::int64_t>(at(begin), at(begin + tracking::max_bound_list)));
    statement.add(" ORDER BY trace_number, key");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) take(row);
  }
  return {};
}

std::vector<sql::Value> column_values(const Trace& trace) {
  std::vector<sql::Value> values{
      trace.experiment_id, trace.timestamp_ms,      trace.execution_time_ms, static_cast<int>(trace.state),
      trace.name,          trace.client_request_id, trace.request_preview,   trace.response_preview,
      trace.session_id,    trace.is_finalized};
  for (const auto& count : trace.usage.tokens) values.emplace_back(count);
  for (const auto& cost : trace.usage.costs) values.emplace_back(cost);
  return values;
}

}  // namespace

std::int64_t index_hash(std::string_view key, std::string_view value) {
  constexpr std::string_view reserved = "mlflow.";
  const bool is_sought = !key.starts_with(reserved) || key == key::user || key == "mlflow.user" ||
                         key == "mlflow.modelId" || key == "mlflow.source.name";
  if (!is_sought) return 0;
  const std::int64_t hash = value_hash(value);
  return hash == 0 ? 1 : hash;
}

Trace trace_from(const sql::Row& row, const std::string& workspace) {
  Trace trace;
  trace.workspace = workspace;
  trace.number = row.integer(0);
  trace.trace_id = row.text(1);
  trace.experiment_id = row.integer(2);
  trace.timestamp_ms = row.integer(3);
  trace.execution_time_ms = row.optional_integer(4);
  trace.state = static_cast<TraceState>(row.integer(5));
  trace.name = row.optional_text(6);
  trace.client_request_id = row.optional_text(7);
  trace.request_preview = row.optional_text(8);
  trace.response_preview = row.optional_text(9);
  trace.session_id = row.optional_text(10);
  trace.is_finalized = row.integer(11) != 0;
  constexpr std::size_t first_token = 12;
  for (std::size_t i = 0; i < trace.usage.tokens.size(); ++i)
    trace.usage.tokens[i] = row.optional_integer(first_token + i);
  const std::size_t first_cost = first_token + trace.usage.tokens.size();
  for (std::size_t i = 0; i < trace.usage.costs.size(); ++i)
    if (!row.is_null(first_cost + i)) trace.usage.costs[i] = row.real(first_cost + i);
  return trace;
}

Result<std::optional<Trace>> TraceStore::find(sql::Session& session, const TraceRef& ref) const {
  Statement statement;
  statement.add("SELECT ").add(trace_columns).add(" FROM traces t WHERE t.workspace = ").bind(ref.workspace);
  statement.add(" AND t.trace_id = ").bind(ref.trace_id);
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty()) return std::nullopt;
  return trace_from(rows.front(), ref.workspace);
}

Result<Trace> TraceStore::get(sql::Session& session, const TraceRef& ref) const {
  CICLO_TRY(auto found, find(session, ref));
  if (!found) return not_found(ref.trace_id);
  return std::move(*found);
}

Result<std::vector<Trace>> TraceStore::get_all(sql::Session& session, const std::string& workspace,
                                               const std::vector<std::string>& trace_ids,
                                               const std::vector<std::int64_t>& experiment_ids) const {
  std::map<std::string, Trace, std::less<>> found;
  for (std::size_t begin = 0; begin < trace_ids.size(); begin += tracking::max_bound_list) {
    const auto at = [&](std::size_t i) {
      return trace_ids.begin() + static_cast<std::ptrdiff_t>(std::min(i, trace_ids.size()));
    };
    Statement statement;
    statement.add("SELECT ").add(trace_columns).add(" FROM traces t WHERE t.workspace = ").bind(workspace);
    statement.add(" AND t.trace_id IN ");
    statement.bind_list(std::vector<std::string>(at(begin), at(begin + tracking::max_bound_list)));
    if (!experiment_ids.empty()) statement.add(" AND t.experiment_id IN ").bind_list(experiment_ids);
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) found.emplace(row.text(1), trace_from(row, workspace));
  }
  std::vector<Trace> traces;
  for (const std::string& id : trace_ids) {
    auto node = found.extract(id);  // an id given twice is answered once
    if (!node.empty()) traces.push_back(std::move(node.mapped()));
  }
  return traces;
}

Result<void> TraceStore::load_details(sql::Session& session, std::vector<Trace>& traces) const {
  std::map<std::int64_t, Trace*> by_number;
  std::vector<std::int64_t> numbers;
  for (Trace& trace : traces) {
    by_number[trace.number] = &trace;
    numbers.push_back(trace.number);
  }
  CICLO_CHECK(for_rows(session, "SELECT trace_number, key, value FROM trace_tags WHERE trace_number", numbers,
                       [&](const sql::Row& row) {
                         by_number[row.integer(0)]->tags.push_back({row.text(1), row.text(2)});
                       }));
  CICLO_CHECK(for_rows(session, "SELECT trace_number, key, value FROM trace_metadata WHERE trace_number", numbers,
                       [&](const sql::Row& row) {
                         by_number[row.integer(0)]->metadata.push_back({row.text(1), row.text(2)});
                       }));
  return AssessmentStore().load(session, by_number);
}

Result<void> TraceStore::insert_in(sql::Session& session, Trace& trace) const {
  Statement statement;
  statement.add(
      "INSERT INTO traces (workspace, trace_id, experiment_id, timestamp_ms, execution_time_ms, state, name, "
      "client_request_id, request_preview, response_preview, session_id, is_finalized, input_tokens, output_tokens, "
      "total_tokens, cache_read_input_tokens, cache_creation_input_tokens, cache_creation_input_tokens_above_1hr, "
      "input_cost, output_cost, total_cost) VALUES (");
  statement.bind(trace.workspace).add(", ").bind(trace.trace_id);
  for (sql::Value& value : column_values(trace)) statement.add(", ").bind(std::move(value));
  statement.add(") RETURNING trace_number");
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty()) return fail(ErrorCode::internal, "the trace was not stored");
  trace.number = rows.front().integer(0);
  return {};
}

Result<void> TraceStore::update_in(sql::Session& session, const Trace& trace) const {
  auto values = column_values(trace);
  values.emplace_back(trace.number);
  CICLO_TRY(std::ignore,
            session.execute("UPDATE traces SET experiment_id = ?, timestamp_ms = ?, execution_time_ms = ?, state = ?, "
                            "name = ?, client_request_id = ?, request_preview = ?, response_preview = ?, session_id = "
                            "?, is_finalized = ?, input_tokens = ?, output_tokens = ?, total_tokens = ?, "
                            "cache_read_input_tokens = ?, cache_creation_input_tokens = ?, "
                            "cache_creation_input_tokens_above_1hr = ?, input_cost = ?, output_cost = ?, total_cost = "
                            "? WHERE trace_number = ?",
                            std::span<const sql::Value>(values)));
  return {};
}

Result<void> TraceStore::put_tags_in(sql::Session& session, std::int64_t number, const std::vector<Tag>& tags) const {
  return put_pairs(session, "trace_tags", number, tags);
}

Result<void> TraceStore::put_metadata_in(sql::Session& session, std::int64_t number,
                                         const std::vector<Tag>& metadata) const {
  const auto run = tracking::find_tag(metadata, key::source_run);
  if (run && !run->empty()) CICLO_CHECK(link_run_in(session, number, *run));
  return put_pairs(session, "trace_metadata", number, metadata);
}

Result<bool> TraceStore::delete_tag_in(sql::Session& session, std::int64_t number, const std::string& key) const {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM trace_tags WHERE trace_number = ? AND key = ?", {number, key}));
  return removed > 0;
}

Result<void> TraceStore::link_run_in(sql::Session& session, std::int64_t number, const std::string& run_id) const {
  CICLO_TRY(std::ignore,
            session.execute("INSERT INTO trace_runs (trace_number, run_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                            {number, run_id}));
  return {};
}

Result<void> TraceStore::link_prompt_in(sql::Session& session, std::int64_t number, const std::string& prompt) const {
  CICLO_TRY(std::ignore,
            session.execute("INSERT INTO trace_prompts (trace_number, prompt) VALUES (?, ?) ON CONFLICT DO NOTHING",
                            {number, prompt}));
  return {};
}

Result<void> TraceStore::delete_in(sql::Session& session, const std::vector<std::int64_t>& numbers) const {
  for (std::size_t begin = 0; begin < numbers.size(); begin += tracking::max_bound_list) {
    const std::vector<std::int64_t> part(
        numbers.begin() + static_cast<std::ptrdiff_t>(begin),
        numbers.begin() + static_cast<std::ptrdiff_t>(std::min(begin + tracking::max_bound_list, numbers.size())));
    for (const std::string_view table : {"trace_tags", "trace_metadata", "trace_spans", "trace_span_contents",
                                         "trace_assessments", "trace_runs", "trace_prompts", "traces"}) {
      Statement statement;
      statement.add("DELETE FROM ").add(table).add(" WHERE trace_number IN ").bind_list(part);
      CICLO_TRY(std::ignore, statement.execute(session));
    }
  }
  return {};
}

Result<std::int64_t> purge_in(sql::Session& session, const std::string& workspace, std::int64_t experiment_id,
                              std::int64_t limit) {
  CICLO_TRY(const auto rows,
            session.query("SELECT trace_number FROM traces WHERE workspace = ? AND experiment_id = ? LIMIT ?",
                          {workspace, experiment_id, limit}));
  std::vector<std::int64_t> numbers;
  for (const sql::Row& row : rows) numbers.push_back(row.integer(0));
  CICLO_CHECK(TraceStore().delete_in(session, numbers));
  return static_cast<std::int64_t>(numbers.size());
}

}  // namespace ciclo::traces
