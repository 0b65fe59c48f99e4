#include "administration/handlers.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::caller_of;

Json to_json(const User& user) {
  return {{"name", user.name}, {"display_name", user.display_name}, {"created_at", format_rfc3339(user.created_at)}};
}

Json to_json(const Token& token) {
  Json out = {{"id", token.id},
              {"principal", token.principal},
              {"purpose", token.purpose},
              {"created_at", format_rfc3339(token.created_at)}};
  if (!token.only_workspace.empty()) out["workspace"] = token.only_workspace;
  out["expires_at"] = token.expires_at ? Json(format_rfc3339(*token.expires_at)) : Json();
  return out;
}

Json to_json(const Assignment& assignment) {
  return {{"workspace", assignment.workspace}, {"principal", assignment.principal}, {"role", name_of(assignment.role)}};
}

template <class Items>
http::Response list_response(const Items& items) {
  Json value = Json::array();
  for (const auto& item : items) value.push_back(to_json(item));
  return http::Response::json({{"value", value}});
}

Result<std::string> needed_text(const Json& body, std::string_view key) {
  const Json& value = member(body, key);
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value.get<std::string>();
  return fail(ErrorCode::invalid, fmt::format("'{}' is missing", key), "/" + std::string(key), "give it as a text");
}

// A change of who may enter: event and audit row.
Result<void> record(sql::Session& session, AdministrationParts& parts, const resources::AuditEntry& entry,
                    std::string_view type) {
  events::Event event{.type = std::string(type),
                      .source = entry.workspace.empty() ? "/" : "/workspaces/" + entry.workspace,
                      .subject = entry.target,
                      .workspace = entry.workspace,
                      .actor = entry.caller.principal,
                      .data = entry.detail};
  return parts.service.record_in(session, entry, std::move(event));
}

resources::AuditEntry entry_of(const http::Request& request, std::string operation, std::string target,
                               Json detail = Json::object()) {
  return {.caller = caller_of(request),
          .action = "organisation/manage",
          .operation = std::move(operation),
          .workspace = request.parameter("workspace"),
          .target = std::move(target),
          .decision = {true, "route"},
          .detail = std::move(detail)};
}

// People manage their own tokens; an administrator everybody's.
Result<void> require_self_or_administrator(AdministrationParts& parts, const Caller& caller, const std::string& user) {
  if (caller.principal == user && caller.only_workspace.empty()) return {};
  auto allowed = require(parts.access, caller, "organisation/manage", "");
  if (!allowed) return Failure(std::move(allowed).error());
  return {};
}

Result<http::Response> create_user(AdministrationParts parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const std::string name, needed_text(body, "name"));
  return parts.database.write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_TRY(const User user, parts.identity.create_user_in(session, name, text_or(body, "display_name")));
    CICLO_CHECK(record(session, parts, entry_of(request, "create user", "/users/" + name), "ciclo.user.created"));
    return http::Response::json(to_json(user), 201);
  });
}

Result<http::Response> delete_user(AdministrationParts parts, http::Request& request) {
  const std::string& name = request.parameter("user");
  if (name == caller_of(request).principal)
    return fail(ErrorCode::conflict, "you cannot delete yourself", "/name", "let another administrator do it");
  CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.identity.delete_user_in(session, name));
    CICLO_CHECK(parts.access.withdraw_all_in(session, name));
    return record(session, parts, entry_of(request, "delete user", "/users/" + name), "ciclo.user.deleted");
  }));
  return http::Response::empty();
}

Result<http::Response> create_token(AdministrationParts parts, http::Request& request) {
  const std::string& user = request.parameter("user");
  CICLO_CHECK(require_self_or_administrator(parts, caller_of(request), user));
  CICLO_TRY(const Json body, request.json());
  MintRequest mint{.principal = user,
                   .purpose = text_or(body, "purpose", "personal"),
                   .only_workspace = text_or(body, "workspace"),
                   .expires_at = std::nullopt};
  if (const std::string expires = text_or(body, "expires_at"); !expires.empty()) {
    mint.expires_at = parse_rfc3339(expires);
    if (!mint.expires_at)
      return fail(ErrorCode::invalid, fmt::format("'{}' is not a time", expires), "/expires_at",
                  "for example 2030-01-31T00:00:00Z");
  }
  return parts.database.write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_CHECK(parts.identity.get_user_in(session, user));
    CICLO_TRY(const MintedToken minted, parts.identity.mint_in(session, mint));
    CICLO_CHECK(record(session, parts, entry_of(request, "create token", "/users/" + user, {{"token_id", minted.id}}),
                       "ciclo.token.created"));
    return http::Response::json(
        {{"id", minted.id}, {"token", minted.secret}, {"principal", user}, {"purpose", mint.purpose}}, 201);
  });
}

Result<http::Response> delete_token(AdministrationParts parts, http::Request& request) {
  const std::string& user = request.parameter("user");
  CICLO_CHECK(require_self_or_administrator(parts, caller_of(request), user));
  CICLO_TRY(const Token token, parts.identity.get_token(request.parameter("token")));
  if (token.principal != user) return fail(ErrorCode::not_found, fmt::format("'{}' has no token '{}'", user, token.id));
  CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.identity.revoke_in(session, token.id));
    return record(session, parts, entry_of(request, "revoke token", "/users/" + user, {{"token_id", token.id}}),
                  "ciclo.token.revoked");
  }));
  return http::Response::empty();
}

Result<http::Response> assign_role(AdministrationParts parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const std::string principal, needed_text(body, "principal"));
  CICLO_TRY(const std::string role_name, needed_text(body, "role"));
  CICLO_TRY(const Role role, parse_role(role_name));
  const Assignment assignment{.workspace = request.parameter("workspace"), .principal = principal, .role = role};
  if (role == Role::administrator && !assignment.workspace.empty())
    return fail(ErrorCode::invalid, "administrator is a role of the organisation", "/role",
                "in a workspace, give the role owner");
  return parts.database.write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_CHECK(parts.identity.get_user_in(session, principal));
    if (!assignment.workspace.empty())
      CICLO_CHECK(parts.service.parts().store.get(
          session, {.workspace = {}, .kind = "workspace", .parent = {}, .name = assignment.workspace, .version = {}}));
    CICLO_CHECK(parts.access.assign_in(session, assignment));
    CICLO_CHECK(record(session, parts, entry_of(request, "grant", "/users/" + principal, to_json(assignment)),
                       "ciclo.role.granted"));
    return http::Response::json(to_json(assignment), 201);
  });
}

Result<http::Response> withdraw_role(AdministrationParts parts, http::Request& request) {
  CICLO_TRY(const Role role, parse_role(request.parameter("role")));
  const Assignment assignment{
      .workspace = request.parameter("workspace"), .principal = request.parameter("user"), .role = role};
  CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.access.withdraw_in(session, assignment));
    return record(session, parts, entry_of(request, "withdraw", "/users/" + assignment.principal, to_json(assignment)),
                  "ciclo.role.withdrawn");
  }));
  return http::Response::empty();
}

Result<http::Response> show_me(AdministrationParts parts, http::Request& request) {
  const Caller& caller = caller_of(request);
  const bool administrator = parts.access.decide(caller, "organisation/manage", "").allowed;
  Json body = {{"name", caller.principal}, {"administrator", administrator}};
  if (!caller.only_workspace.empty()) body["workspace"] = caller.only_workspace;
  return http::Response::json(body);
}

struct RouteText {
  http::Method method;
  std::string pattern;
  std::string action;
  std::string summary;
};

}  // namespace

Result<void> add_administration_routes(http::Router& router, AdministrationParts parts) {
  using http::Method;
  using Function = Result<http::Response> (*)(AdministrationParts, http::Request&);
  const auto add = [&](RouteText text, std::string tag, Function function) {
    http::Route route;
    route.method = text.method;
    route.pattern = std::move(text.pattern);
    route.action = std::move(text.action);
    route.summary = std::move(text.summary);
    route.tag = std::move(tag);
    route.handler = [parts, function](http::Request& request) { return function(parts, request); };
    return router.add(std::move(route));
  };
  const std::string users = "/api/v1/users";
  const std::string roles = "/api/v1/workspaces/{workspace}/role-assignments";
  CICLO_CHECK(add({Method::get, "/api/v1/me", "", "Show who you are"}, "identity", show_me));
  CICLO_CHECK(add({Method::post, users, "organisation/manage", "Create a user"}, "identity", create_user));
  CICLO_CHECK(add({Method::get, users, "organisation/manage", "List users"}, "identity",
                  [](AdministrationParts p, http::Request&) -> Result<http::Response> {
                    CICLO_TRY(const auto list, p.identity.list_users());
                    return list_response(list);
                  }));
  CICLO_CHECK(add({Method::del, users + "/{user}", "organisation/manage", "Delete a user"}, "identity", delete_user));
  CICLO_CHECK(add({Method::post, users + "/{user}/tokens", "", "Create a token; its secret is shown once"}, "identity",
                  create_token));
  CICLO_CHECK(add({Method::get, users + "/{user}/tokens", "", "List a user's tokens"}, "identity",
                  [](AdministrationParts p, http::Request& request) -> Result<http::Response> {
                    CICLO_CHECK(require_self_or_administrator(p, caller_of(request), request.parameter("user")));
                    CICLO_TRY(const auto list, p.identity.list_tokens(request.parameter("user")));
                    return list_response(list);
                  }));
  CICLO_CHECK(add({Method::del, users + "/{user}/tokens/{token}", "", "End a token"}, "identity", delete_token));
  CICLO_CHECK(add({Method::post, roles, "workspace/manage", "Give somebody a role"}, "access", assign_role));
  CICLO_CHECK(add({Method::get, roles, "workspace/read", "List who has which role"}, "access",
                  [](AdministrationParts p, http::Request& request) -> Result<http::Response> {
                    CICLO_TRY(const auto list, p.access.list(request.parameter("workspace")));
                    return list_response(list);
                  }));
  CICLO_CHECK(
      add({Method::del, roles + "/{user}/{role}", "workspace/manage", "Take a role away"}, "access", withdraw_role));
  return add(
      {Method::post, "/api/v1/role-assignments", "organisation/manage", "Give somebody a role in the organisation"},
      "access", assign_role);
}

}  // namespace ciclo::administration
