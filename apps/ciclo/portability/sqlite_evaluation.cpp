#include "portability/sqlite_evaluation.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "portability/sqlite_columns.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t records_per_page = 500;

Json parsed_or_null(const sql::Row& row, std::size_t column) {
  if (row.is_null(column)) return nullptr;
  auto read = parse_json(row.text(column));
  return read ? *std::move(read) : Json(nullptr);
}

void put_text(Json& object, const char* key, const sql::Row& row, std::size_t column) {
  if (!row.is_null(column)) object[key] = row.text(column);
}

Json record_of(const sql::Row& row) {
  Json record{{"dataset_record_id", row.text(1)},
              {"inputs", parsed_or_null(row, 2)},
              {"created_time", row.integer(6)},
              {"last_update_time", row.integer(7)}};
  for (const auto& [key, column] : {std::pair("expectations", 3), {"tags", 4}, {"source", 5}})
    if (const Json value = parsed_or_null(row, static_cast<std::size_t>(column)); !value.is_null()) record[key] = value;
  if (const Json outputs = parsed_or_null(row, 10); !outputs.is_null())
    record["outputs"] =
        outputs.is_object() && outputs.contains(wrapped_output) ? outputs[std::string(wrapped_output)] : outputs;
  put_text(record, "created_by", row, 8);
  put_text(record, "last_updated_by", row, 9);
  return record;
}

}  // namespace

std::string SqliteEvaluation::in_default(std::string_view table) {
  return reader_.has_column(table, "workspace") ? " AND workspace = 'default'" : "";
}

Result<Json> SqliteEvaluation::scorer_of(const sql::Row& row, const std::string& experiment_id) {
  Json scorer{
      {"experiment_id", experiment_id}, {"scorer_id", row.text(0)}, {"name", row.text(1)}, {"versions", Json::array()}};
  CICLO_TRY(
      const auto versions,
      reader_.query("SELECT scorer_version, serialized_scorer, creation_time FROM scorer_versions WHERE scorer_id "
                    "= ? ORDER BY scorer_version",
                    {row.text(0)}));
  for (const sql::Row& version : versions)
    scorer["versions"].push_back({{"scorer_version", version.integer(0)},
                                  {"serialized_scorer", version.text(1)},
                                  {"creation_time", version.integer(2)}});
  if (!reader_.has_table("online_scoring_configs")) return scorer;
  CICLO_TRY(const auto configs,
            reader_.query("SELECT online_scoring_config_id, sample_rate, filter_string FROM online_scoring_configs "
                          "WHERE scorer_id = ?",
                          {row.text(0)}));
  for (const sql::Row& config : configs) {
    scorer["online"] = {{"online_scoring_config_id", config.text(0)}, {"sample_rate", config.real(1)}};
    put_text(scorer["online"], "filter_string", config, 2);
  }
  return scorer;
}

Result<std::vector<Json>> SqliteEvaluation::scorers(const std::string& experiment_id) {
  std::vector<Json> items;
  if (!reader_.has_table("scorers")) return items;
  CICLO_TRY(const auto rows,
            reader_.query("SELECT scorer_id, scorer_name FROM scorers WHERE experiment_id = ? ORDER BY scorer_name",
                          {parse_int(experiment_id).value_or(-1)}));
  for (const sql::Row& row : rows) {
    CICLO_TRY(auto scorer, scorer_of(row, experiment_id));
    items.push_back(std::move(scorer));
  }
  return items;
}

Result<Json> SqliteEvaluation::dataset_of(const sql::Row& row) {
  const std::string& id = row.text(0);
  Json set{{"dataset_id", id}, {"name", row.text(1)}};
  for (const auto& [key, column] :
       {std::pair("schema", 2), {"profile", 3}, {"digest", 4}, {"created_by", 7}, {"last_updated_by", 8}})
    put_text(set, key, row, static_cast<std::size_t>(column));
  set["created_time"] = row.integer(5);
  set["last_update_time"] = row.integer(6);
  CICLO_TRY(const auto tags,
            reader_.query("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_id = ? ORDER BY key", {id}));
  Json pairs = Json::object();
  for (const sql::Row& tag : tags) pairs[tag.text(0)] = tag.text(1);
  set["tags"] = to_text(pairs);
  CICLO_TRY(const auto experiments,
            reader_.query("SELECT destination_id FROM entity_associations WHERE source_type = 'evaluation_dataset' AND "
                          "source_id = ? AND destination_type = 'experiment' ORDER BY destination_id",
                          {id}));
  set["experiment_ids"] = Json::array();
  for (const sql::Row& experiment : experiments) set["experiment_ids"].push_back(experiment.text(0));
  return set;
}

Result<std::vector<Json>> SqliteEvaluation::datasets() {
  std::vector<Json> items;
  if (!reader_.has_table("evaluation_datasets")) return items;
  CICLO_TRY(const auto rows,
            reader_.query(fmt::format("SELECT dataset_id, name, schema, profile, digest, created_time, "
                                      "last_update_time, created_by, last_updated_by FROM evaluation_datasets WHERE 1 "
                                      "= 1{} ORDER BY created_time, dataset_id",
                                      in_default("evaluation_datasets"))));
  for (const sql::Row& row : rows) {
    CICLO_TRY(auto set, dataset_of(row));
    items.push_back(std::move(set));
  }
  return items;
}

Result<void> SqliteEvaluation::records(const std::string& dataset_id, const TakeItems& take) {
  const std::string select = fmt::format(
      "SELECT rowid, dataset_record_id, inputs, expectations, tags, source, created_time, last_update_time, "
      "created_by, last_updated_by, {} FROM evaluation_dataset_records WHERE dataset_id = ? AND rowid > ? ORDER BY "
      "rowid LIMIT ?",
      reader_.has_column("evaluation_dataset_records", "outputs") ? "outputs" : "NULL");
  std::int64_t after = 0;
  for (;;) {
    CICLO_TRY(const auto rows, reader_.query(select, {dataset_id, after, records_per_page}));
    if (rows.empty()) return {};
    after = rows.back().integer(0);
    std::vector<Json> page;
    for (const sql::Row& row : rows) page.push_back(record_of(row));
    CICLO_CHECK(take(std::move(page)));
  }
}

Result<std::vector<Json>> SqliteEvaluation::webhooks() {
  std::vector<Json> items;
  if (!reader_.has_table("webhooks")) return items;
  CICLO_TRY(const auto rows,
            reader_.query(fmt::format(
                "SELECT webhook_id, name, description, url, secret IS NOT NULL, "
                "creation_timestamp, last_updated_timestamp FROM webhooks WHERE deleted_timestamp IS NULL{} ORDER BY "
                "creation_timestamp, webhook_id",
                in_default("webhooks"))));
  for (const sql::Row& row : rows) {
    Json item{{"name", row.text(1)},
              {"url", row.text(3)},
              {"events", Json::array()},
              {"has_secret", row.integer(4) != 0},
              {"creation_timestamp", row.integer(5)},
              {"last_updated_timestamp", row.integer(6)}};
    put_text(item, "description", row, 2);
    CICLO_TRY(const auto events,
              reader_.query("SELECT entity, action FROM webhook_events WHERE webhook_id = ? ORDER BY entity, action",
                            {row.text(0)}));
    for (const sql::Row& event : events)
      item["events"].push_back({{"entity", to_upper(event.text(0))}, {"action", to_upper(event.text(1))}});
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace ciclo::portability
