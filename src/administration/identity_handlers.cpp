// People, services, their tokens, and who the caller is.
#include <fmt/format.h>

#include <algorithm>

#include "administration/access/actions.hpp"
#include "administration/handler_support.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::caller_of;
using resources::Decision;

constexpr std::chrono::days default_token_life{90};
constexpr std::size_t most_action_patterns = 50;

Json to_json(const User& user) {
  return {{"name", user.name},
          {"display_name", user.display_name},
          {"kind", name_of(user.kind)},
          {"disabled", user.is_disabled},
          {"created_at", format_rfc3339(user.created_at)}};
}

Json time_or_null(const std::optional<TimePoint>& time) {
  return time ? Json(format_rfc3339(*time)) : Json();
}

Json to_json(const Token& token) {
  Json out = {{"id", token.id},
              {"principal", token.principal},
              {"purpose", token.purpose},
              {"created_at", format_rfc3339(token.created_at)},
              {"expires_at", time_or_null(token.expires_at)},
              {"last_used_at", time_or_null(token.last_used_at)}};
  if (!token.only_workspace.empty()) out["workspace"] = token.only_workspace;
  if (!token.only_actions.empty()) out["actions"] = token.only_actions;
  if (!token.on_behalf_of.empty()) out["on_behalf_of"] = token.on_behalf_of;
  return out;
}

resources::AuditEntry entry_about(const Caller& caller, const std::string& user, std::string operation,
                                  const Decision& decision, Json detail = Json::object()) {
  return {.caller = caller,
          .action = "organisation/manage",
          .operation = std::move(operation),
          .workspace = {},
          .target = "/users/" + user,
          .decision = decision,
          .detail = std::move(detail)};
}

resources::AuditEntry entry_of(const http::Request& request, std::string operation, const Decision& decision,
                               Json detail = Json::object()) {
  return entry_about(caller_of(request), request.parameter("user"), std::move(operation), decision, std::move(detail));
}

Result<Decision> require_organisation(const AdministrationParts& parts, const http::Request& request) {
  return require(parts.access, caller_of(request), "organisation/manage", "");
}

Result<http::Response> create_user(const AdministrationParts& parts, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const std::string name, needed_text(body, "name"));
  CICLO_TRY(const PrincipalKind kind, parse_principal_kind(text_or(body, "kind", "person")));
  CICLO_TRY(const Decision decision, require_organisation(parts, request));
  return parts.database().write([&](sql::Session& session) -> Result<http::Response> {
    const User wanted{.name = name, .display_name = text_or(body, "display_name"), .created_at = {}, .kind = kind};
    CICLO_TRY(const User user, create_user_in(session, parts, caller_of(request), wanted, decision));
    return http::Response::json(to_json(user), 201);
  });
}

Result<http::Response> list_users(const AdministrationParts& parts, http::Request&) {
  CICLO_TRY(const auto users, parts.identity.list_users());
  return list_response(users, to_json);
}

Result<http::Response> show_user(const AdministrationParts& parts, http::Request& request) {
  const std::string& name = request.parameter("user");
  if (caller_of(request).principal != name)
    CICLO_CHECK(require(parts.access, caller_of(request), "organisation/read", ""));
  CICLO_TRY(const User user,
            parts.database().read([&](sql::Session& session) { return parts.identity.get_user_in(session, name); }));
  return http::Response::json(to_json(user));
}

// Disabling somebody who holds more than one may give would be a way to lock an administrator out.
Result<http::Response> change_user(const AdministrationParts& parts, http::Request& request) {
  const std::string& name = request.parameter("user");
  CICLO_TRY(const Json body, request.json());
  const Json& disabled = member(body, "disabled");
  if (!disabled.is_boolean())
    return fail(ErrorCode::invalid, "'disabled' is missing", "/disabled", "give true or false");
  if (name == caller_of(request).principal)
    return fail(ErrorCode::conflict, "you cannot disable yourself", "/name", "let another administrator do it");
  CICLO_TRY(const Decision decision, require_may_act_for(parts.access, caller_of(request), name));
  return parts.database().write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_TRY(const User user, parts.identity.set_disabled_in(session, name, disabled.get<bool>()));
    if (user.is_disabled) CICLO_CHECK(parts.end_sign_ins(session, name));
    const char* operation = user.is_disabled ? "disable user" : "enable user";
    CICLO_CHECK(record(session, parts, entry_of(request, operation, decision),
                       user.is_disabled ? "ciclo.user.disabled" : "ciclo.user.enabled"));
    return http::Response::json(to_json(user));
  });
}

Result<http::Response> remove_user(const AdministrationParts& parts, http::Request& request) {
  CICLO_CHECK(delete_user(parts, caller_of(request), request.parameter("user")));
  return http::Response::empty();
}

// When the token ends: expires_at, or expires_in from now; "never" only when it is said.
Result<std::optional<TimePoint>> expiry_of(const AdministrationParts& parts, const Json& body) {
  if (text_or(body, "expires_at") == "never") return std::nullopt;
  CICLO_TRY(auto time, optional_time(body, "expires_at"));
  if (time) return time;
  CICLO_TRY(const auto life, optional_duration(body, "expires_in"));
  return parts.access.clock().now() + life.value_or(default_token_life);
}

Result<std::vector<std::string>> patterns_of(const Json& body) {
  std::vector<std::string> patterns;
  const Json& given = member(body, "actions");
  // An empty list would be a token without this limit, which is not what it says.
  if (!given.is_null() && (!given.is_array() || given.empty()))
    return fail(ErrorCode::invalid, "expected a list of patterns of actions", "/actions",
                "for example [\"*/read\"]; leave it out for a token without this limit");
  for (const Json& item : given) {
    const std::string where = fmt::format("/actions/{}", patterns.size());
    if (!item.is_string() || patterns.size() == most_action_patterns)
      return fail(ErrorCode::invalid, fmt::format("expected at most {} patterns", most_action_patterns), where);
    if (auto good = check_pattern(item.get_ref<const std::string&>()); !good) {
      good.error().target = where;
      return Failure(std::move(good).error());
    }
    patterns.push_back(item.get<std::string>());
  }
  return patterns;
}

Result<http::Response> create_token(const AdministrationParts& parts, http::Request& request) {
  const std::string& user = request.parameter("user");
  CICLO_TRY(const Decision decision, require_may_act_for(parts.access, caller_of(request), user));
  CICLO_TRY(const Json body, request.json());
  MintRequest mint{.principal = user,
                   .purpose = text_or(body, "purpose", "personal"),
                   .only_workspace = text_or(body, "workspace"),
                   .expires_at = std::nullopt};
  CICLO_TRY(mint.expires_at, expiry_of(parts, body));
  CICLO_TRY(mint.only_actions, patterns_of(body));
  return parts.database().write([&](sql::Session& session) -> Result<http::Response> {
    CICLO_TRY(const User holder, parts.identity.get_user_in(session, user));
    if (holder.kind == PrincipalKind::managed)
      return fail(
          ErrorCode::conflict, fmt::format("'{}' is a managed identity", user), {},
          "its credentials are made by the server alone; create a service with: ciclo user create --kind service");
    CICLO_TRY(const MintedToken minted, parts.identity.mint_in(session, mint));
    CICLO_CHECK(record(session, parts, entry_of(request, "create token", decision, {{"token_id", minted.id}}),
                       "ciclo.token.created"));
    return http::Response::json({{"id", minted.id},
                                 {"token", minted.secret},
                                 {"principal", user},
                                 {"purpose", mint.purpose},
                                 {"expires_at", time_or_null(mint.expires_at)}},
                                201);
  });
}

Result<http::Response> list_tokens(const AdministrationParts& parts, http::Request& request) {
  const std::string& user = request.parameter("user");
  if (caller_of(request).principal != user) CICLO_CHECK(require_organisation(parts, request));
  CICLO_TRY(const auto tokens, parts.identity.list_tokens(user));
  return list_response(tokens, to_json);
}

Result<http::Response> delete_token(const AdministrationParts& parts, http::Request& request) {
  const std::string& user = request.parameter("user");
  const Caller& caller = caller_of(request);
  const std::string& id = request.parameter("token");
  // Any credential may end itself: signing out.
  const bool is_itself = caller.principal == user && caller.token_id == id;
  Decision decision{true, "one's own credentials"};
  if (!is_itself) {
    CICLO_TRY(decision, require_may_act_for(parts.access, caller, user));
  }
  CICLO_TRY(const Token token, parts.identity.get_token(id));
  if (token.principal != user) return fail(ErrorCode::not_found, fmt::format("'{}' has no token '{}'", user, token.id));
  CICLO_CHECK(parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.identity.revoke_in(session, token.id));
    return record(session, parts, entry_of(request, "revoke token", decision, {{"token_id", token.id}}),
                  "ciclo.token.revoked");
  }));
  return http::Response::empty();
}

Result<http::Response> show_me(const AdministrationParts& parts, http::Request& request) {
  const Caller& caller = caller_of(request);
  CICLO_TRY(const User user, parts.database().read([&](sql::Session& session) {
    return parts.identity.get_user_in(session, caller.principal);
  }));
  CICLO_TRY(const auto snapshot, parts.access.snapshot());
  Json body = to_json(user);
  body["administrator"] = parts.access.decide(caller, "organisation/manage", "").allowed;
  body["groups"] = Json::array();
  for (const std::string& group : snapshot->groups_of(caller.principal)) body["groups"].push_back(group_name_of(group));
  body["token_id"] = caller.token_id;
  if (!caller.only_workspace.empty()) body["workspace"] = caller.only_workspace;
  if (!caller.only_actions.empty()) body["actions"] = caller.only_actions;
  if (!caller.on_behalf_of.empty()) body["on_behalf_of"] = caller.on_behalf_of;
  return http::Response::json(body);
}

}  // namespace

Result<User> create_user_in(sql::Session& session, const AdministrationParts& parts, const Caller& caller,
                            const User& wanted, const Decision& decision) {
  CICLO_TRY(User user, parts.identity.create_user_in(session, wanted.name, wanted.display_name, wanted.kind));
  const Json detail = {{"name", user.name}, {"kind", name_of(user.kind)}};
  CICLO_CHECK(
      record(session, parts, entry_about(caller, user.name, "create user", decision, detail), "ciclo.user.created"));
  return user;
}

Result<void> delete_user(const AdministrationParts& parts, const Caller& caller, const std::string& name) {
  if (name == caller.principal)
    return fail(ErrorCode::conflict, "you cannot delete yourself", "/name", "let another administrator do it");
  CICLO_TRY(const Decision decision, require_may_act_for(parts.access, caller, name));
  return parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const User user, parts.identity.get_user_in(session, name));
    if (user.kind == PrincipalKind::managed)
      return fail(ErrorCode::conflict, fmt::format("'{}' is a managed identity", name), {},
                  "it goes with its workspace");
    CICLO_CHECK(parts.identity.delete_user_in(session, name));
    CICLO_CHECK(parts.access.store().erase_principal(session, name));
    parts.access.reload_after_commit(session);
    return record(session, parts, entry_about(caller, name, "delete user", decision), "ciclo.user.deleted");
  });
}

Result<Decision> require_may_act_for(const AccessService& access, const Caller& caller, const std::string& user) {
  const bool is_whole = caller.only_workspace.empty() && caller.only_actions.empty() && caller.on_behalf_of.empty();
  if (caller.principal == user && is_whole) return Decision{true, "one's own credentials"};
  CICLO_TRY(const Decision decision, require(access, caller, "organisation/manage", ""));
  CICLO_CHECK(access.require_may_give_all(caller, user, ""));
  return decision;
}

Result<void> add_identity_routes(http::Router& router, const AdministrationParts& parts) {
  using http::Method;
  const std::string users = "/api/v1/users";
  const std::string tag = "identity";
  const auto add = [&](RouteText text, RouteFunction function) {
    text.tag = tag;
    return add_route(router, parts, std::move(text), function);
  };
  CICLO_CHECK(add({Method::get, "/api/v1/me", "", "Show who you are", {}}, show_me));
  CICLO_CHECK(add({Method::post, users, "organisation/manage", "Create a person or service", {}}, create_user));
  CICLO_CHECK(add({Method::get, users, "organisation/read", "List people and services", {}}, list_users));
  CICLO_CHECK(add({Method::get, users + "/{user}", "", "Show a person or service", {}}, show_user));
  CICLO_CHECK(add({Method::patch, users + "/{user}", "organisation/manage", "Disable somebody, or enable again", {}},
                  change_user));
  CICLO_CHECK(
      add({Method::del, users + "/{user}", "organisation/manage", "Delete a person or service", {}}, remove_user));
  CICLO_CHECK(
      add({Method::post, users + "/{user}/tokens", "", "Create a token; its secret is shown once", {}}, create_token));
  CICLO_CHECK(add({Method::get, users + "/{user}/tokens", "", "List somebody's tokens", {}}, list_tokens));
  return add({Method::del, users + "/{user}/tokens/{token}", "", "End a token", {}}, delete_token);
}

}  // namespace ciclo::administration
