// The browser's sign-in: authorization code with PKCE (RFC 6749, 7636; OpenID Connect Core §3.1).
//
// start() gives the browser a secret in a cookie and sends it to the provider; finish() takes it back. Only hashes of
// the secret and of the state are stored, for 10 minutes, and each is good once. PKCE's verifier and the nonce are
// derived from the browser's secret, so what is stored helps nobody, and a code that was meant for another browser is
// of no use.
//
// Thread safety: safe from any thread. finish() talks to the provider: not within a transaction.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "administration/oidc/claims.hpp"
#include "administration/oidc/provider.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/http/message.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration::oidc {

class CodeSignIn {
 public:
  struct Parts {
    sql::Database& database;
    Provider& provider;
    const Clock& clock;
    std::function<std::string()> public_url;  // "https://ciclo.example.org"
  };
  CodeSignIn(const Settings& settings, Parts parts) : settings_(settings), parts_(std::move(parts)) {}

  struct Started {
    std::string location;    // at the provider
    std::string set_cookie;  // binds what follows to this browser
  };
  // Fails with invalid when `return_to` is not a path of this server, unavailable without the provider.
  Result<Started> start(std::string_view return_to);

  struct Finished {
    Identity identity;
    std::string return_to;
    std::string set_cookie;  // makes the browser forget the secret
  };
  // `request`: the one to /auth/callback. Fails with unauthenticated when it does not continue a sign-in that this
  // browser began, denied when the person or the provider said no.
  Result<Finished> finish(const http::Request& request);

  std::string redirect_uri() const { return parts_.public_url() + "/auth/callback"; }
  std::string home() const { return parts_.public_url() + "/"; }
  bool is_secure() const { return parts_.public_url().starts_with("https:"); }

 private:
  Result<void> remember(const std::string& state, const std::string& secret, std::string_view return_to);
  // Where to return to; the entry is gone afterwards.
  Result<std::string> take(std::string_view state, std::string_view secret);
  std::string cookie_name(std::string_view state) const;

  const Settings& settings_;
  Parts parts_;
};

// "/models?x=1", but not "//host", "/\host", an URL, or anything with a blank, a control character or a backslash: a
// path that a browser cannot take for another host.
bool is_local_path(std::string_view path);

}  // namespace ciclo::administration::oidc
