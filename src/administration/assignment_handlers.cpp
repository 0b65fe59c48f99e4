// Who has which role where; the access matrix; and why somebody may or may not do something.
#include <fmt/format.h>

#include "administration/access/actions.hpp"
#include "administration/access/matrix.hpp"
#include "administration/handler_support.hpp"
#include "base/duration.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::caller_of;
using resources::Decision;

constexpr std::chrono::seconds longest_activation = std::chrono::days(30);
constexpr std::string_view parts_of_a_workspace = "/api/v1/workspaces/{workspace}";

Json to_json(const Assignment& assignment) {
  Json out = {{"id", assignment.id},
              {"principal", assignment.principal},
              {"role", assignment.role},
              {"scope", assignment.scope.text()},
              {"workspace", assignment.scope.workspace},
              {"mode", name_of(assignment.mode)},
              {"origin", assignment.origin},
              {"created_by", assignment.created_by},
              {"created_at", format_rfc3339(assignment.created_at)}};
  if (!assignment.scope.component.empty()) out["component"] = assignment.scope.component;
  if (!assignment.scope.resource.empty()) out["resource"] = assignment.scope.resource;
  if (assignment.expires_at) out["expires_at"] = format_rfc3339(*assignment.expires_at);
  if (assignment.mode == AssignmentMode::eligible) {
    out["max_duration"] = format_duration(assignment.rules.longest);
    out["needs_approval"] = assignment.rules.needs_approval;
    if (!assignment.rules.approver.empty()) out["approver"] = assignment.rules.approver;
  }
  return out;
}

// {"principal"} or {"group"}.
Result<std::string> holder_of(const Json& body) {
  if (const std::string group = text_or(body, "group"); !group.empty()) return group_id(group);
  return needed_text(body, "principal");
}

Result<Scope> scope_of(const http::Request& request, const Json& body) {
  Scope scope{.workspace = request.parameter("workspace"),
              .component = text_or(body, "component"),
              .resource = text_or(body, "resource")};
  if (!scope.component.empty() && !is_component(scope.component))
    return fail(ErrorCode::invalid, fmt::format("there is no component '{}'", scope.component.substr(0, 40)),
                "/component", "the components are " + join({components.begin(), components.end()}, ", "));
  if (!scope.component.empty() && !scope.resource.empty())
    return fail(ErrorCode::invalid, "a scope is a component or a resource, not both", "/resource");
  if (!scope.resource.empty() && (scope.workspace.empty() || !scope.resource.contains('/')))
    return fail(ErrorCode::invalid, "expected a resource of a workspace as <kind>/<name>", "/resource",
                "for example experiment/3, model/weather or online-endpoint/weather");
  return scope;
}

// What the body says; what it does not name stays.
Result<void> read_rules(const Json& body, ActivationRules& rules) {
  CICLO_TRY(const auto longest, optional_duration(body, "max_duration"));
  if (longest) rules.longest = *longest;
  if (rules.longest < shortest_activation || rules.longest > longest_activation)
    return fail(
        ErrorCode::invalid, "the longest activation is out of bounds", "/max_duration",
        fmt::format("between {} and {}", format_duration(shortest_activation), format_duration(longest_activation)));
  if (body.contains("needs_approval")) rules.needs_approval = member(body, "needs_approval") == true;
  if (body.contains("approver")) rules.approver = text_or(body, "approver");
  return {};
}

Result<Assignment> read_assignment(const http::Request& request, const Json& body) {
  Assignment assignment;
  CICLO_TRY(assignment.principal, holder_of(body));
  CICLO_TRY(assignment.role, needed_text(body, "role"));
  CICLO_TRY(assignment.scope, scope_of(request, body));
  CICLO_TRY(assignment.expires_at, optional_time(body, "expires_at"));
  assignment.created_by = caller_of(request).principal;
  const std::string mode = text_or(body, "mode", "active");
  if (mode == "active") return assignment;
  if (mode != "eligible") return fail(ErrorCode::invalid, "expected active or eligible", "/mode");
  assignment.mode = AssignmentMode::eligible;
  CICLO_CHECK(read_rules(body, assignment.rules));
  return assignment;
}

Result<void> check_resource(const AdministrationParts& parts, sql::Session& session, const Scope& scope) {
  if (!scope.workspace.empty())
    CICLO_CHECK(parts.service.parts().store.get(
        session, {.workspace = {}, .kind = "workspace", .parent = {}, .name = scope.workspace, .version = {}}));
  if (scope.resource.empty()) return {};
  const std::string_view kind = std::string_view(scope.resource).substr(0, scope.resource.find('/'));
  if (kind == "experiment" || parts.service.parts().kinds.find(kind) != nullptr) return {};
  return fail(ErrorCode::invalid, fmt::format("there is no kind of resource '{}'", kind), "/resource",
              "for example experiment/3, model/weather or online-endpoint/weather");
}

resources::AuditEntry entry_of(const Caller& caller, std::string operation, const Assignment& assignment,
                               const Decision& decision) {
  return {.caller = caller,
          .action = "access/give",
          .operation = std::move(operation),
          .workspace = assignment.scope.workspace,
          .target = "/role-assignments/" + assignment.id,
          .decision = decision,
          .detail = to_json(assignment)};
}

Result<Assignment> find_assignment(const AdministrationParts& parts, sql::Session& session,
                                   const http::Request& request) {
  const std::string& id = request.parameter("assignment");
  CICLO_TRY(auto found, parts.access.store().find(session, id));
  if (found && found->scope.workspace == request.parameter("workspace")) return *std::move(found);
  return fail(ErrorCode::not_found, fmt::format("there is no role assignment '{}' here", id.substr(0, 80)));
}

// The right to give the role, and, when a whole group gets it, to let all its members have it.
Result<http::Response> assign(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.access.require_may_give_something(caller_of(request), request.parameter("workspace")));
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(Assignment wanted, read_assignment(request, body));
  if (!wanted.scope.resource.empty()) {
    CICLO_TRY(wanted.scope.resource,
              subject_for(parts, caller_of(request), wanted.scope.workspace, wanted.scope.resource));
  }
  CICLO_TRY(const Decision decision, parts.access.require_may_give(caller_of(request), wanted.scope, wanted.role));
  return parts.database().write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_CHECK(check_holder(parts, session, wanted.principal));
    if (!wanted.rules.approver.empty()) CICLO_CHECK(check_holder(parts, session, wanted.rules.approver));
    CICLO_CHECK(check_resource(parts, session, wanted.scope));
    CICLO_TRY(const Assignment stored, give_role_in(session, parts, caller_of(request), wanted, decision));
    return http::Response::json(to_json(stored), 201);
  });
}

Result<http::Response> withdraw(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.access.require_may_give_something(caller_of(request), request.parameter("workspace")));
  CICLO_CHECK(parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const Assignment found, find_assignment(parts, session, request));
    CICLO_TRY(const Decision decision, parts.access.require_may_give(caller_of(request), found.scope, found.role));
    return take_role_in(session, parts, caller_of(request), found, decision);
  }));
  return http::Response::empty();
}

// How an eligible role is activated: for how long, and who approves.
Result<http::Response> change_rules(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.access.require_may_give_something(caller_of(request), request.parameter("workspace")));
  CICLO_TRY(const Json body, request.json());
  const std::string& id = request.parameter("assignment");
  return parts.database().write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_TRY(Assignment assignment, find_assignment(parts, session, request));
    CICLO_TRY(const Decision decision,
              parts.access.require_may_give(caller_of(request), assignment.scope, assignment.role));
    if (assignment.mode != AssignmentMode::eligible)
      return fail(ErrorCode::conflict, fmt::format("the assignment '{}' is active: it has no rules of activation", id));
    CICLO_CHECK(read_rules(body, assignment.rules));
    if (!assignment.rules.approver.empty()) CICLO_CHECK(check_holder(parts, session, assignment.rules.approver));
    CICLO_TRY(const Assignment stored, parts.access.assign_in(session, assignment));
    CICLO_CHECK(record(session, parts, entry_of(caller_of(request), "change role assignment", stored, decision),
                       "ciclo.role.changed"));
    return http::Response::json(to_json(stored));
  });
}

Result<http::Response> list(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const auto assignments, parts.database().read([&](sql::Session& session) {
    return parts.access.store().list_in(session, request.parameter("workspace"));
  }));
  return list_response(assignments, to_json);
}

Result<http::Response> show_matrix(const AdministrationParts& parts, http::Request& request) {
  const std::string& workspace = request.parameter("workspace");
  CICLO_TRY(const auto resource, parts.database().read([&](sql::Session& session) {
    return parts.service.parts().store.get(
        session, {.workspace = {}, .kind = "workspace", .parent = {}, .name = workspace, .version = {}});
  }));
  CICLO_TRY(const auto snapshot, parts.access.snapshot());
  return http::Response::json(
      access_matrix(*snapshot, workspace, environment_named(text_or(resource.spec, "environment"))));
}

// Anybody may ask about themselves; about others whoever owns the place.
Result<http::Response> explain(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  const Caller& asking = caller_of(request);
  const std::string principal = text_or(body, "principal", asking.principal);
  const std::string& workspace = request.parameter("workspace");
  if (principal != asking.principal) {
    CICLO_CHECK(
        parts.access.require_may_give(asking, {.workspace = workspace, .component = {}, .resource = {}}, owner_role));
  } else if (!parts.access.may_know(asking, workspace)) {
    return fail(ErrorCode::not_found, fmt::format("there is no workspace '{}' that you may see", workspace));
  }
  CICLO_TRY(const std::string action, needed_text(body, "action"));
  auto good = check_pattern(action);
  if (!good || action.contains('*'))
    return fail(ErrorCode::invalid, fmt::format("'{}' is no action", action.substr(0, 80)), "/action",
                good ? "for example storage/read" : good.error().hint);
  Caller caller = principal == asking.principal ? asking : Caller{};
  caller.principal = principal;
  std::string resource = text_or(body, "resource");
  // A name is looked up for those alone who see all names anyway.
  if (!resource.empty() && parts.access.decide(asking, "workspace/read", workspace).allowed) {
    CICLO_TRY(resource, subject_for(parts, asking, workspace, resource));
  }
  const Decision decision =
      parts.access.decide(caller, action, resources::Place(std::string_view(workspace), resource));
  return http::Response::json({{"principal", principal},
                               {"action", action},
                               {"workspace", workspace},
                               {"resource", resource},
                               {"allowed", decision.allowed},
                               {"rule", decision.rule}});
}

}  // namespace

Result<void> check_holder(const AdministrationParts& parts, sql::Session& session, const std::string& holder) {
  if (!is_group_id(holder)) {
    CICLO_CHECK(parts.identity.get_user_in(session, holder));
    return {};
  }
  const std::string name(group_name_of(holder));
  CICLO_TRY(const auto group, parts.access.store().find_group(session, name));
  if (!group) return fail(ErrorCode::not_found, fmt::format("there is no group '{}'", name), "/group");
  return {};
}

Result<std::string> subject_for(const AdministrationParts& parts, const Caller& caller, const std::string& workspace,
                                const std::string& subject) {
  if (!parts.find_resource) return subject;
  auto found =
      parts.database().read([&](sql::Session& session) { return parts.find_resource(session, workspace, subject); });
  const auto may_read = [&](std::string_view resource) {
    return parts.access.decide(caller, "workspace/read", resources::Place(std::string_view(workspace), resource))
        .allowed;
  };
  if (may_read({}) || (found && (*found == subject || may_read(*found)))) return found;
  if (!found && found.error().code != ErrorCode::not_found) return found;
  return subject;  // judged as it is written: whoever has no right on it learns nothing
}

Result<Assignment> give_role_in(sql::Session& session, const AdministrationParts& parts, const Caller& caller,
                                const Assignment& wanted, const Decision& decision) {
  CICLO_TRY(Assignment stored, parts.access.assign_in(session, wanted));
  CICLO_CHECK(record(session, parts, entry_of(caller, "assign role", stored, decision), "ciclo.role.assigned"));
  return stored;
}

Result<void> take_role_in(sql::Session& session, const AdministrationParts& parts, const Caller& caller,
                          const Assignment& assignment, const Decision& decision) {
  CICLO_CHECK(parts.access.withdraw_in(session, assignment));
  return record(session, parts, entry_of(caller, "withdraw role", assignment, decision), "ciclo.role.withdrawn");
}

Result<void> add_assignment_routes(http::Router& router, const AdministrationParts& parts) {
  using http::Method;
  const std::string workspace(parts_of_a_workspace);
  const auto add = [&](RouteText text, RouteFunction function) {
    text.tag = "access";
    return add_route(router, parts, std::move(text), function);
  };
  for (const auto& [base, action] :
       {std::pair{workspace, "workspace/read"}, {std::string("/api/v1"), "organisation/read"}}) {
    const std::string collection = base + "/role-assignments";
    CICLO_CHECK(add({Method::post, collection, "", "Give somebody a role", {}}, assign));
    CICLO_CHECK(add({Method::get, collection, action, "List who has which role", {}}, list));
    CICLO_CHECK(add({Method::patch, collection + "/{assignment}", "", "Change how an eligible role is activated", {}},
                    change_rules));
    CICLO_CHECK(add({Method::del, collection + "/{assignment}", "", "Take a role away", {}}, withdraw));
  }
  CICLO_CHECK(add(
      {Method::get, workspace + "/access-matrix", "workspace/read", "What each persona may do with each component", {}},
      show_matrix));
  return add({Method::post, workspace + "/access-decisions", "", "Why somebody may or may not do something", {}},
             explain);
}

}  // namespace ciclo::administration
