#include "inner_loop/evaluation/types.hpp"

#include "base/digest.hpp"

namespace ciclo::evaluation {
namespace {

void put(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

}  // namespace

Json to_json(const ScorerVersion& scorer) {
  return {{"experiment_id", scorer.experiment_id}, {"scorer_name", scorer.name},
          {"scorer_version", scorer.version},      {"serialized_scorer", scorer.serialized},
          {"creation_time", scorer.creation_time}, {"scorer_id", scorer.scorer_id}};
}

Json to_json(const OnlineScoring& config) {
  return {{"online_scoring_config_id", config.id},
          {"scorer_id", config.scorer_id},
          {"sample_rate", 0.0},
          {"experiment_id", std::to_string(config.experiment_id)},
          {"filter_string", config.filter.empty() ? Json(nullptr) : Json(config.filter)}};
}

// Tags, schema and profile are JSON within JSON, as MLflow's protocol has them.
Json to_json(const EvaluationDataset& dataset) {
  Json answer{{"dataset_id", dataset.id},
              {"name", dataset.name},
              {"digest", dataset.digest},
              {"tags", to_text(dataset.tags)},
              {"created_time", dataset.created_time},
              {"last_update_time", dataset.last_update_time}};
  if (!dataset.schema.is_null()) answer["schema"] = to_text(dataset.schema);
  if (dataset.records > 0) answer["profile"] = to_text({{"num_records", dataset.records}});
  put(answer, "created_by", dataset.created_by);
  put(answer, "last_updated_by", dataset.last_updated_by);
  for (const std::int64_t id : dataset.experiment_ids) answer["experiment_ids"].push_back(std::to_string(id));
  return answer;
}

Json to_json(const DatasetRecord& record) {
  Json answer{{"dataset_record_id", record.id},
              {"dataset_id", record.dataset_id},
              {"inputs", record.inputs},
              {"tags", record.tags},
              {"created_time", record.created_time},
              {"last_update_time", record.last_update_time}};
  if (!record.outputs.is_null()) answer["outputs"] = record.outputs;
  if (!record.expectations.is_null()) answer["expectations"] = record.expectations;
  put(answer, "created_by", record.created_by);
  put(answer, "last_updated_by", record.last_updated_by);
  if (!record.source.is_object()) return answer;
  answer["source"] = record.source;
  const std::string type = text_or(record.source, "source_type", "UNSPECIFIED");
  answer["source_type"] = type;
  put(answer, "source_id", text_or(member(record.source, "source_data"), type == "TRACE" ? "trace_id" : "source_id"));
  return answer;
}

std::string input_hash_of(const Json& inputs) {
  return sha256_hex(to_canonical_text(inputs));
}

}  // namespace ciclo::evaluation
