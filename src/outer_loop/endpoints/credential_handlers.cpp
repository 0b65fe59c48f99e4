#include <fmt/format.h>

#include "outer_loop/endpoints/handlers.hpp"
#include "outer_loop/endpoints/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;

constexpr std::chrono::seconds longest_wait{10};
// For a token's signing key; shorter, for the token is given anyhow.
constexpr std::chrono::seconds longest_wait_for_token{3};

ResourceKey endpoint_of(const http::Request& request) {
  return endpoint_key(request.parameter("workspace"), request.parameter("name"));
}

// One thing done with an endpoint's credentials, in one transaction: judged, done, audited.
struct Deed {
  std::string_view action;
  std::string operation;
};
// `act` gets the endpoint and adds to the audit row's detail.
template <class Act>
auto perform(const EndpointRouteParts& parts, const http::Request& request, const Deed& deed, Act&& act) {
  const auto& service = parts.service.parts();
  using Answer = decltype(act(std::declval<sql::Session&>(), std::declval<const Resource&>(), std::declval<Json&>()));
  return service.database.write([&](sql::Session& session) -> Answer {
    const ResourceKey key = endpoint_of(request);
    const auto& caller = resources::caller_of(request);
    const std::string subject = key.subject();
    CICLO_TRY(const auto decision, resources::require(service.access, caller, deed.action, {key.workspace, subject}));
    CICLO_TRY(const Resource endpoint, service.store.get(session, key));
    if (endpoint.deleting)
      return fail(ErrorCode::conflict, fmt::format("the endpoint '{}' is being deleted", key.name), subject);
    Json detail = Json::object();
    auto answer = act(session, endpoint, detail);
    if (!answer) return answer;
    CICLO_CHECK(service.audit.record(session, {.caller = caller,
                                               .action = std::string(deed.action),
                                               .operation = deed.operation,
                                               .workspace = key.workspace,
                                               .target = key.path(),
                                               .decision = decision,
                                               .detail = detail}));
    return answer;
  });
}

http::Response secret_answer(const Json& body) {
  auto response = http::Response::json(body);
  response.headers.set("cache-control", "no-store");
  return response;
}

Result<void> needs_keys(const Resource& endpoint) {
  if (takes_keys(endpoint)) return {};
  return fail(ErrorCode::conflict,
              fmt::format("the endpoint '{}' takes tokens alone (auth_mode: {}) and has no keys", endpoint.key.name,
                          auth_mode_of(endpoint)),
              endpoint.key.subject(), "get a token: ciclo online-endpoint get-credentials");
}

Result<http::Response> show_keys(const EndpointRouteParts& parts, const http::Request& request) {
  CICLO_TRY(const auto secrets,
            perform(parts, request, {write_endpoints, "list keys"},
                    [&](sql::Session& session, const Resource& endpoint, Json&) -> Result<EndpointSecrets> {
                      CICLO_CHECK(needs_keys(endpoint));
                      return parts.keys.get(session, {endpoint.key.workspace, endpoint.key.name});
                    }));
  return secret_answer({{"primaryKey", secrets.primary}, {"secondaryKey", secrets.secondary}});
}

Result<OldTokens> old_tokens_of(const Json& body, KeyType type) {
  const Json& asked = member(body, "end_tokens");
  if (asked.is_null() || asked == false) return OldTokens::stay_good;
  if (asked == true && type == KeyType::token) return OldTokens::end_now;
  return fail(ErrorCode::invalid, "'end_tokens' is true or false, and goes with key_type token alone", "/end_tokens");
}

Result<http::Response> regenerate_keys(const EndpointRouteParts& parts, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const KeyType type, parse_key_type(text_or(body, "key_type", text_or(body, "keyType", "primary"))));
  CICLO_TRY(const OldTokens old, old_tokens_of(body, type));
  const auto act = [&](sql::Session& session, const Resource& endpoint, Json& detail) -> Result<std::string> {
    if (type != KeyType::token) CICLO_CHECK(needs_keys(endpoint));
    detail = {{"key_type", name_of(type)}};
    if (old == OldTokens::end_now) detail["end_tokens"] = true;
    // The event wakes the controller. The endpoint's state stays what it is: it goes on serving.
    events::Event event{
        .type = "ciclo.online-endpoint.keys-regenerated",
        .source = "/workspaces/" + endpoint.key.workspace,
        .subject = endpoint.key.subject(),
        .workspace = endpoint.key.workspace,
        .actor = resources::caller_of(request).principal,
        .data = {{"kind", endpoint.key.kind}, {"name", endpoint.key.name}, {"key_type", name_of(type)}}};
    CICLO_CHECK(parts.service.parts().events.append(session, std::move(event)));
    const EndpointName name{endpoint.key.workspace, endpoint.key.name};
    return type == KeyType::token ? parts.tokens.rotate(session, name, old)
                                  : parts.keys.regenerate(session, name, type);
  };
  CICLO_TRY(const std::string served_as, perform(parts, request, {write_endpoints, "regenerate key"}, act));
  if (parts.served.await(endpoint_of(request), served_as, longest_wait)) return http::Response::empty();
  return fail(
      ErrorCode::timeout,
      fmt::format("the new {} key is made, but the endpoint's scorer has not taken it within {} s; until it does "
                  "the old one is still good",
                  name_of(type), longest_wait.count()),
      endpoint_of(request).subject(), "its state and log say why: ciclo online-endpoint show");
}

Result<std::chrono::seconds> life_of(const Json& body) {
  const Json& asked = member(body, "expires_in_s");
  if (asked.is_null()) return default_token_life;
  const auto seconds =
      asked.is_number_integer() ? std::chrono::seconds(asked.get<std::int64_t>()) : std::chrono::seconds(0);
  if (seconds >= shortest_token_life && seconds <= longest_token_life) return seconds;
  return fail(ErrorCode::invalid,
              fmt::format("a token's life is a whole number of seconds from {} to {}", shortest_token_life.count(),
                          longest_token_life.count()),
              "/expires_in_s", "for example 900 for a quarter of an hour");
}

std::int64_t unix_seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Result<http::Response> give_token(const EndpointRouteParts& parts, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto life, life_of(body));
  const auto act = [&](sql::Session& session, const Resource& endpoint, Json& detail) -> Result<IssuedToken> {
    CICLO_TRY(auto issued, parts.tokens.issue(session, endpoint, resources::caller_of(request), life));
    detail = {{"endpoint_token_id", issued.id}, {"expires_at", format_rfc3339(issued.expires_at)}};
    return issued;
  };
  CICLO_TRY(const auto issued, perform(parts, request, {use_endpoints, "get token"}, act));
  // Just after the signing key was replaced, the scorer may not have the new one yet. When it does not come up at all
  // the token is given all the same: it will be good when the endpoint is.
  parts.served.await(endpoint_of(request), issued.public_key, longest_wait_for_token);
  return secret_answer({{"accessToken", issued.token},
                        {"tokenType", "Bearer"},
                        {"expiryTimeUtc", unix_seconds(issued.expires_at)},
                        {"refreshAfterTimeUtc", unix_seconds(issued.refresh_after)}});
}

}  // namespace

Result<void> add_credential_routes(http::Router& router, const EndpointRouteParts& parts) {
  using Handler = Result<http::Response> (*)(const EndpointRouteParts&, const http::Request&);
  const auto add = [&](http::Method method, std::string_view end, std::string_view action, Handler handler) {
    http::Route route;
    route.method = method;
    route.pattern = fmt::format("/api/v1/workspaces/{{workspace}}/online-endpoints/{{name}}/{}", end);
    route.action = action;
    route.resource = "online-endpoint/{name}";
    route.summary = end == "keys"    ? "The endpoint's two keys"
                    : end == "token" ? "A short-lived token for the endpoint"
                                     : "Replace one of the endpoint's keys";
    route.tag = "online-endpoints";
    route.handler = [parts, handler](http::Request& request) { return handler(parts, request); };
    return router.add(std::move(route));
  };
  CICLO_CHECK(add(http::Method::get, "keys", write_endpoints, show_keys));
  CICLO_CHECK(add(http::Method::post, "regenerate-keys", write_endpoints, regenerate_keys));
  return add(http::Method::post, "token", use_endpoints, give_token);
}

}  // namespace ciclo::outer_loop
