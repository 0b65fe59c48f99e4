#include "outer_loop/endpoints/plan.hpp"

#include <algorithm>

#include "outer_loop/endpoints/traffic.hpp"

namespace ciclo::outer_loop {
namespace {

// The share of copies, when its deployment is served and has no traffic of its own.
Json effective_mirror(const Json& wanted, const Json& traffic, const std::vector<std::string>& served) {
  Json mirror = Json::object();
  for (const auto& [name, share] : wanted.items())
    if (share != Json(0) && !traffic.contains(name) && std::ranges::find(served, name) != served.end())
      mirror[name] = share;
  return mirror;
}

}  // namespace

const Json& entry_of(const Json& config, const std::string& deployment) {
  static const Json nothing;
  for (const Json& entry : member(config, "deployments"))
    if (text_or(entry, "name") == deployment) return entry;
  return nothing;
}

Json without_deployment(Json config, const std::string& deployment) {
  Json kept = Json::array();
  for (const Json& entry : member(config, "deployments"))
    if (text_or(entry, "name") != deployment) kept.push_back(entry);
  config["deployments"] = std::move(kept);
  for (const char* shares : {"traffic", "mirror_traffic"})
    if (config.contains(shares)) config[shares].erase(deployment);
  return config;
}

Plan make_plan(const PlanRequest& request) {
  Plan plan;
  std::vector<std::string> served;
  Json entries = Json::array();
  const auto take = [&](const PlannedDeployment& deployment, const Json& entry) {
    entries.push_back(entry);
    served.push_back(deployment.name);
  };
  for (const PlannedDeployment& deployment : request.deployments) {
    if (deployment.is_removed) continue;
    const Json& accepted = entry_of(request.accepted, deployment.name);
    const bool may_try = !request.is_running || plan.candidates.empty();
    if (deployment.entry && *deployment.entry == accepted) {
      take(deployment, accepted);
    } else if (deployment.entry && may_try) {
      take(deployment, *deployment.entry);
      plan.candidates.push_back(deployment.name);
    } else if (!accepted.is_null()) {
      take(deployment, accepted);
    }
  }
  plan.config = request.base;
  plan.config["deployments"] = std::move(entries);
  const Json& now = member(request.accepted, "traffic");
  plan.config["traffic"] = effective_traffic({request.traffic, now, served});
  if (Json mirror = effective_mirror(request.mirror_traffic, plan.config["traffic"], served); !mirror.empty())
    plan.config["mirror_traffic"] = std::move(mirror);
  return plan;
}

}  // namespace ciclo::outer_loop
