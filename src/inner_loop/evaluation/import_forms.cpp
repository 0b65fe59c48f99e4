#include "inner_loop/evaluation/import_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/import_routes.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::evaluation {
namespace {

using tracking::Arguments;
using tracking::ImportOutcome;

constexpr std::int64_t max_version = std::numeric_limits<std::int32_t>::max();  // of MLflow's column
constexpr std::size_t max_schema_bytes = std::size_t{1} << 20U;
// What the store reads back.
constexpr std::size_t max_record_part_bytes = JsonLimits{}.max_bytes;

void tell_once(std::vector<std::string>& sentences, std::string sentence) {
  if (std::ranges::find(sentences, sentence) == sentences.end()) sentences.push_back(std::move(sentence));
}

Result<std::string> storable_text(const Arguments& fields, std::string_view name) {
  CICLO_TRY(auto text, fields.text(name));
  CICLO_CHECK(check_storable(text, name));
  return text;
}

Result<void> check_parts(const Arguments& fields, std::string_view name) {
  const std::size_t count = fields.field(name).size();
  if (count <= max_import_parts) return {};
  return fail(ErrorCode::too_large, fmt::format("'{}' of an item holds {}", name, count), std::string(name),
              fmt::format("send at most {} at once", max_import_parts));
}

// Refuses the item that could not be read; one with too many parts fails its whole request.
Result<void> told_with(ImportOutcome& outcome, const Result<void>& read) {
  if (read) return {};
  if (read.error().code == ErrorCode::too_large) return Failure(read.error());
  outcome = tracking::refused_import(outcome.id, read.error().message);
  return {};
}

Result<ScorerVersion> version_from(const Arguments& fields) {
  ScorerVersion version;
  CICLO_TRY(const auto number, fields.integer("scorer_version"));
  if (!number || *number < 1 || *number > max_version)
    return fail(ErrorCode::invalid, "a version is a whole number from 1 on", "scorer_version");
  version.version = *number;
  CICLO_TRY(version.serialized, fields.required_text("serialized_scorer"));
  CICLO_CHECK(check_serialized_scorer(version.serialized));
  CICLO_TRY(const auto created, fields.integer("creation_time"));
  version.creation_time = created.value_or(0);
  return version;
}

Result<std::optional<OnlineScoring>> online_from(const Json& given, ImportOutcome& outcome) {
  if (given.is_null()) return std::optional<OnlineScoring>();
  if (!given.is_object()) return fail(ErrorCode::invalid, "'online' must be an object", "online");
  const Arguments fields(given);
  OnlineScoring online;
  CICLO_TRY(online.id, fields.text("online_scoring_config_id"));
  CICLO_TRY(online.filter, fields.text("filter_string"));
  CICLO_CHECK(check_online_filter(online.filter));
  double rate = 0;
  if (fields.has("sample_rate")) {
    CICLO_TRY(rate, tracking::number_from(fields.field("sample_rate"), "sample_rate"));
  }
  if (rate > 0)
    outcome.differences.emplace_back("it does not judge traces as they come in here: there is no gateway to a model");
  return online;
}

Result<void> read_scorer(const Json& item, ImportedScorer& scorer) {
  const Arguments fields(item);
  CICLO_CHECK(check_parts(fields, "versions"));
  CICLO_TRY(scorer.name, fields.required_text("name"));
  CICLO_CHECK(check_scorer_name(scorer.name));
  CICLO_TRY(scorer.experiment_id, fields.experiment_id());
  CICLO_TRY(scorer.id, fields.text("scorer_id"));
  const Json& versions = fields.field("versions");
  if (!versions.is_array()) return fail(ErrorCode::invalid, "'versions' must be a list", "versions");
  for (const Json& given : versions) {
    auto version = version_from(Arguments(given));
    if (version) scorer.versions.push_back(std::move(*version));
    else
      scorer.outcome.differences.push_back(fmt::format("version {} was not taken: {}",
                                                       to_text(member(given, "scorer_version")).substr(0, 20),
                                                       version.error().message));
  }
  auto online = online_from(fields.field("online"), scorer.outcome);
  if (online) scorer.online = std::move(*online);
  else scorer.outcome.differences.push_back("its online scoring was not taken: " + online.error().message);
  return {};
}

// JSON within JSON, or JSON itself.
Result<Json> inner_json(const Json& value) {
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty()) return Json(nullptr);
  return parse_json(text);
}

void read_tags(const Json& given, ImportedDataset& item) {
  const auto tags = inner_json(given);
  if (!tags || !(tags->is_object() || tags->is_null())) {
    item.outcome.differences.emplace_back("its tags are no JSON object");
    return;
  }
  for (const auto& [key, value] : tags->items()) {
    if (value.is_null()) {
      item.outcome.differences.push_back(fmt::format("the tag '{}' has no value", key.substr(0, 40)));
      continue;
    }
    if (const auto valid = check_dataset_tag(key, value); !valid) {
      item.outcome.differences.push_back(valid.error().message);
      continue;
    }
    item.dataset.tags[key] = value.is_string() ? value.get<std::string>() : to_text(value);
  }
}

// What DatasetService adds the fields of later records to.
bool is_schema(const Json& schema) {
  const auto is_side = [&](const char* name) {
    const Json& side = member(schema, name);
    return side.is_null() || side.is_object();
  };
  return schema.is_null() || (schema.is_object() && is_side("inputs") && is_side("expectations"));
}

void read_schema(const Json& given, ImportedDataset& item) {
  auto schema = inner_json(given);
  if (!schema || !is_schema(*schema) || to_text(*schema).size() > max_schema_bytes)
    item.outcome.differences.emplace_back("its schema is none that is understood here");
  else item.dataset.schema = std::move(*schema);
}

Result<void> read_times(const Arguments& fields, std::int64_t& created, std::int64_t& updated) {
  CICLO_TRY(const auto creation, fields.integer("created_time"));
  CICLO_TRY(const auto update, fields.integer("last_update_time"));
  created = creation.value_or(0);
  updated = update.value_or(created);
  return {};
}

Result<void> read_dataset(const Json& item, ImportedDataset& read) {
  const Arguments fields(item);
  EvaluationDataset& dataset = read.dataset;
  CICLO_CHECK(check_parts(fields, "experiment_ids"));
  CICLO_TRY(dataset.id, fields.required_text("dataset_id"));
  CICLO_CHECK(tracking::check_id(dataset.id, "data set id"));
  CICLO_TRY(dataset.name, fields.text("name"));
  CICLO_CHECK(check_dataset_name(dataset.name));
  CICLO_TRY(dataset.digest, storable_text(fields, "digest"));
  if (dataset.digest.size() > tracking::max_dataset_digest_length)
    return fail(ErrorCode::invalid, "its digest is longer than 36 bytes", "digest");
  CICLO_TRY(dataset.created_by, storable_text(fields, "created_by"));
  CICLO_TRY(dataset.last_updated_by, storable_text(fields, "last_updated_by"));
  CICLO_CHECK(read_times(fields, dataset.created_time, dataset.last_update_time));
  read_tags(fields.field("tags"), read);
  read_schema(fields.field("schema"), read);
  CICLO_TRY(const auto experiments, fields.texts("experiment_ids"));
  for (const std::string& text : experiments) {
    if (const auto id = tracking::parse_experiment_id(text)) dataset.experiment_ids.push_back(*id);
    else read.outcome.differences.push_back(id.error().message);
  }
  return {};
}

Json taken(Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? Json(nullptr) : std::exchange(*found, nullptr);
}

Result<ImportedRecord> record_from(Json& given, const std::string& dataset_id) {
  CICLO_CHECK(check_record(given));
  ImportedRecord read;
  DatasetRecord& record = read.record;
  record.dataset_id = dataset_id;
  record.inputs = taken(given, "inputs");
  if (!record.inputs.is_object()) return fail(ErrorCode::invalid, "a record has no inputs", "records");
  record.outputs = taken(given, "outputs");
  record.expectations = taken(given, "expectations");
  if (Json tags = taken(given, "tags"); tags.is_object()) record.tags = std::move(tags);
  CICLO_TRY(record.source, record_source(taken(given, "source")));
  for (const Json* part : {&record.inputs, &record.outputs, &record.expectations, &record.tags, &record.source})
    if (to_text(*part).size() > max_record_part_bytes)
      return fail(ErrorCode::invalid, "a part of a record is longer than 16 MiB", "records");
  const Arguments fields(std::move(given));
  CICLO_TRY(record.id, fields.required_text("dataset_record_id"));
  CICLO_CHECK(tracking::check_id(record.id, "record id"));
  CICLO_TRY(record.created_by, storable_text(fields, "created_by"));
  CICLO_TRY(record.last_updated_by, storable_text(fields, "last_updated_by"));
  CICLO_CHECK(read_times(fields, record.created_time, record.last_update_time));
  read.input_hash = input_hash_of(record.inputs);
  return read;
}

}  // namespace

Result<ImportedScorer> imported_scorer(const Json& item) {
  ImportedScorer scorer;
  scorer.outcome.id = text_or(item, "name");
  CICLO_CHECK(told_with(scorer.outcome, read_scorer(item, scorer)));
  return scorer;
}

Result<ImportedDataset> imported_dataset(const Json& item) {
  ImportedDataset dataset;
  dataset.outcome.id = text_or(item, "dataset_id");
  CICLO_CHECK(told_with(dataset.outcome, read_dataset(item, dataset)));
  return dataset;
}

ImportedRecords imported_records(Json& item) {
  ImportedRecords read;
  read.dataset_id = text_or(item, "dataset_id");
  if (!member(item, "records").is_array()) {
    read.left_out.emplace_back("the records of a data set must be a list");
    return read;
  }
  Json& list = item["records"];
  read.records.reserve(list.size());
  for (Json& given : list) {
    auto record = record_from(given, read.dataset_id);
    if (record) read.records.push_back(std::move(*record));
    else tell_once(read.left_out, "a record was not taken: " + record.error().message);
  }
  return read;
}

}  // namespace ciclo::evaluation
