// How a server finds its identity provider.
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <vector>

#include "administration/oidc/claims.hpp"
#include "base/error.hpp"

namespace ciclo::administration::oidc {

struct Settings {
  std::string issuer;         // "https://login.example.org/realms/ciclo", as the provider writes it itself
  std::string client_id;      // of the browser's sign-in
  std::string client_secret;  // empty: a public client
  std::string cli_client_id;  // of the command line, always public; empty: client_id, when that is public
  std::string scopes = "openid profile email groups";
  ClaimNames claims;
  std::string audience;        // of access tokens that are taken as bearers; empty: none are
  std::string authority_file;  // PEM; empty: the system's certificate authorities

  // Empty when the command line has no client that could sign in without a secret.
  std::string client_of_command_line() const;
  TokenRules rules() const;
};

// Fails with invalid, naming the option.
Result<void> check_settings(const Settings& settings);

// https, or http to a loopback address: where a token may travel.
bool is_secure_url(const std::string& url);
bool is_loopback_url(const std::string& url);

}  // namespace ciclo::administration::oidc
