#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/evaluation/service.hpp"
#include "inner_loop/tracking/experiment_store.hpp"

namespace ciclo::evaluation {
namespace {

constexpr std::string_view user_tag = "mlflow.user";

Result<void> check_experiment(sql::Session& session, const std::string& workspace, std::int64_t id) {
  CICLO_TRY(const auto experiment, tracking::ExperimentStore().find(session, workspace, id));
  if (experiment) return {};
  return fail(ErrorCode::not_found, fmt::format("No Experiment with id={}", id), "experiment_ids");
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

// Changes with every change of the records, as MLflow computes it.
std::string digest_of(const std::string& name, std::int64_t now) {
  return sha256_hex(fmt::format("{}:{}", name, now)).substr(0, 8);
}

std::string_view type_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "float";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

void add_fields(Json& schema, const char* side, const Json& values) {
  for (const auto& [key, value] : values.items())
    if (!schema[side].contains(key)) schema[side][key] = type_of(value);
}

void add_to_schema(Json& schema, const Json& record) {
  if (schema.is_null())
    schema = {
        {"inputs", Json::object()}, {"outputs", Json::object()}, {"expectations", Json::object()}, {"version", "1.0"}};
  for (const char* side : {"inputs", "expectations"})
    if (const Json& values = member(record, side); values.is_object()) add_fields(schema, side, values);
  const Json& outputs = member(record, "outputs");
  if (outputs.is_object() && schema["outputs"].is_object()) add_fields(schema, "outputs", outputs);
  else if (!outputs.is_null() && schema["outputs"].empty()) schema["outputs"] = type_of(outputs);
}

}  // namespace

Result<EvaluationDataset> DatasetService::create(const NewDataset& request) {
  CICLO_CHECK(check_dataset_name(request.name));
  CICLO_CHECK(check_dataset_tags(request.tags));
  CICLO_CHECK(parts_.experiments.ensure_default(request.workspace));
  return parts_.database.write([&](sql::Session& session) -> Result<EvaluationDataset> {
    EvaluationDataset dataset;
    dataset.id = "d-" + new_uid();
    dataset.workspace = request.workspace;
    dataset.name = request.name;
    dataset.created_time = dataset.last_update_time = now();
    dataset.digest = digest_of(dataset.name, dataset.created_time);
    for (const auto& [key, value] : request.tags.items()) dataset.tags[key] = text_of(value);
    dataset.created_by = dataset.last_updated_by = text_or(dataset.tags, user_tag, request.user);
    for (const std::int64_t id : request.experiment_ids) CICLO_CHECK(check_experiment(session, request.workspace, id));
    dataset.experiment_ids = request.experiment_ids;
    CICLO_CHECK(store_.insert(session, dataset));
    return store_.get(session, {dataset.workspace, dataset.id});
  });
}

Result<EvaluationDataset> DatasetService::get(const DatasetRef& ref) {
  return parts_.database.read([&](sql::Session& session) { return store_.get(session, ref); });
}

Result<void> DatasetService::remove(const DatasetRef& ref) {
  return parts_.database.write([&](sql::Session& session) { return store_.remove(session, ref); });
}

Result<tracking::Page<EvaluationDataset>> DatasetService::search(const DatasetSearch& request) {
  return parts_.database.read([&](sql::Session& session) { return store_.search(session, request); });
}

Result<EvaluationDataset> DatasetService::set_tags(const DatasetRef& ref, const Json& tags) {
  CICLO_CHECK(check_dataset_tags(tags));
  return parts_.database.write([&](sql::Session& session) -> Result<EvaluationDataset> {
    CICLO_TRY(const auto dataset, store_.get(session, ref));
    for (const auto& [key, value] : tags.items())
      CICLO_CHECK(value.is_null() ? store_.remove_tag(session, dataset, key)
                                  : store_.put_tag(session, dataset, {.key = key, .value = text_of(value)}));
    return store_.get(session, ref);
  });
}

Result<EvaluationDataset> DatasetService::change_experiments(const DatasetRef& ref,
                                                             const std::vector<std::int64_t>& experiment_ids,
                                                             bool add) {
  return parts_.database.write([&](sql::Session& session) -> Result<EvaluationDataset> {
    CICLO_TRY(auto dataset, store_.get(session, ref));
    for (const std::int64_t id : experiment_ids) {
      if (add) CICLO_CHECK(check_experiment(session, ref.workspace, id));
      CICLO_CHECK(add ? store_.add_experiment(session, dataset, id) : store_.remove_experiment(session, dataset, id));
    }
    dataset.last_update_time = now();
    CICLO_CHECK(store_.update(session, dataset));
    return store_.get(session, ref);
  });
}

Result<void> DatasetService::upsert_one(sql::Session& session, EvaluationDataset& dataset, const Json& given,
                                        UpsertCount& count) {
  CICLO_CHECK(check_record(given));
  const Json& inputs = member(given, "inputs");
  const Json& tags = member(given, "tags");
  const std::string hash = input_hash_of(inputs.is_object() ? inputs : Json::object());
  const std::string user = text_or(tags, user_tag);
  if (!user.empty()) dataset.last_updated_by = user;
  add_to_schema(dataset.schema, given);
  CICLO_TRY(auto found, store_.find_record(session, dataset, hash));
  DatasetRecord record = found.value_or(DatasetRecord{});
  if (!found) {
    record.id = "dr-" + new_uid();
    record.dataset_id = dataset.id;
    if (inputs.is_object()) record.inputs = inputs;
    record.outputs = given.contains("outputs") ? given["outputs"] : Json::object();
    record.created_by = user;
    record.created_time = now();
    CICLO_TRY(record.source, record_source(member(given, "source")));
  } else if (given.contains("outputs")) {
    record.outputs = given["outputs"];
  }
  if (const Json& expectations = member(given, "expectations"); expectations.is_object()) {
    if (record.expectations.is_null()) record.expectations = Json::object();
    record.expectations.update(expectations);
  }
  if (tags.is_object()) record.tags.update(tags);
  if (!user.empty()) record.last_updated_by = user;
  record.last_update_time = now();
  if (found) {
    ++count.updated;
    return store_.update_record(session, dataset, record);
  }
  ++count.inserted;
  CICLO_TRY(const bool is_stored, store_.insert_record(session, dataset, record, hash));
  if (!is_stored) return fail(ErrorCode::conflict, "the record was added meanwhile", "records");
  return {};
}

Result<UpsertCount> DatasetService::upsert(const DatasetRef& ref, const Json& records, const std::string& user) {
  if (!records.is_array()) return fail(ErrorCode::invalid, "records must be a JSON list of objects", "records");
  if (records.size() > max_records_of_a_call)
    return fail(ErrorCode::invalid,
                fmt::format("{} records in one call; at most {}", records.size(), max_records_of_a_call), "records",
                "send them in parts");
  return parts_.database.write([&](sql::Session& session) -> Result<UpsertCount> {
    CICLO_TRY(auto dataset, store_.get(session, ref));
    dataset.last_updated_by = user;
    UpsertCount count;
    for (const Json& record : records) CICLO_CHECK(upsert_one(session, dataset, record, count));
    dataset.records += count.inserted;
    dataset.last_update_time = now();
    dataset.digest = digest_of(dataset.name, dataset.last_update_time);
    CICLO_CHECK(store_.update(session, dataset));
    return count;
  });
}

Result<tracking::Page<DatasetRecord>> DatasetService::records(const DatasetRef& ref, std::size_t max_results,
                                                              const std::string& page_token) {
  return parts_.database.read([&](sql::Session& session) -> Result<tracking::Page<DatasetRecord>> {
    CICLO_TRY(const auto dataset, store_.get(session, ref));
    return store_.records(session, dataset, max_results, page_token);
  });
}

Result<std::int64_t> DatasetService::remove_records(const DatasetRef& ref, const std::vector<std::string>& record_ids) {
  return parts_.database.write([&](sql::Session& session) -> Result<std::int64_t> {
    CICLO_TRY(auto dataset, store_.get(session, ref));
    CICLO_TRY(const auto removed, store_.remove_records(session, dataset, record_ids));
    if (removed == 0) return removed;
    dataset.records -= removed;
    dataset.last_update_time = now();
    dataset.digest = digest_of(dataset.name, dataset.last_update_time);
    CICLO_CHECK(store_.update(session, dataset));
    return removed;
  });
}

}  // namespace ciclo::evaluation
