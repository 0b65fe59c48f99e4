#include "administration/sign_in/handlers.hpp"

#include <fmt/format.h>

#include "administration/sign_in/cookies.hpp"
#include "administration/sign_in/records.hpp"
#include "administration/sign_in/session_authenticator.hpp"

namespace ciclo::administration {
namespace {

using http::Method;
using http::Request;
using http::Response;
using resources::Caller;
using resources::caller_of;

constexpr std::size_t largest_body = 8U << 10U;

Json to_json(const SessionInfo& info) {
  return {{"id", info.id},
          {"how", info.how},
          {"created_at", format_rfc3339(info.created_at)},
          {"last_used_at", format_rfc3339(info.last_used_at)},
          {"expires_at", format_rfc3339(info.expires_at)}};
}

Result<SignInRequest> read_request(const Request& request) {
  CICLO_TRY(const Json body, request.json());
  SignInRequest out;
  for (const auto& [key, field] : {std::pair("name", &out.name), std::pair("password", &out.password)}) {
    *field = text_or(body, key);
    if (field->empty())
      return fail(ErrorCode::invalid, fmt::format("'{}' is missing", key), fmt::format("/{}", key),
                  "give it as a text");
  }
  out.code = text_or(body, "code");
  out.new_password = text_or(body, "new_password");
  const Json& session = member(body, "session");
  if (!session.is_null() && !session.is_boolean())
    return fail(ErrorCode::invalid, "'session' is neither true nor false", "/session");
  out.wants = session.is_boolean() && session.get<bool>() ? Wants::session : Wants::token;
  if (const std::string expires = text_or(body, "expires_at"); !expires.empty()) {
    out.expires_at = parse_rfc3339(expires);
    if (!out.expires_at)
      return fail(ErrorCode::invalid, fmt::format("'{}' is not a time", expires), "/expires_at",
                  "for example 2030-01-31T00:00:00Z");
  }
  out.remote_address = request.remote_address;
  out.request_id = request.request_id;
  return out;
}

Result<Response> sign_in(const SignInRouteParts& parts, Request& request) {
  CICLO_CHECK(require_same_origin(request.headers, parts.public_origin));
  CICLO_TRY(const SignInRequest wanted, read_request(request));
  CICLO_TRY(const SignInAnswer answer, parts.sign_in.sign_in(wanted));
  if (answer.wait.count() > 0) return throttled(answer.wait);
  Json body = {{"name", answer.principal}, {"expires_at", format_rfc3339(answer.expires_at)}};
  if (!answer.session) {
    body["token"] = answer.token;
    return secret_json(body);
  }
  body["csrf_token"] = answer.session->csrf_token;
  Response response = secret_json(body);
  for (const std::string& cookie : answer.session->cookies) response.headers.add("set-cookie", cookie);
  return response;
}

Result<Response> sign_out(const SignInRouteParts& parts, Request& request) {
  const Caller& caller = caller_of(request);
  const SignIn::Parts& own = parts.sign_in.parts();
  if (!caller.token_id.starts_with(session_token_prefix))
    return fail(ErrorCode::conflict, "there is no session to end", {}, "end a token by: DELETE /api/v1/auth/token");
  Response response = Response::empty();
  CICLO_TRY(
      const auto cookies,
      own.service.parts().database.write([&](sql::Session& session) -> Result<std::vector<std::string>> {
        CICLO_CHECK(record_change(session, own.service, {caller, caller.principal, "sign out"}, "ciclo.sign-in.ended"));
        return own.sessions.close_in(session, request.headers);
      }));
  for (const std::string& cookie : cookies) response.headers.add("set-cookie", cookie);
  return response;
}

Result<Response> show_session(const SignInRouteParts& parts, Request& request) {
  Sessions& sessions = parts.sign_in.parts().sessions;
  const bool has_session = caller_of(request).token_id.starts_with(session_token_prefix);
  CICLO_TRY(const auto info, has_session ? sessions.find(request.headers) : std::nullopt);
  if (!info)
    return fail(ErrorCode::unauthenticated, "there is no session", {}, "POST /api/v1/auth/sign-in with session: true");
  Json body = to_json(*info);
  body["name"] = info->principal;
  body["csrf_token"] = sessions.csrf_token_of(request.headers);
  return secret_json(body);
}

Result<Response> list_sessions(const SignInRouteParts& parts, Request& request) {
  const Caller& caller = caller_of(request);
  CICLO_CHECK(require_whole(caller));
  CICLO_TRY(const auto list, parts.sign_in.parts().sessions.list(caller.principal));
  Json value = Json::array();
  for (const SessionInfo& info : list) {
    value.push_back(to_json(info));
    value.back()["is_this"] = caller.token_id == std::string(session_token_prefix) + info.id;
  }
  return Response::json({{"value", value}});
}

Result<Response> end_session(const SignInRouteParts& parts, Request& request) {
  const Caller& caller = caller_of(request);
  CICLO_CHECK(require_whole(caller));
  const SignIn::Parts& own = parts.sign_in.parts();
  CICLO_CHECK(own.service.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(own.sessions.end_in(session, caller.principal, request.parameter("session")));
    return record_change(session, own.service, {caller, caller.principal, "end session"}, "ciclo.sign-in.ended");
  }));
  return Response::empty();
}

Result<Response> sign_out_everywhere(const SignInRouteParts& parts, Request& request) {
  const Caller& caller = caller_of(request);
  CICLO_CHECK(require_whole(caller));
  CICLO_CHECK(parts.sign_in.sign_out_everywhere(caller));
  Response response = Response::empty();
  if (caller.token_id.starts_with(session_token_prefix))
    for (const std::string& cookie : parts.sign_in.parts().sessions.removing_cookies())
      response.headers.add("set-cookie", cookie);
  return response;
}

}  // namespace

Response throttled(std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  Response response = http::error_response(
      {ErrorCode::quota, "too many failed attempts to sign in", {}, fmt::format("try again in {} s", seconds), {}});
  response.headers.set("retry-after", std::to_string(seconds));
  return response;
}

Result<void> require_whole(const Caller& caller) {
  if (caller.only_workspace.empty() && caller.on_behalf_of.empty() && caller.only_actions.empty()) return {};
  return fail(ErrorCode::denied, "this token is good for a part of what you may do, and not for this", {},
              "sign in: ciclo login --username <name>");
}

Response secret_json(const Json& body, int status) {
  Response response = Response::json(body, status);
  response.headers.set("cache-control", "no-store");
  return response;
}

Result<void> add_sign_in_routes(http::Router& router, const SignInRouteParts& parts) {
  using Function = Result<Response> (*)(const SignInRouteParts&, Request&);
  const auto add = [&](Method method, std::string pattern, std::string summary, Function function) {
    http::Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.summary = std::move(summary);
    route.tag = "sign-in";
    route.body_limit = largest_body;
    // Everybody may try; every other route asks the Guard.
    route.access = function == sign_in ? http::Access::open : http::Access::required;
    route.handler = [parts, function](Request& request) { return function(parts, request); };
    return router.add(std::move(route));
  };
  CICLO_CHECK(add(Method::post, "/api/v1/auth/sign-in", "Sign in with name and password", sign_in));
  CICLO_CHECK(add(Method::post, "/api/v1/auth/sign-out", "End the session", sign_out));
  CICLO_CHECK(add(Method::get, "/api/v1/auth/session", "Show the session that the cookie stands for", show_session));
  CICLO_CHECK(add(Method::get, "/api/v1/me/sessions", "List your sessions", list_sessions));
  CICLO_CHECK(add(Method::del, "/api/v1/me/sessions", "Sign out everywhere", sign_out_everywhere));
  return add(Method::del, "/api/v1/me/sessions/{session}", "End one of your sessions", end_session);
}

}  // namespace ciclo::administration
