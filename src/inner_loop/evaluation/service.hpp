// The rules of scorers and evaluation data sets, one call a transaction. Callers were admitted by the Guard.
//
// A scorer's text is kept and given back, never run. One that holds source code (`call_source`) is refused, as MLflow's
// server does: whoever loads it would run it.
//
// Errors: invalid for what is wrong with the request or an experiment that is deleted, not_found.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "inner_loop/evaluation/dataset_store.hpp"
#include "inner_loop/evaluation/scorer_store.hpp"
#include "inner_loop/tracking/service.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::evaluation {

// What the services stand on; all must outlive them.
struct EvaluationParts {
  sql::Database& database;
  const Clock& clock;
  tracking::ExperimentService& experiments;
};

class ScorerService {
 public:
  explicit ScorerService(EvaluationParts parts) : parts_(parts) {}

  Result<ScorerVersion> add(const ScorerRef& ref, const std::string& serialized);
  // The newest version of each. Nothing: of every active experiment.
  Result<std::vector<ScorerVersion>> list(const std::string& workspace,
                                          const std::optional<std::vector<std::int64_t>>& experiment_ids);
  Result<std::vector<ScorerVersion>> versions(const ScorerRef& ref);
  Result<ScorerVersion> get(const ScorerRef& ref, std::optional<std::int64_t> version);
  Result<void> remove(const ScorerRef& ref, std::optional<std::int64_t> version);
  // Fails with invalid for a rate above 0: see OnlineScoring.
  struct OnlineRequest {
    ScorerRef ref;
    double sample_rate = 0;
    std::string filter;
  };
  Result<OnlineScoring> set_online(const OnlineRequest& request);
  // At most 512 scorers.
  Result<std::vector<OnlineScoring>> online(const std::string& workspace, const std::vector<std::string>& scorer_ids);

 private:
  EvaluationParts parts_;
  ScorerStore store_;
};

struct NewDataset {
  std::string workspace;
  std::string name;
  std::vector<std::int64_t> experiment_ids;
  Json tags = Json::object();
  std::string user;  // who makes it, unless a tag mlflow.user says otherwise
};

struct UpsertCount {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
};

class DatasetService {
 public:
  explicit DatasetService(EvaluationParts parts) : parts_(parts) {}

  Result<EvaluationDataset> create(const NewDataset& request);
  Result<EvaluationDataset> get(const DatasetRef& ref);
  Result<void> remove(const DatasetRef& ref);
  Result<tracking::Page<EvaluationDataset>> search(const DatasetSearch& request);
  // A null value takes the tag away.
  Result<EvaluationDataset> set_tags(const DatasetRef& ref, const Json& tags);
  // `add`: else they are taken away; those that it does not belong to are fine.
  Result<EvaluationDataset> change_experiments(const DatasetRef& ref, const std::vector<std::int64_t>& experiment_ids,
                                               bool add);

  // A record with inputs that are there already is changed: its outputs are replaced, expectations and tags merged.
  Result<UpsertCount> upsert(const DatasetRef& ref, const Json& records, const std::string& user);
  Result<tracking::Page<DatasetRecord>> records(const DatasetRef& ref, std::size_t max_results,
                                                const std::string& page_token);
  Result<std::int64_t> remove_records(const DatasetRef& ref, const std::vector<std::string>& record_ids);

 private:
  Result<void> upsert_one(sql::Session& session, EvaluationDataset& dataset, const Json& given, UpsertCount& count);
  std::int64_t now() const { return to_unix_ms(parts_.clock.now()); }

  EvaluationParts parts_;
  DatasetStore store_;
};

}  // namespace ciclo::evaluation
