#include "portability/sqlite_traces.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t traces_per_page = 100;
constexpr std::size_t max_span_bytes = std::size_t{256} << 20U;
constexpr std::size_t first_token = 11;
constexpr std::array token_keys = {"input_tokens",
                                   "output_tokens",
                                   "total_tokens",
                                   "cache_read_input_tokens",
                                   "cache_creation_input_tokens",
                                   "cache_creation_input_tokens_above_1hr"};
constexpr std::array cost_keys = {"input_cost", "output_cost", "total_cost"};
constexpr std::size_t first_cost = first_token + token_keys.size();

// What later releases keep in columns, as the tags and metadata that clients know.
void add_columns(Json& info, const sql::Row& row) {
  if (!row.is_null(9)) info["tags"][std::string(trace_key::name)] = row.text(9);
  Json& metadata = info["trace_metadata"];
  if (!row.is_null(10)) metadata[std::string(trace_key::session)] = row.text(10);
  Json tokens = Json::object();
  for (std::size_t i = 0; i < token_keys.size(); ++i)
    if (!row.is_null(first_token + i)) tokens[token_keys[i]] = row.integer(first_token + i);
  if (!tokens.empty()) metadata[std::string(trace_key::token_usage)] = to_text(tokens);
  Json costs = Json::object();
  for (std::size_t i = 0; i < cost_keys.size(); ++i)
    if (!row.is_null(first_cost + i)) costs[cost_keys[i]] = row.real(first_cost + i);
  if (!costs.empty()) metadata[std::string(trace_key::cost)] = to_text(costs);
}

Json parsed(const std::string& text) {
  auto read = parse_json(text);
  return read ? *std::move(read) : Json(text);
}

Json assessment_of(const sql::Row& row) {
  Json form{{"assessment_id", row.text(0)},
            {"assessment_name", row.text(1)},
            {"source", {{"source_type", row.text(5)}, {"source_id", row.text(6)}}},
            {"create_time", time_text(row.integer(3))},
            {"last_update_time", time_text(row.integer(4))},
            {"valid", row.integer(10) != 0}};
  const std::string& type = row.text(2);
  const Json value = parsed(row.text(12));
  if (type == "issue") form["issue"] = value;
  else if (type == "expectation" && value.is_structured())
    form["expectation"]["serialized_value"] = {{"serialization_format", "JSON_FORMAT"}, {"value", to_text(value)}};
  else form[type == "expectation" ? "expectation" : "feedback"]["value"] = value;
  if (!row.is_null(13) && type == "feedback") form["feedback"]["error"] = parsed(row.text(13));
  for (const auto& [name, column] : {std::pair("span_id", 7), {"rationale", 8}, {"overrides", 9}})
    if (!row.is_null(static_cast<std::size_t>(column))) form[name] = row.text(static_cast<std::size_t>(column));
  if (!row.is_null(11)) form["metadata"] = parsed(row.text(11));
  return form;
}

}  // namespace

SqliteTraces::SqliteTraces(SqliteReader& reader)
    : reader_(reader),
      has_traces_(reader.has_table("trace_info")),
      has_previews_(reader.has_column("trace_info", "request_preview")),
      has_columns_(reader.has_column("trace_info", "total_cost")),
      has_assessments_(reader.has_table("assessments")),
      has_spans_(reader.has_table("spans")),
      has_links_(reader.has_table("entity_associations")) {}

Result<Json> SqliteTraces::pairs(std::string_view table, const std::string& trace_id) {
  CICLO_TRY(
      const auto rows,
      reader_.query(fmt::format("SELECT key, value FROM {} WHERE request_id = ? ORDER BY key", table), {trace_id}));
  Json object = Json::object();
  for (const sql::Row& row : rows) object[row.text(0)] = row.text(1);
  return object;
}

Result<void> SqliteTraces::add_assessments(Json& info, const std::string& trace_id) {
  if (!has_assessments_) return {};
  CICLO_TRY(const auto rows,
            reader_.query("SELECT assessment_id, name, assessment_type, created_timestamp, last_updated_timestamp, "
                          "source_type, source_id, span_id, rationale, overrides, valid, assessment_metadata, value, "
                          "error FROM assessments WHERE trace_id = ? ORDER BY created_timestamp, assessment_id",
                          {trace_id}));
  for (const sql::Row& row : rows) info["assessments"].push_back(assessment_of(row));
  return {};
}

Result<void> SqliteTraces::add_spans(Json& trace, const std::string& trace_id) {
  if (!has_spans_) return {};
  CICLO_TRY(
      const auto rows,
      reader_.query("SELECT content FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano, span_id", {trace_id}));
  for (const sql::Row& row : rows) {
    auto span = parse_json(row.text(0), {.max_bytes = max_span_bytes, .max_depth = 64});
    if (span) trace["spans"].push_back(*std::move(span));
    else trace["note"] = "a span of it is no JSON: " + span.error().message;
  }
  if (rows.empty() && text_or(at_pointer(trace, "/trace_info/tags"), trace_key::spans_location) == "ARCHIVE_REPO")
    trace["note"] = "MLflow has put its spans away in an archive, which is not read: import from the server's address";
  return {};
}

Result<void> SqliteTraces::add_links(Json& trace, const std::string& trace_id) {
  if (!has_links_) return {};
  CICLO_TRY(const auto rows,
            reader_.query("SELECT destination_type, destination_id FROM entity_associations WHERE source_type = "
                          "'trace' AND source_id = ? AND destination_type IN ('run', 'prompt_version') ORDER BY "
                          "destination_type, destination_id",
                          {trace_id}));
  for (const sql::Row& row : rows) trace[row.text(0) == "run" ? "run_ids" : "prompts"].push_back(row.text(1));
  return {};
}

Result<Json> SqliteTraces::trace_of(const sql::Row& row, const std::string& experiment_id) {
  const std::string& id = row.text(1);
  Json info{{"trace_id", id},
            {"trace_location", location_of_experiment(experiment_id)},
            {"request_time", time_text(row.integer(2))},
            {"state", row.text(4)}};
  if (!row.is_null(3)) info["execution_duration"] = duration_text(row.integer(3));
  for (const auto& [name, column] :
       {std::pair("client_request_id", 6), {"request_preview", 7}, {"response_preview", 8}})
    if (!row.is_null(static_cast<std::size_t>(column))) info[name] = row.text(static_cast<std::size_t>(column));
  CICLO_TRY(info["tags"], pairs("trace_tags", id));
  CICLO_TRY(info["trace_metadata"], pairs("trace_request_metadata", id));
  if (has_columns_) add_columns(info, row);
  CICLO_CHECK(add_assessments(info, id));
  Json trace{{"trace_info", std::move(info)}};
  if (has_stored_spans(trace["trace_info"])) CICLO_CHECK(add_spans(trace, id));
  CICLO_CHECK(add_links(trace, id));
  return trace;
}

Result<void> SqliteTraces::of_experiment(const std::string& experiment_id, const TakeItems& take) {
  if (!has_traces_) return {};
  const std::string select = fmt::format(
      "SELECT rowid, request_id, timestamp_ms, execution_time_ms, status, experiment_id, {}, {}{} FROM trace_info "
      "WHERE experiment_id = ? AND rowid > ? ORDER BY rowid LIMIT ?",
      has_previews_ ? "client_request_id, request_preview, response_preview" : "NULL, NULL, NULL",
      has_columns_ ? "trace_name, session_id" : "NULL, NULL",
      has_columns_ ? fmt::format(", {}, {}", fmt::join(token_keys, ", "), fmt::join(cost_keys, ", ")) : "");
  std::int64_t after = 0;
  for (;;) {
    CICLO_TRY(const auto rows, reader_.query(select, {parse_int(experiment_id).value_or(-1), after, traces_per_page}));
    if (rows.empty()) return {};
    after = rows.back().integer(0);
    // One by one: a trace may be large.
    for (const sql::Row& row : rows) {
      std::vector<Json> one(1);
      CICLO_TRY(one.front(), trace_of(row, experiment_id));
      CICLO_CHECK(take(std::move(one)));
    }
  }
}

}  // namespace ciclo::portability
