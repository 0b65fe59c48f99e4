// The bytes of evaluation data sets: tables evaluation_datasets, evaluation_dataset_tags,
// evaluation_dataset_experiments and evaluation_records.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/evaluation/types.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::evaluation {

struct DatasetRef {
  std::string workspace;
  std::string id;
};

struct DatasetSearch {
  std::string workspace;
  std::vector<std::int64_t> experiment_ids;  // none: of any
  std::string filter;                        // name, created_time, last_update_time, created_by, …, tags.<key>
  std::vector<std::string> order_by;         // newest first without
  std::size_t max_results = 1000;
  std::string page_token;
};

// A data set that is handed in has its number, as find(), get() and search() give it.
class DatasetStore {
 public:
  // Sets its number. The id must be free in the workspace.
  Result<void> insert(sql::Session& session, EvaluationDataset& dataset) const;
  // All but tags, experiments and records.
  Result<void> update(sql::Session& session, const EvaluationDataset& dataset) const;
  // With tags and experiments.
  Result<std::optional<EvaluationDataset>> find(sql::Session& session, const DatasetRef& ref) const;
  // Fails with not_found.
  Result<EvaluationDataset> get(sql::Session& session, const DatasetRef& ref) const;
  // With its records; ok when it is gone already.
  Result<void> remove(sql::Session& session, const DatasetRef& ref) const;
  Result<tracking::Page<EvaluationDataset>> search(sql::Session& session, const DatasetSearch& request) const;

  Result<void> put_tag(sql::Session& session, const EvaluationDataset& dataset, const tracking::Tag& tag) const;
  Result<void> remove_tag(sql::Session& session, const EvaluationDataset& dataset, const std::string& key) const;
  Result<void> add_experiment(sql::Session& session, const EvaluationDataset& dataset,
                              std::int64_t experiment_id) const;
  Result<void> remove_experiment(sql::Session& session, const EvaluationDataset& dataset,
                                 std::int64_t experiment_id) const;
  // No data set belongs any more to an experiment that is deleted for good.
  Result<void> purge(sql::Session& session, const std::string& workspace, std::int64_t experiment_id) const;

  // The record of a data set with these inputs' hash, or none.
  Result<std::optional<DatasetRecord>> find_record(sql::Session& session, const EvaluationDataset& dataset,
                                                   const std::string& input_hash) const;
  // False, and nothing done, when the data set has these inputs or a record with this id.
  Result<bool> insert_record(sql::Session& session, const EvaluationDataset& dataset, const DatasetRecord& record,
                             const std::string& input_hash) const;
  // Outputs, expectations, tags, who and when.
  Result<void> update_record(sql::Session& session, const EvaluationDataset& dataset,
                             const DatasetRecord& record) const;
  // Oldest first, after the record of the token.
  Result<tracking::Page<DatasetRecord>> records(sql::Session& session, const EvaluationDataset& dataset,
                                                std::size_t max_results, const std::string& page_token) const;
  // How many of them there were.
  Result<std::int64_t> remove_records(sql::Session& session, const EvaluationDataset& dataset,
                                      const std::vector<std::string>& record_ids) const;
};

}  // namespace ciclo::evaluation
