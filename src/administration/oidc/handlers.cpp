#include "administration/oidc/handlers.hpp"

#include <fmt/format.h>

#include "administration/oidc/encoding.hpp"
#include "administration/oidc/pages.hpp"

namespace ciclo::administration::oidc {
namespace {

using http::Access;
using http::Method;
using http::Request;
using http::Response;

Json openid_json(OpenIdConnect& openid) {
  const Settings& settings = openid.settings();
  Json out = {{"issuer", settings.issuer},
              {"client_id", settings.client_id},
              {"scopes", settings.scopes},
              {"login_path", "/auth/login"}};
  const std::string client = settings.client_of_command_line();
  if (client.empty()) return out;
  // Without the provider the rest still holds: the command line says then what is amiss.
  const auto about = openid.provider().metadata();
  if (!about || about->device_authorization_endpoint.empty()) return out;
  out["device_code"] = {{"client_id", client},
                        {"scopes", settings.scopes},
                        {"device_authorization_endpoint", about->device_authorization_endpoint},
                        {"token_endpoint", about->token_endpoint}};
  return out;
}

Result<Response> show_configuration(const RouteParts& parts, Request&) {
  return Response::json({{"token", true},
                         {"password", parts.takes_passwords},
                         {"openid_connect", parts.openid == nullptr ? Json() : openid_json(*parts.openid)}});
}

Result<Response> end_own_token(const RouteParts& parts, Request& request) {
  const resources::Caller& caller = resources::caller_of(request);
  if (const auto own = parts.identity.get_token(caller.token_id); !own) {
    if (own.error().code != ErrorCode::not_found) return Failure(own.error());
    return fail(ErrorCode::unsupported, "the request carries no token of Ciclo's own", {},
                "sign out where it was made: in the Studio, or at the identity provider");
  }
  CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.identity.revoke_in(session, caller.token_id));
    return parts.service.record_in(session,
                                   {.caller = caller,
                                    .action = "organisation/manage",
                                    .operation = "sign out",
                                    .workspace = {},
                                    .target = "/users/" + caller.principal,
                                    .decision = {true, "own token"}},
                                   {.type = "ciclo.token.revoked",
                                    .source = "/",
                                    .subject = "/users/" + caller.principal,
                                    .workspace = {},
                                    .actor = caller.principal,
                                    .data = {{"token_id", caller.token_id}}});
  }));
  return Response::empty();
}

Result<Response> begin_sign_in(const RouteParts& parts, Request& request) {
  const std::string return_to(request.query.find("return_to").value_or("/"));
  CICLO_TRY(auto started, parts.openid->code().start(return_to));
  return redirect(std::move(started.location), {started.set_cookie});
}

Result<Response> finish_sign_in(const RouteParts& parts, Request& request) {
  CICLO_TRY(auto finished, parts.openid->code().finish(request));
  std::vector<std::string> cookies;
  const auto open = [&](sql::Session& session, const std::string& principal) -> Result<void> {
    CICLO_TRY(cookies, parts.openid->sessions().open_in(session, principal, "openid connect"));
    return {};
  };
  CICLO_CHECK(parts.openid->admit(finished.identity,
                                  {.how = "openid connect", .request_id = request.request_id, .then = open}));
  cookies.push_back(finished.set_cookie);
  return redirect(std::move(finished.return_to), cookies);
}

// Also at the provider, when it offers that: else its own session would sign the next person in without a question.
Result<Response> sign_out(const RouteParts& parts, Request& request) {
  // A page of another site must not sign people out.
  if (const auto site = request.headers.find("sec-fetch-site"); site && *site == "cross-site")
    return fail(ErrorCode::denied, "another site asked to sign you out", {}, "sign out in the Studio");
  CICLO_TRY(const auto cookies, parts.openid->sessions().end(request));
  const auto about = parts.openid->provider().metadata();
  if (!about || about->end_session_endpoint.empty()) return redirect("/", cookies);
  const std::string home = parts.openid->code().home();
  const char joint = about->end_session_endpoint.find('?') == std::string::npos ? '?' : '&';
  return redirect(about->end_session_endpoint + joint +
                      form_of({{"client_id", parts.openid->settings().client_id}, {"post_logout_redirect_uri", home}}),
                  cookies);
}

Result<Response> exchange(const RouteParts& parts, Request& request) {
  CICLO_TRY(const Json body, request.json());
  const std::string id_token = text_or(body, "id_token");
  if (id_token.empty()) return fail(ErrorCode::invalid, "'id_token' is missing", "/id_token", "give it as a text");
  CICLO_TRY(const auto exchanged, parts.openid->exchange(id_token, request.request_id));
  auto response = Response::json({{"token", exchanged.token.secret},
                                  {"id", exchanged.token.id},
                                  {"principal", exchanged.principal},
                                  {"expires_at", format_rfc3339(exchanged.expires_at)}},
                                 201);
  response.headers.set("cache-control", "no-store");
  return response;
}

Result<Response> list_links(const RouteParts& parts, Request&) {
  CICLO_TRY(const auto links, parts.openid->links());
  Json value = Json::array();
  for (const Link& link : links)
    value.push_back({{"user", link.principal},
                     {"issuer", link.issuer},
                     {"subject", link.subject},
                     {"state", link.is_refused ? "refused: the user was deleted" : "active"},
                     {"created_at", format_rfc3339(link.created_at)}});
  return Response::json({{"value", value}});
}

Result<Response> delete_link(const RouteParts& parts, Request& request) {
  const std::string& user = request.parameter("user");
  const resources::Caller& caller = resources::caller_of(request);
  CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts.openid->remove_link_in(session, user));
    return parts.service.record_in(session,
                                   {.caller = caller,
                                    .action = "organisation/manage",
                                    .operation = "delete identity link",
                                    .workspace = {},
                                    .target = "/users/" + user,
                                    .decision = {true, "route"}},
                                   {.type = "ciclo.user.unlinked",
                                    .source = "/",
                                    .subject = "/users/" + user,
                                    .workspace = {},
                                    .actor = caller.principal,
                                    .data = Json::object()});
  }));
  return Response::empty();
}

struct RouteText {
  Method method;
  const char* pattern;
  const char* summary;
  Access access = Access::open;
  const char* action = "";
};
using Function = Result<Response> (*)(const RouteParts&, Request&);

http::Route route_of(const RouteText& text, const RouteParts& parts, Function function) {
  http::Route route;
  route.method = text.method;
  route.pattern = text.pattern;
  route.summary = text.summary;
  route.access = text.access;
  route.action = text.action;
  route.tag = "sign-in";
  route.body_limit = 64U << 10U;
  route.handler = [parts, function](Request& request) { return function(parts, request); };
  // What a browser is sent to shows pages, not JSON.
  if (route.pattern.starts_with("/auth/")) route.render_error = error_page;
  return route;
}

}  // namespace

Result<void> add_sign_in_routes(http::Router& router, RouteParts parts) {
  const auto add = [&](const RouteText& text, Function function) {
    return router.add(route_of(text, parts, function));
  };
  CICLO_CHECK(add({Method::get, "/api/v1/auth/configuration", "Show the ways of signing in"}, show_configuration));
  CICLO_CHECK(add({Method::del, "/api/v1/auth/token", "End the token that the request carries", Access::required},
                  end_own_token));
  if (parts.openid == nullptr) return {};
  CICLO_CHECK(add({Method::get, "/auth/login", "Go to the identity provider"}, begin_sign_in));
  CICLO_CHECK(add({Method::get, "/auth/callback", "Come back from the identity provider"}, finish_sign_in));
  CICLO_CHECK(add({Method::get, "/auth/logout", "Sign out"}, sign_out));
  CICLO_CHECK(add({Method::post, "/auth/logout", "Sign out"}, sign_out));
  CICLO_CHECK(add({Method::post, "/api/v1/auth/exchange", "Get a token for an ID token of the provider"}, exchange));
  static constexpr const char* manage = "organisation/manage";
  CICLO_CHECK(add({Method::get, "/api/v1/identity-links", "List which identity of the provider is which user",
                   Access::required, manage},
                  list_links));
  return add({Method::del, "/api/v1/identity-links/{user}", "Part a user and an identity of the provider",
              Access::required, manage},
             delete_link);
}

}  // namespace ciclo::administration::oidc
