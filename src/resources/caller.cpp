#include "resources/caller.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::resources {

Caller Caller::system() {
  return Caller{.principal = "system", .only_workspace = {}, .token_id = {}, .request_id = {}};
}

Json remember(const Caller& caller) {
  Json out = {{"principal", caller.principal}};
  if (!caller.only_workspace.empty()) out["workspace"] = caller.only_workspace;
  if (!caller.on_behalf_of.empty()) out["on_behalf_of"] = caller.on_behalf_of;
  if (!caller.only_actions.empty()) out["actions"] = caller.only_actions;
  return out;
}

Caller recall(const Json& remembered) {
  Caller caller;
  caller.principal = text_or(remembered, "principal");
  caller.only_workspace = text_or(remembered, "workspace");
  caller.on_behalf_of = text_or(remembered, "on_behalf_of");
  for (const Json& pattern : member(remembered, "actions"))
    if (pattern.is_string()) caller.only_actions.push_back(pattern.get<std::string>());
  return caller;
}

const Caller& caller_of(const http::Request& request) {
  static const Caller nobody;
  if (!request.identity) return nobody;
  return *static_cast<const Caller*>(request.identity.get());
}

bool Reach::covers(std::string_view name) const {
  return everything || std::ranges::binary_search(names, name, std::less<>());
}

Reach reach_of(const http::Request& request, std::string_view kind) {
  if (!request.limits) return {.everything = true};
  const auto& limits = *static_cast<const Limits*>(request.limits.get());
  const auto found = limits.find(kind);
  return found == limits.end() ? Reach{} : found->second;
}

Result<Decision> require(const AccessPolicy& policy, const Caller& caller, std::string_view action,
                         const Place& place) {
  Decision decision = policy.decide(caller, action, place);
  if (decision.allowed) return decision;
  // Who may read nothing of a workspace must not learn that it exists.
  const bool may_know = place.workspace.empty() || policy.may_know(caller, place);
  if (!may_know)
    return fail(ErrorCode::not_found, fmt::format("there is no workspace '{}' that you may see", place.workspace));
  return fail(
      ErrorCode::denied,
      fmt::format("'{}' may not do {} in {}", caller.principal, action,
                  place.workspace.empty() ? "the organisation" : fmt::format("workspace '{}'", place.workspace)),
      {}, decision.rule);
}

}  // namespace ciclo::resources
