// Groups and who is in them.
#include <fmt/format.h>

#include "administration/handler_support.hpp"

namespace ciclo::administration {
namespace {

using resources::caller_of;

Json to_json(const Membership& membership) {
  Json out = {{"member", membership.member},
              {"source", membership.source},
              {"added_by", membership.added_by},
              {"added_at", format_rfc3339(membership.added_at)}};
  if (!membership.only_workspace.empty()) out["only_workspace"] = membership.only_workspace;
  return out;
}

// {"member"} for a principal, {"group"} for a group within this one; {"only_workspace"} limits it.
Result<Membership> read_membership(const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  Membership membership{
      .group = group_id(request.parameter("group")), .member = {}, .only_workspace = text_or(body, "only_workspace")};
  if (const std::string group = text_or(body, "group"); !group.empty()) {
    membership.member = group_id(group);
    return membership;
  }
  CICLO_TRY(membership.member, needed_text(body, "member"));
  return membership;
}

Result<http::Response> create(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  Group group{.display_name = text_or(body, "display_name"),
              .description = text_or(body, "description"),
              .unit = text_or(body, "unit")};
  CICLO_TRY(group.name, needed_text(body, "name"));
  CICLO_TRY(group.level, parse_group_level(text_or(body, "level", "organisation")));
  for (const Json& name : member(body, "external_names")) {
    if (!name.is_string()) return fail(ErrorCode::invalid, "expected a list of texts", "/external_names");
    group.external_names.push_back(name.get<std::string>());
  }
  CICLO_TRY(const Group made, parts.groups.create(caller_of(request), std::move(group)));
  return http::Response::json(to_json(made), 201);
}

Result<http::Response> list(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const auto groups, parts.groups.list(caller_of(request)));
  return list_response(groups, administration::to_json);
}

Result<http::Response> show(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Group group, parts.groups.get(caller_of(request), request.parameter("group")));
  return http::Response::json(to_json(group));
}

Result<http::Response> update(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json patch, request.json());
  CICLO_TRY(const Group group, parts.groups.update(caller_of(request), request.parameter("group"), patch));
  return http::Response::json(to_json(group));
}

Result<http::Response> remove(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.groups.remove(caller_of(request), request.parameter("group")));
  return http::Response::empty();
}

Result<http::Response> list_members(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const auto members, parts.groups.members(caller_of(request), request.parameter("group")));
  return list_response(members, to_json);
}

Result<http::Response> add_member(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.groups.get(caller_of(request), request.parameter("group")));
  CICLO_TRY(const Membership membership, read_membership(request));
  CICLO_CHECK(parts.groups.add_member(caller_of(request), membership));
  return http::Response::json({{"group", request.parameter("group")},
                               {"member", membership.member},
                               {"only_workspace", membership.only_workspace}},
                              201);
}

Result<http::Response> remove_member(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(parts.groups.remove_member(
      caller_of(request), {.group = group_id(request.parameter("group")),
                           .member = request.parameter("member"),
                           .only_workspace = std::string(request.query.find("only_workspace").value_or(""))}));
  return http::Response::empty();
}

}  // namespace

Result<void> add_group_routes(http::Router& router, const AdministrationParts& parts) {
  using http::Method;
  const std::string groups = "/api/v1/groups";
  const std::string one = groups + "/{group}";
  // Who may do what depends on the group: Groups judges.
  const auto add = [&](Method method, std::string pattern, std::string summary, RouteFunction function) {
    return add_route(router, parts, {method, std::move(pattern), "", std::move(summary), "groups"}, function);
  };
  CICLO_CHECK(add(Method::post, groups, "Create a group", create));
  CICLO_CHECK(add(Method::get, groups, "List groups", list));
  CICLO_CHECK(add(Method::get, one, "Show a group", show));
  CICLO_CHECK(add(Method::patch, one, "Change a group", update));
  CICLO_CHECK(add(Method::del, one, "Delete a group", remove));
  CICLO_CHECK(add(Method::get, one + "/members", "List who is in a group", list_members));
  CICLO_CHECK(add(Method::post, one + "/members", "Put somebody, or a group, into a group", add_member));
  return add(Method::del, one + "/members/{member}", "Take somebody out of a group", remove_member);
}

}  // namespace ciclo::administration
