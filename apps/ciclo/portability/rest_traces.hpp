// The traces of a server that speaks MLflow's REST API: that of 3.x, or the older one of 2.x, where spans lie in files.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"
#include "portability/rest_client.hpp"

namespace ciclo::portability {

class RestTraces {
 public:
  // Both must outlive it.
  RestTraces(RestClient& client, Gaps& gaps) : client_(client), gaps_(gaps) {}

  // `run_ids`: the runs of the experiment, to which traces may be linked: the API tells links by a search for each.
  Result<void> of_experiment(const std::string& experiment_id, const std::vector<std::string>& run_ids,
                             const TakeItems& take);

 private:
  struct Page {
    std::vector<Json> infos;
    std::string next;
  };
  Result<Page> search(const std::string& experiment_id, const std::string& filter, const std::string& token);
  Result<Page> search_before_3(const std::string& experiment_id, const std::string& token);
  Result<void> find_links(const std::string& experiment_id, const std::vector<std::string>& run_ids);
  Result<void> add_spans(std::vector<Json>& traces);
  Result<void> add_spans_of_one(Json& trace);

  RestClient& client_;
  Gaps& gaps_;
  bool is_before_3_ = false;
  std::map<std::string, std::vector<std::string>> links_;  // trace → runs, of the experiment at hand
};

}  // namespace ciclo::portability
