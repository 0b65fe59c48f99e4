#include "administration/oidc/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "platform/http/url.hpp"

namespace ciclo::administration::oidc {
namespace {

struct Parts {
  std::string scheme;
  bool is_loopback = false;
  bool has_path = false;
  bool has_more = false;  // query, fragment or user
};

std::optional<Parts> parts_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (!parsed || parsed->encoded_host().empty()) return std::nullopt;
  const auto scheme = parsed->scheme();
  const std::string host = to_lower(std::string(parsed->host_address()));
  // By the kind of host: a name may begin with 127 too.
  const bool is_loopback = parsed->host_type() == boost::urls::host_type::ipv4   ? host.starts_with("127.")
                           : parsed->host_type() == boost::urls::host_type::ipv6 ? host == "::1"
                                                                                 : host == "localhost";
  return Parts{.scheme = to_lower({scheme.data(), scheme.size()}),
               .is_loopback = is_loopback,
               .has_path = !parsed->encoded_path().empty(),
               .has_more = parsed->has_query() || parsed->has_fragment() || parsed->has_userinfo()};
}

bool has_scope(const std::string& scopes, const std::string& wanted) {
  const auto all = split(scopes, ' ');
  return std::ranges::find(all, wanted) != all.end();
}

}  // namespace

bool is_loopback_url(const std::string& url) {
  const auto parts = parts_of(url);
  return parts && parts->is_loopback;
}

bool is_secure_url(const std::string& url) {
  const auto parts = parts_of(url);
  return parts && (parts->scheme == "https" || (parts->scheme == "http" && parts->is_loopback));
}

std::string Settings::client_of_command_line() const {
  if (!cli_client_id.empty()) return cli_client_id;
  return client_secret.empty() ? client_id : std::string();
}

TokenRules Settings::rules() const {
  TokenRules rules{.issuer = issuer, .clients = {client_id}, .audience = audience};
  if (!cli_client_id.empty()) rules.clients.push_back(cli_client_id);
  return rules;
}

Result<void> check_settings(const Settings& settings) {
  const auto issuer = parts_of(settings.issuer);
  if (!issuer || issuer->has_more || !is_secure_url(settings.issuer))
    return fail(ErrorCode::invalid, fmt::format("'{}' is not an issuer's URL", settings.issuer), "--oidc-issuer",
                "https://…, as the provider writes it in its discovery document (http only on this machine)");
  if (settings.client_id.empty())
    return fail(ErrorCode::invalid, "the client id is missing", "--oidc-client-id",
                "register Ciclo at the provider and give the id of that client");
  if (!has_scope(settings.scopes, "openid"))
    return fail(ErrorCode::invalid, "the scopes lack openid", "--oidc-scopes",
                "for example: openid profile email groups");
  return {};
}

}  // namespace ciclo::administration::oidc
