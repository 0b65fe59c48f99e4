// Takes in scorers and evaluation data sets of another MLflow store, as they stand there. As in tracking's import,
// every call is one transaction and may be repeated: what is new comes in, and what is here with another content is
// told and left alone. Their experiments come first; one that is deleted takes them, too.
//
// Errors: not_found for an unknown workspace. What is wrong with one item is told with it.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/evaluation/import_forms.hpp"
#include "inner_loop/evaluation/import_store.hpp"
#include "inner_loop/evaluation/service.hpp"
#include "inner_loop/tracking/import_types.hpp"

namespace ciclo::evaluation {

class EvaluationImport {
 public:
  explicit EvaluationImport(EvaluationParts parts) : parts_(parts) {}

  using Outcome = tracking::ImportOutcome;
  // A scorer is found by its experiment and name. It keeps its id when no other scorer of the workspace has that; its
  // versions keep their numbers.
  Result<std::vector<Outcome>> scorers(const std::string& workspace, const std::vector<ImportedScorer>& items);
  // A data set is found by its id. Its records come by records(), which counts them. One that changed later there than
  // here takes digest, schema and the time of that.
  Result<std::vector<Outcome>> datasets(const std::string& workspace, const std::vector<ImportedDataset>& items);
  // A record is found by its inputs. It keeps its id when no other record of the data set has that. Schema, digest and
  // times of the data set stay as they came.
  Result<tracking::ImportCounts> records(const std::string& workspace, const std::vector<ImportedRecords>& items);

 private:
  Result<Outcome> scorer_in(sql::Session& session, const ScorerRef& ref, const ImportedScorer& item) const;
  // How many versions came in.
  Result<std::size_t> versions_in(sql::Session& session, const ImportStore::Scorer& scorer, const ImportedScorer& item,
                                  Outcome& outcome) const;
  // Whether the configuration came in.
  Result<bool> online_in(sql::Session& session, const std::string& workspace, const ImportStore::Scorer& scorer,
                         OnlineScoring online, Outcome& outcome) const;
  Result<Outcome> dataset_in(sql::Session& session, const ImportedDataset& item) const;
  Result<void> merge_dataset_in(sql::Session& session, EvaluationDataset here, const EvaluationDataset& there,
                                Outcome& outcome) const;
  Result<void> records_in(sql::Session& session, EvaluationDataset dataset, const ImportedRecords& item,
                          tracking::ImportCounts& counts) const;
  // What of a record that was not inserted is here with its inputs.
  Result<void> record_in(sql::Session& session, const EvaluationDataset& dataset, const ImportedRecord& item,
                         tracking::ImportCounts& counts, std::set<std::string>& differences) const;

  EvaluationParts parts_;
  ScorerStore scorer_store_;
  DatasetStore dataset_store_;
  ImportStore store_;
};

}  // namespace ciclo::evaluation
