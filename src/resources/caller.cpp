#include "resources/caller.hpp"

#include <fmt/format.h>

namespace ciclo::resources {

Caller Caller::system() {
  return Caller{.principal = "system", .only_workspace = {}, .token_id = {}, .request_id = {}};
}

const Caller& caller_of(const http::Request& request) {
  static const Caller nobody;
  if (!request.identity) return nobody;
  return *static_cast<const Caller*>(request.identity.get());
}

Result<Decision> require(const AccessPolicy& policy, const Caller& caller, std::string_view action,
                         const Place& place) {
  Decision decision = policy.decide(caller, action, place);
  if (decision.allowed) return decision;
  // Who may read nothing of a workspace must not learn that it exists.
  const bool may_know = place.workspace.empty() || policy.may_know(caller, place);
  if (!may_know)
    return fail(ErrorCode::not_found, fmt::format("there is no workspace '{}' that you may see", place.workspace));
  return fail(ErrorCode::denied,
              fmt::format("'{}' may not do {} in {}", caller.principal, action,
                          place.workspace.empty() ? "the organisation" : fmt::format("workspace '{}'", place.workspace)),
              {}, decision.rule);
}

}  // namespace ciclo::resources
