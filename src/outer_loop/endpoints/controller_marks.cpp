// How the controller writes down what has become of an endpoint and its deployments.
#include <fmt/format.h>

#include "outer_loop/endpoints/controller.hpp"
#include "outer_loop/endpoints/controller_internal.hpp"

namespace ciclo::outer_loop {

using resources::Resource;

Result<void> EndpointController::settle(const View& view, const Plan& plan) {
  const Json& config = member(view.accepted, "config");
  for (const Resource& deployment : view.deployments) {
    const Json& served = entry_of(config, deployment.key.name);
    if (deployment.deleting) {
      if (!served.is_null()) continue;
      parts_.preparations.forget(fmt::format("{}/{}/", view.endpoint.uid, deployment.uid));
      CICLO_CHECK(parts_.service.finish_delete(deployment.key));
    } else if (!is_settled(deployment) && !served.is_null()) {
      CICLO_TRY(const auto wanted, entry_for(view, deployment));
      if (wanted && *wanted == served) CICLO_CHECK(mark_succeeded(deployment));
    }
  }
  const bool is_served = member(config, "traffic") == member(plan.config, "traffic") &&
                         member(config, "mirror_traffic") == member(plan.config, "mirror_traffic") &&
                         member(config, "auth") == member(plan.config, "auth");
  return is_served ? mark_endpoint(view, "Succeeded", {}) : Result<void>();
}

Result<void> EndpointController::mark_succeeded(const Resource& deployment) {
  const auto set = [&](Resource& now) {
    if (now.generation != deployment.generation) return false;
    now.status["provisioning_state"] = "Succeeded";
    now.status["provisioned_generation"] = now.generation;
    now.status.erase("error");
    return true;
  };
  resources::StatusChange change{.event = "succeeded", .event_data = Json::object(), .links = {}};
  if (const std::string model = text_or(deployment.status, "model_asset"); !model.empty())
    change.links.push_back({.from = model, .to = deployment.key.path(), .relation = "deployed_as"});
  CICLO_CHECK(parts_.service.change_status(deployment.key, set, change));
  return {};
}

Result<void> EndpointController::mark_failed(const View& view, const Resource& deployment, const Error& error) {
  const std::string log = last_lines(view.folder.log(), log_lines);
  const auto set = [&](Resource& now) {
    if (now.generation != deployment.generation || now.deleting) return false;
    now.status["provisioning_state"] = "Failed";
    now.status["provisioned_generation"] = now.generation;
    now.status["error"] = {{"message", error.message}, {"hint", error.hint}, {"log", log}};
    return true;
  };
  CICLO_CHECK(parts_.service.change_status(deployment.key, set,
                                           {.event = "failed", .event_data = Json::object(), .links = {}}));
  return {};
}

Result<void> EndpointController::mark_endpoint(const View& view, const std::string& state, const Json& error) {
  const auto set = [&](Resource& now) {
    // Changed meanwhile: what was done is not yet what is wanted.
    if (now.revision != view.endpoint.revision && now.generation != view.endpoint.generation) return false;
    if (text_or(now.status, "provisioning_state") == state && member(now.status, "error") == error) return false;
    now.status["provisioning_state"] = state;
    if (error.is_null()) now.status.erase("error");
    else now.status["error"] = error;
    return true;
  };
  CICLO_CHECK(parts_.service.change_status(
      view.endpoint.key, set,
      {.event = state == "Failed" ? "failed" : "succeeded", .event_data = Json::object(), .links = {}}));
  return {};
}

}  // namespace ciclo::outer_loop
