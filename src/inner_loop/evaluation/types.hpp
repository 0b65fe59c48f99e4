// What MLflow 3 evaluates with: scorers, and data sets of examples.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ciclo::evaluation {

// One version of a scorer of an experiment.
struct ScorerVersion {
  std::int64_t number = 0;  // internal key of the scorer's rows
  std::string scorer_id;    // of all its versions
  std::int64_t experiment_id = 0;
  std::string name;
  std::int64_t version = 0;
  std::string serialized;  // JSON that its maker wrote; never run here
  std::int64_t creation_time = 0;
};
Json to_json(const ScorerVersion& scorer);

// Whether a scorer judges traces as they come in. Here none does: that takes a gateway to a model, which Ciclo has not.
// So the rate is always 0; the rest is kept as it was given.
struct OnlineScoring {
  std::string id;
  std::string scorer_id;
  std::int64_t experiment_id = 0;
  std::string filter;  // of traces; may be empty
};
Json to_json(const OnlineScoring& config);

// A set of examples that belongs to any number of experiments of its workspace.
struct EvaluationDataset {
  std::int64_t number = 0;  // internal key of the rows that belong to it
  std::string id;           // "d-…"
  std::string workspace;
  std::string name;
  std::string digest;  // 8 hexadecimal digits; changes with the records
  Json schema;         // {"inputs": {field: type}, "outputs", "expectations", "version"}; null before the first record
  std::int64_t records = 0;
  std::string created_by;
  std::string last_updated_by;
  std::int64_t created_time = 0;
  std::int64_t last_update_time = 0;
  Json tags = Json::object();  // text → text
  std::vector<std::int64_t> experiment_ids;
};
Json to_json(const EvaluationDataset& dataset);

// One example. Two records of a data set never have the same inputs.
struct DatasetRecord {
  std::string id;  // "dr-…"
  std::string dataset_id;
  Json inputs = Json::object();
  Json outputs;       // any JSON; null when there are none
  Json expectations;  // an object or null
  Json tags = Json::object();
  Json source;  // {"source_type","source_data"} or null
  std::string created_by;
  std::string last_updated_by;
  std::int64_t created_time = 0;
  std::int64_t last_update_time = 0;
};
Json to_json(const DatasetRecord& record);
// The same for inputs that are equal_values; 64 hexadecimal digits.
std::string input_hash_of(const Json& inputs);

}  // namespace ciclo::evaluation
