// Roles for a limited time: what one may activate, asking, deciding, ending.
#include <fmt/format.h>

#include "administration/handler_support.hpp"
#include "base/duration.hpp"

namespace ciclo::administration {
namespace {

using resources::caller_of;

constexpr std::size_t most_activations = 100;  // in one request

Json to_json(const Activation& activation) {
  Json out = {{"id", activation.id},
              {"assignment_id", activation.assignment_id},
              {"principal", activation.principal},
              {"role", activation.role},
              {"scope", activation.scope.text()},
              {"reason", activation.reason},
              {"state", name_of(activation.state)},
              {"duration", format_duration(activation.duration)},
              {"requested_at", format_rfc3339(activation.requested_at)}};
  if (activation.starts_at) out["starts_at"] = format_rfc3339(*activation.starts_at);
  if (activation.ends_at) out["ends_at"] = format_rfc3339(*activation.ends_at);
  if (!activation.decided_by.empty()) out["decided_by"] = activation.decided_by;
  if (!activation.comment.empty()) out["comment"] = activation.comment;
  return out;
}

Result<http::Response> list_eligible(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const auto snapshot, parts.access.snapshot());
  Json value = Json::array();
  for (const Grant& grant : snapshot->eligible_of(caller_of(request).principal)) {
    const Assignment& assignment = *grant.assignment;
    if (grant.ends_at && *grant.ends_at <= parts.access.clock().now()) continue;
    Json item = {{"id", assignment.id},
                 {"role", assignment.role},
                 {"scope", assignment.scope.text()},
                 {"workspace", assignment.scope.workspace},
                 {"component", assignment.scope.component},
                 {"max_duration", format_duration(assignment.rules.longest)},
                 {"needs_approval", assignment.rules.needs_approval}};
    if (!grant.via.empty()) item["group"] = group_name_of(grant.via);
    value.push_back(std::move(item));
  }
  return http::Response::json({{"value", value}});
}

Result<http::Response> activate(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  ActivationRequest wanted{.assignment_ids = {}, .reason = text_or(body, "reason"), .duration = {}};
  CICLO_TRY(wanted.assignment_ids, needed_texts(body, "assignment_ids", most_activations));
  CICLO_TRY(wanted.duration, optional_duration(body, "duration"));
  CICLO_TRY(const auto made, parts.activations.activate(caller_of(request), wanted));
  http::Response response = list_response(made, to_json);
  response.status = 201;
  return response;
}

using Decide = Result<Activation> (Activations::*)(const resources::Caller&, const std::string&, const std::string&);

template <Decide decide>
Result<http::Response> decide_on(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const Activation now,
            (parts.activations.*decide)(caller_of(request), request.parameter("activation"), text_or(body, "comment")));
  return http::Response::json(to_json(now));
}

Result<http::Response> list(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const auto activations, parts.activations.list(request.parameter("workspace")));
  return list_response(activations, to_json);
}

}  // namespace

Result<void> add_activation_routes(http::Router& router, const AdministrationParts& parts) {
  using http::Method;
  const std::string one = "/api/v1/activations/{activation}";
  const auto add = [&](RouteText text, RouteFunction function) {
    text.tag = "access";
    return add_route(router, parts, std::move(text), function);
  };
  CICLO_CHECK(
      add({Method::get, "/api/v1/me/eligible-roles", "", "List the roles that you may activate", {}}, list_eligible));
  CICLO_CHECK(
      add({Method::post, "/api/v1/activations", "", "Activate roles for a limited time, or ask for it", {}}, activate));
  CICLO_CHECK(
      add({Method::post, one + "/approve", "", "Let a role be activated", {}}, decide_on<&Activations::approve>));
  CICLO_CHECK(add({Method::post, one + "/reject", "", "Refuse it", {}}, decide_on<&Activations::reject>));
  CICLO_CHECK(add({Method::post, one + "/end", "", "End an activation, or take the request back", {}},
                  decide_on<&Activations::end>));
  CICLO_CHECK(add({Method::get,
                   "/api/v1/activations",
                   "organisation/read",
                   "List activations of roles of the organisation, newest first",
                   {}},
                  list));
  return add({Method::get,
              "/api/v1/workspaces/{workspace}/activations",
              "workspace/read",
              "List activations of roles in a workspace, newest first",
              {}},
             list);
}

}  // namespace ciclo::administration
