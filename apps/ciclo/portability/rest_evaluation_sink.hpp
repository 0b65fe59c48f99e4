// Scorers and evaluation data sets put into a running MLflow server. Its API cannot set ids: a data set gets a new one
// and says in the tag `ciclo.dataset_id` which it had; versions of a scorer are counted by the server.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/rest_client.hpp"
#include "portability/sink.hpp"

namespace ciclo::portability {

class RestEvaluationSink {
 public:
  // `client` must outlive it.
  explicit RestEvaluationSink(RestClient& client) : client_(client) {}

  Result<Outcome> put_scorer(const Json& item);
  Result<Outcome> put_dataset(const Json& item);
  Result<Counts> put_records(const std::string& dataset_id, const std::vector<Json>& records);

 private:
  Result<std::string> find_dataset(const std::string& old_id);

  RestClient& client_;
  std::map<std::string, std::string> datasets_;  // by their ids in the source
};

}  // namespace ciclo::portability
