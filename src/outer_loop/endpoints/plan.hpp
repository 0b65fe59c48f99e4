// Which configuration the scorer of an endpoint shall have next. Pure.
//
// The scorer takes a configuration whole or not at all. So at most one deployment that it has not served yet is added
// at a time, and one that fails is found out and left out while the others go on: a changed deployment that cannot be
// loaded keeps its old form in service. Only a scorer that is started anew gets all at once, because then it tells
// which of them it could not load.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ciclo::outer_loop {

struct PlannedDeployment {
  std::string name;
  bool is_removed = false;
  // Its entry in scorer.json; nothing while it is being prepared, and when it failed.
  std::optional<Json> entry;
};

struct PlanRequest {
  Json base;                                   // everything in scorer.json but deployments and traffic
  Json accepted;                               // what the scorer serves, as a whole; null when it serves nothing
  std::vector<PlannedDeployment> deployments;  // in the order they were made
  Json traffic;                                // as wanted
  Json mirror_traffic;                         // as wanted
  bool is_running = false;
};

struct Plan {
  Json config;                          // scorer.json; without deployments there is nothing to serve
  std::vector<std::string> candidates;  // those in it that the scorer has not served in this form
};

Plan make_plan(const PlanRequest& request);

// The deployment's entry in a configuration, or null.
const Json& entry_of(const Json& config, const std::string& deployment);
// The configuration without that deployment and its traffic.
Json without_deployment(Json config, const std::string& deployment);

}  // namespace ciclo::outer_loop
