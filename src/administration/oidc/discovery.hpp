// The provider's description of itself (OpenID Connect Discovery 1.0).
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::administration::oidc {

struct Metadata {
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  std::string device_authorization_endpoint;  // empty: no device code there
  std::string end_session_endpoint;           // empty: no sign-out there
  bool takes_secret_in_header = true;         // client_secret_basic; else client_secret_post
};

// Fails with invalid when the document is malformed, is of another issuer than the one asked, or names an address that
// is neither https nor, for an issuer on this machine, loopback.
Result<Metadata> parse_metadata(std::string_view text, const std::string& issuer);
// "<issuer>/.well-known/openid-configuration"
std::string metadata_url(const std::string& issuer);

}  // namespace ciclo::administration::oidc
