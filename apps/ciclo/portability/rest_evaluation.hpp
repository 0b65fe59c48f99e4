// Scorers, evaluation data sets and webhooks of a server that speaks MLflow's REST API; none where it has no endpoints
// for them, and none, with a word in the gaps, where it does not give them.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"
#include "portability/rest_client.hpp"

namespace ciclo::portability {

class RestEvaluation {
 public:
  // Both must outlive it.
  RestEvaluation(RestClient& client, Gaps& gaps) : client_(client), gaps_(gaps) {}

  // None for a deleted experiment: the API does not tell.
  Result<std::vector<Json>> scorers(const std::string& experiment_id);
  Result<std::vector<Json>> datasets();
  Result<void> records(const std::string& dataset_id, const TakeItems& take);
  Result<std::vector<Json>> webhooks();

 private:
  Result<Json> scorer_of(const std::string& experiment_id, const std::string& name);
  Result<void> add_online(std::vector<Json>& scorers);

  RestClient& client_;
  Gaps& gaps_;
};

}  // namespace ciclo::portability
