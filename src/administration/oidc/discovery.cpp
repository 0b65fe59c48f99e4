#include "administration/oidc/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/oidc/settings.hpp"
#include "base/json.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr JsonLimits document_limits{.max_bytes = 256U << 10U, .max_depth = 16};
constexpr std::size_t max_url = 2048;

Failure wrong(std::string message, std::string target) {
  return fail(ErrorCode::invalid, std::move(message), std::move(target), "check --oidc-issuer");
}

struct Endpoint {
  const char* name;
  std::string Metadata::*place;
  bool is_needed;
};

constexpr Endpoint endpoints[] = {
    {"authorization_endpoint", &Metadata::authorization_endpoint, true},
    {"token_endpoint", &Metadata::token_endpoint, true},
    {"jwks_uri", &Metadata::jwks_uri, true},
    {"device_authorization_endpoint", &Metadata::device_authorization_endpoint, false},
    {"end_session_endpoint", &Metadata::end_session_endpoint, false},
};

}  // namespace

std::string metadata_url(const std::string& issuer) {
  return issuer + (issuer.ends_with('/') ? "" : "/") + ".well-known/openid-configuration";
}

Result<Metadata> parse_metadata(std::string_view text, const std::string& issuer) {
  auto document = parse_json(text, document_limits);
  if (!document || !document->is_object()) return wrong("the provider's description is not a JSON object", issuer);
  Metadata metadata;
  metadata.issuer = text_or(*document, "issuer");
  if (metadata.issuer != issuer)
    return wrong(fmt::format("the provider calls itself '{}', not '{}'", metadata.issuer.substr(0, 200), issuer),
                 "/issuer");
  for (const Endpoint& endpoint : endpoints) {
    std::string url = text_or(*document, endpoint.name);
    if (url.empty() && !endpoint.is_needed) continue;
    const bool good = is_secure_url(url) && (is_loopback_url(issuer) || url.starts_with("https:"));
    if (!good || url.size() > max_url)
      return wrong(fmt::format("the provider's {} is not an https address", endpoint.name),
                   std::string("/") + endpoint.name);
    metadata.*endpoint.place = std::move(url);
  }
  if (const Json& methods = member(*document, "token_endpoint_auth_methods_supported"); methods.is_array()) {
    const auto offers = [&](const char* name) { return std::ranges::find(methods, Json(name)) != methods.end(); };
    metadata.takes_secret_in_header = offers("client_secret_basic") || !offers("client_secret_post");
  }
  return metadata;
}

}  // namespace ciclo::administration::oidc
