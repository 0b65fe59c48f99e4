#include "portability/sqlite_trace_sink.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "portability/sqlite_columns.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

Json parsed(const std::string& text) {
  auto read = parse_json(text);
  return read ? *std::move(read) : Json();
}

std::int64_t experiment_number(const Json& info) {
  return parse_int(experiment_of(info)).value_or(0);
}

// What MLflow's averages are made of: numbers, and true, false, "yes" and "no" as 1 and 0.
sql::Value aggregate_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number()) return value.get<double>();
  const std::string word = value.is_string() ? to_lower(trim(value.get_ref<const std::string&>())) : "";
  if (word == "yes" || word == "no") return word == "yes" ? 1.0 : 0.0;
  return nullptr;
}

struct Judged {
  std::string type;
  Json value;
  Json error;
};

Judged judged(const Json& assessment) {
  if (const Json& issue = member(assessment, "issue"); issue.is_object()) return {"issue", issue, nullptr};
  if (const Json& expectation = member(assessment, "expectation"); expectation.is_object()) {
    const Json& serialized = member(expectation, "serialized_value");
    return {"expectation", serialized.is_object() ? parsed(text_or(serialized, "value")) : member(expectation, "value"),
            nullptr};
  }
  const Json& feedback = member(assessment, "feedback");
  return {"feedback", member(feedback, "value"), member(feedback, "error")};
}

sql::Value hex_or_null(const Json& base64) {
  if (!base64.is_string()) return nullptr;
  const auto bytes = decode_base64(base64.get_ref<const std::string&>());
  return bytes ? sql::Value(hex_of(*bytes)) : sql::Value(nullptr);
}

std::string status_of(const Json& span) {
  const std::string code = text_or(member(span, "status"), "code");
  return code.ends_with("OK") ? "OK" : code.ends_with("ERROR") ? "ERROR" : "UNSET";
}

sql::Value attribute_text(const Json& span, std::string_view key) {
  const Json value = attribute_of(span, key);
  return value.is_string() ? sql::Value(value.get<std::string>()) : sql::Value(nullptr);
}

}  // namespace

Result<std::int64_t> SqliteTraceSink::put_info(const Json& info) {
  const Json& metadata = member(info, "trace_metadata");
  const Json tokens = parsed(text_or(metadata, trace_key::token_usage));
  const Json costs = parsed(text_or(metadata, trace_key::cost));
  const Json& duration = member(info, "execution_duration");
  const sql::Value milliseconds = duration.is_null() ? sql::Value(nullptr) : sql::Value(duration_of(duration));
  CICLO_TRY(
      const auto added,
      db_.execute(
          "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, "
          "client_request_id, request_preview, response_preview, trace_name, session_id, input_tokens, "
          "output_tokens, total_tokens, cache_read_input_tokens, cache_creation_input_tokens, "
          "cache_creation_input_tokens_above_1hr, input_cost, output_cost, total_cost) VALUES (?, ?, ?, "
          "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {text_or(info, "trace_id"), experiment_number(info), time_of(member(info, "request_time")), milliseconds,
           text_or(info, "state"), text_or_null(info, "client_request_id"), text_or_null(info, "request_preview"),
           text_or_null(info, "response_preview"), text_or_null(member(info, "tags"), trace_key::name),
           text_or_null(metadata, trace_key::session), number_or_null(tokens, "input_tokens"),
           number_or_null(tokens, "output_tokens"), number_or_null(tokens, "total_tokens"),
           number_or_null(tokens, "cache_read_input_tokens"), number_or_null(tokens, "cache_creation_input_tokens"),
           number_or_null(tokens, "cache_creation_input_tokens_above_1hr"), real_or_null(costs, "input_cost"),
           real_or_null(costs, "output_cost"), real_or_null(costs, "total_cost")}));
  if (added > 0) return added;
  CICLO_CHECK(db_.execute(
      "UPDATE trace_info SET status = ?, execution_time_ms = ?, response_preview = ? WHERE "
      "request_id = ? AND status = 'IN_PROGRESS'",
      {text_or(info, "state"), milliseconds, text_or_null(info, "response_preview"), text_or(info, "trace_id")}));
  return added;
}

Result<void> SqliteTraceSink::put_pairs(const Json& info, const std::string& location) {
  const std::string id = text_or(info, "trace_id");
  const auto put = [&](std::string_view table, std::string_view key, const std::string& value) {
    return db_.execute(
        fmt::format("INSERT INTO {} (request_id, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", table),
        {id, key, value});
  };
  if (const Json& tags = member(info, "tags"); tags.is_object())
    for (const auto& [key, value] : tags.items())
      if (key != trace_key::name && key != trace_key::artifact_location && value.is_string())
        CICLO_CHECK(put("trace_tags", key, value.get<std::string>()));
  CICLO_CHECK(put("trace_tags", trace_key::artifact_location, fmt::format("{}/traces/{}/artifacts", location, id)));
  if (const Json& metadata = member(info, "trace_metadata"); metadata.is_object())
    for (const auto& [key, value] : metadata.items())
      if (key != trace_key::session && key != trace_key::token_usage && key != trace_key::cost && value.is_string())
        CICLO_CHECK(put("trace_request_metadata", key, value.get<std::string>()));
  return {};
}

Result<void> SqliteTraceSink::put_assessments(const Json& info) {
  for (const Json& assessment : member(info, "assessments")) {
    const Judged said = judged(assessment);
    const Json& metadata = member(assessment, "metadata");
    const Json& source = member(assessment, "source");
    CICLO_CHECK(db_.execute(
        "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, "
        "last_updated_timestamp, source_type, source_id, span_id, rationale, overrides, valid, assessment_metadata, "
        "experiment_id, trace_timestamp_ms, aggregate_value, is_numeric_value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        {text_or(assessment, "assessment_id"), text_or(info, "trace_id"), text_or(assessment, "assessment_name"),
         said.type, to_text(said.value), said.error.is_null() ? sql::Value(nullptr) : sql::Value(to_text(said.error)),
         time_of(member(assessment, "create_time")), time_of(member(assessment, "last_update_time")),
         text_or(source, "source_type", "SOURCE_TYPE_UNSPECIFIED"), text_or_null(source, "source_id"),
         text_or_null(assessment, "span_id"), text_or_null(assessment, "rationale"),
         text_or_null(assessment, "overrides"), member(assessment, "valid") == false ? 0 : 1,
         metadata.is_object() ? sql::Value(to_text(metadata)) : sql::Value(nullptr), experiment_number(info),
         time_of(member(info, "request_time")), aggregate_of(said.value), said.value.is_number() ? 1 : 0}));
    if (const std::string old = text_or(assessment, "overrides"); !old.empty())
      CICLO_CHECK(db_.execute("UPDATE assessments SET valid = 0 WHERE assessment_id = ?", {old}));
  }
  return {};
}

Result<void> SqliteTraceSink::put_spans(const Json& item) {
  const Json& info = member(item, "trace_info");
  for (const Json& span : member(item, "spans")) {
    const Json cost = attribute_of(span, "mlflow.llm.cost");
    CICLO_CHECK(
        db_.execute("INSERT INTO spans (trace_id, experiment_id, span_id, parent_span_id, name, type, status, "
                    "start_time_unix_nano, end_time_unix_nano, content, input_cost, output_cost, total_cost, "
                    "model_name, model_provider) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
                    "(trace_id, span_id) DO UPDATE SET status = excluded.status, end_time_unix_nano = "
                    "excluded.end_time_unix_nano, content = excluded.content WHERE spans.end_time_unix_nano IS NULL",
                    {text_or(info, "trace_id"), experiment_number(info), hex_or_null(member(span, "span_id")),
                     hex_or_null(member(span, "parent_span_id")), text_or(span, "name"),
                     attribute_text(span, "mlflow.spanType"), status_of(span), number_of(span, "start_time_unix_nano"),
                     number_or_null(span, "end_time_unix_nano"), to_text(span), real_or_null(cost, "input_cost"),
                     real_or_null(cost, "output_cost"), real_or_null(cost, "total_cost"),
                     attribute_text(span, "mlflow.llm.model"), attribute_text(span, "mlflow.llm.provider")}));
  }
  return {};
}

Result<void> SqliteTraceSink::put_links(const Json& item) {
  const Json& info = member(item, "trace_info");
  for (const auto& [list, type] : {std::pair("run_ids", "run"), {"prompts", "prompt_version"}})
    for (const std::string& linked : texts_of(member(item, list)))
      CICLO_CHECK(db_.execute(
          "INSERT INTO entity_associations (association_id, source_type, source_id, "
          "destination_type, destination_id, created_time) VALUES (?, 'trace', ?, ?, ?, ?) ON "
          "CONFLICT DO NOTHING",
          {"a-" + new_uid(), text_or(info, "trace_id"), type, linked, time_of(member(info, "request_time"))}));
  return {};
}

Result<Outcome> SqliteTraceSink::put(const Json& item, const std::string& location) {
  const Json& info = member(item, "trace_info");
  CICLO_TRY(const auto added, put_info(info));
  CICLO_CHECK(put_pairs(info, location));
  CICLO_CHECK(put_assessments(info));
  CICLO_CHECK(put_spans(item));
  CICLO_CHECK(put_links(item));
  return outcome_of(added, text_or(info, "trace_id"));
}

}  // namespace ciclo::portability
