// Scorers, evaluation data sets and webhooks of a server that speaks MLflow's REST API; none where it has no endpoints
// for them.
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
  // `client` must outlive it.
  explicit RestEvaluation(RestClient& client) : client_(client) {}

  // None for a deleted experiment: the API does not tell.
  Result<std::vector<Json>> scorers(const std::string& experiment_id);
  Result<std::vector<Json>> datasets();
  Result<void> records(const std::string& dataset_id, const TakeItems& take);
  // None for somebody who may not see them; hides_webhooks() tells.
  Result<std::vector<Json>> webhooks();
  bool hides_webhooks() const { return hides_webhooks_; }

 private:
  Result<Json> scorer_of(const std::string& experiment_id, const std::string& name);
  Result<void> add_online(std::vector<Json>& scorers);

  RestClient& client_;
  bool hides_webhooks_ = false;
};

}  // namespace ciclo::portability
