// What comes from another MLflow store, and how the import's requests say it: MLflow's JSON of each noun
// (docs/moving-from-mlflow.md). Ids and times are given, not made up. What of an item cannot be taken is left out here
// already and told with it, or the whole item is refused; the others of its request come in all the same.
//
// Errors: too_large for an item with too many parts. Thread safety: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/evaluation/types.hpp"
#include "inner_loop/tracking/import_types.hpp"

namespace ciclo::evaluation {

inline constexpr std::size_t max_import_parts = 1000;  // versions of a scorer, experiments of a data set

struct ImportedScorer {
  std::string id;  // may be empty or none that is kept here
  std::int64_t experiment_id = 0;
  std::string name;
  std::vector<ScorerVersion> versions;  // number, text and time; in any order, repeats allowed
  std::optional<OnlineScoring> online;  // id, as that of the scorer, and filter
  tracking::ImportOutcome outcome;      // refused, or what was left out
};
// {"experiment_id", "name", "scorer_id", "versions": [{"scorer_version", "serialized_scorer", "creation_time"}],
// "online": {"online_scoring_config_id", "sample_rate", "filter_string"}}
Result<ImportedScorer> imported_scorer(const Json& item);

struct ImportedDataset {
  EvaluationDataset dataset;        // without records
  tracking::ImportOutcome outcome;  // refused, or what was left out
};
// As to_json(EvaluationDataset) prints it; tags and schema are JSON within JSON or JSON itself.
Result<ImportedDataset> imported_dataset(const Json& item);

struct ImportedRecord {
  DatasetRecord record;
  std::string input_hash;
};

struct ImportedRecords {
  std::string dataset_id;
  std::vector<ImportedRecord> records;
  std::vector<std::string> left_out;  // why; each sentence once
};
// {"dataset_id", "records": [as to_json(DatasetRecord) prints them]}. Takes the values out of `item`.
ImportedRecords imported_records(Json& item);

}  // namespace ciclo::evaluation
