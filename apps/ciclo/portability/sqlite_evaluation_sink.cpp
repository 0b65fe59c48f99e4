#include "portability/sqlite_evaluation_sink.hpp"

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "portability/python_json.hpp"
#include "portability/sqlite_columns.hpp"

namespace ciclo::portability {
namespace {

sql::Value json_or_null(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_null() ? sql::Value(nullptr) : sql::Value(to_text(value));
}

std::string source_type_of(const Json& record) {
  return text_or(member(record, "source"), "source_type");
}

}  // namespace

Result<void> SqliteEvaluationSink::put_online(const Json& item, const std::string& scorer_id) {
  const Json& online = member(item, "online");
  if (!online.is_object()) return {};
  CICLO_TRY(const auto here, db_.query("SELECT 1 FROM online_scoring_configs WHERE scorer_id = ?", {scorer_id}));
  if (!here.empty()) return {};
  const std::string id = text_or(online, "online_scoring_config_id");
  CICLO_CHECK(
      db_.execute("INSERT INTO online_scoring_configs (online_scoring_config_id, scorer_id, sample_rate, "
                  "experiment_id, filter_string) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                  {id.empty() ? new_uid() : id, scorer_id,
                   member(online, "sample_rate").is_number() ? online["sample_rate"].get<double>() : 0.0,
                   number_of(item, "experiment_id"), text_or_null(online, "filter_string")}));
  return {};
}

Result<Outcome> SqliteEvaluationSink::put_scorer(const Json& item) {
  const std::int64_t experiment = number_of(item, "experiment_id");
  const std::string name = text_or(item, "name");
  CICLO_CHECK(
      db_.execute("INSERT INTO scorers (experiment_id, scorer_name, scorer_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                  {experiment, name, text_or(item, "scorer_id")}));
  CICLO_TRY(const auto rows,
            db_.query("SELECT scorer_id FROM scorers WHERE experiment_id = ? AND scorer_name = ?", {experiment, name}));
  if (rows.empty())
    return Outcome{.kind = Outcome::Kind::refused, .id = name, .differences = {"its id is taken there"}};
  const std::string id = rows.front().text(0);
  std::int64_t added = 0;
  for (const Json& version : member(item, "versions")) {
    CICLO_TRY(const auto put,
              db_.execute("INSERT INTO scorer_versions (scorer_id, scorer_version, serialized_scorer, "
                          "creation_time) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                          {id, number_of(version, "scorer_version"), text_or(version, "serialized_scorer"),
                           number_of(version, "creation_time")}));
    added += put;
  }
  CICLO_CHECK(put_online(item, id));
  return outcome_of(added, name);
}

Result<Outcome> SqliteEvaluationSink::put_dataset(const Json& item) {
  const std::string id = text_or(item, "dataset_id");
  CICLO_TRY(
      const auto added,
      db_.execute("INSERT INTO evaluation_datasets (dataset_id, name, schema, profile, digest, created_time, "
                  "last_update_time, created_by, last_updated_by, workspace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
                  "'default') ON CONFLICT DO NOTHING",
                  {id, text_or(item, "name"), text_or_null(item, "schema"), text_or_null(item, "profile"),
                   text_or_null(item, "digest"), number_of(item, "created_time"), number_of(item, "last_update_time"),
                   text_or_null(item, "created_by"), text_or_null(item, "last_updated_by")}));
  if (added == 0)
    CICLO_CHECK(
        db_.execute("UPDATE evaluation_datasets SET schema = ?, profile = ?, digest = ?, last_update_time = ?, "
                    "last_updated_by = ? WHERE dataset_id = ? AND last_update_time < ?",
                    {text_or_null(item, "schema"), text_or_null(item, "profile"), text_or_null(item, "digest"),
                     number_of(item, "last_update_time"), text_or_null(item, "last_updated_by"), id,
                     number_of(item, "last_update_time")}));
  const auto tags = parse_json(text_or(item, "tags", "{}"));
  if (tags && tags->is_object())
    for (const auto& [key, value] : tags->items())
      CICLO_CHECK(db_.execute(
          "INSERT INTO evaluation_dataset_tags (dataset_id, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          {id, key, value.is_string() ? value.get<std::string>() : to_text(value)}));
  for (const std::string& experiment : texts_of(member(item, "experiment_ids")))
    CICLO_CHECK(
        db_.execute("INSERT INTO entity_associations (association_id, source_type, source_id, "
                    "destination_type, destination_id, created_time) VALUES (?, 'evaluation_dataset', ?, "
                    "'experiment', ?, ?) ON CONFLICT DO NOTHING",
                    {"a-" + new_uid(), id, experiment, number_of(item, "created_time")}));
  return outcome_of(added, id);
}

Result<Counts> SqliteEvaluationSink::put_records(const std::string& dataset_id, const std::vector<Json>& records) {
  Counts counts;
  for (const Json& record : records) {
    const Json& outputs = member(record, "outputs");
    const Json inputs = member(record, "inputs").is_object() ? record["inputs"] : Json::object();
    CICLO_TRY(const auto added,
              db_.execute("INSERT INTO evaluation_dataset_records (dataset_record_id, dataset_id, inputs, outputs, "
                          "expectations, tags, source, source_id, source_type, created_time, last_update_time, "
                          "created_by, last_updated_by, input_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                          "ON CONFLICT DO NOTHING",
                          {text_or(record, "dataset_record_id"), dataset_id, to_text(inputs),
                           outputs.is_null() ? sql::Value(nullptr)
                                             : sql::Value(to_text({{std::string(wrapped_output), outputs}})),
                           json_or_null(record, "expectations"), json_or_null(record, "tags"),
                           json_or_null(record, "source"), text_or_null(record, "source_id"),
                           source_type_of(record).empty() ? sql::Value(nullptr) : sql::Value(source_type_of(record)),
                           number_of(record, "created_time"), number_of(record, "last_update_time"),
                           text_or_null(record, "created_by"), text_or_null(record, "last_updated_by"),
                           sha256_hex(python_text(inputs))}));
    ++(added > 0 ? counts.added : counts.present);
  }
  return counts;
}

Result<Outcome> SqliteEvaluationSink::put_webhook(const Json& item) {
  const std::string name = text_or(item, "name");
  const std::string url = text_or(item, "url");
  CICLO_TRY(const auto here,
            db_.query("SELECT 1 FROM webhooks WHERE name = ? AND url = ? AND deleted_timestamp IS NULL", {name, url}));
  if (!here.empty()) return outcome_of(0, name);
  const std::string id = new_uid();
  CICLO_CHECK(
      db_.execute("INSERT INTO webhooks (webhook_id, name, description, url, status, creation_timestamp, "
                  "last_updated_timestamp, workspace) VALUES (?, ?, ?, ?, 'DISABLED', ?, ?, 'default')",
                  {id, name, text_or_null(item, "description"), url, number_of(item, "creation_timestamp"),
                   number_of(item, "last_updated_timestamp")}));
  for (const Json& event : member(item, "events"))
    CICLO_CHECK(
        db_.execute("INSERT INTO webhook_events (webhook_id, entity, action) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    {id, to_lower(text_or(event, "entity")), to_lower(text_or(event, "action"))}));
  return outcome_of(1, name);
}

}  // namespace ciclo::portability
