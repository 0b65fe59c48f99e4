// Sign-in through an identity provider, whole: the provider, its people here, the browser's sign-in and the bearer
// tokens.
//
// Thread safety: safe from any thread once built.
#pragma once

#include <functional>
#include <string>

#include "administration/audit/audit_log.hpp"
#include "administration/oidc/authenticator.hpp"
#include "administration/oidc/code_sign_in.hpp"
#include "administration/oidc/people.hpp"
#include "administration/oidc/provider.hpp"
#include "administration/oidc/sessions.hpp"
#include "administration/oidc/settings.hpp"
#include "resources/service.hpp"

namespace ciclo::administration::oidc {

class OpenIdConnect {
 public:
  struct Parts {
    sql::Database& database;
    IdentityService& identity;
    AuditLog& audit;
    resources::ResourceService& service;  // its event log tells of new users
    SessionOpener& sessions;
    ExternalGroups* groups;  // null: group claims are not used
    const Clock& clock;
    log::Logger& logger;
    std::function<std::string()> public_url;
    Send send;
  };
  // `settings` have passed check_settings().
  OpenIdConnect(Settings settings, Parts parts);
  OpenIdConnect(const OpenIdConnect&) = delete;
  OpenIdConnect& operator=(const OpenIdConnect&) = delete;

  const Settings& settings() const { return settings_; }
  Provider& provider() { return provider_; }
  CodeSignIn& code() { return code_; }
  OidcAuthenticator& authenticator() { return authenticator_; }
  SessionOpener& sessions() { return parts_.sessions; }

  struct Occasion {
    std::string
        how;  // "openid connect", "device code"; empty: a bearer token, which is written down only when it is news
    std::string request_id;
    // Done in the same transaction: opens the session, mints the token.
    std::function<Result<void>(sql::Session&, const std::string& principal)> then;
  };
  // The person's user here, made when there is none, with the groups the token tells of.
  Result<std::string> admit(const Identity& identity, const Occasion& occasion);

  struct Exchanged {
    std::string principal;
    MintedToken token;
    TimePoint expires_at;
  };
  // A token of Ciclo, good for 12 h, for an ID token that the command line just got. Each ID token is good once, within
  // 10 minutes of its issue.
  Result<Exchanged> exchange(const std::string& id_token, const std::string& request_id);

  Result<std::vector<Link>> links() { return people_.list(); }
  Result<void> remove_link_in(sql::Session& session, const std::string& principal);

 private:
  Result<SignedIn> admit_in(sql::Session& session, const Identity& identity, const Occasion& occasion);
  Result<void> record_in(sql::Session& session, const SignedIn& signed_in, const Identity& identity,
                         const Occasion& occasion);

  const Settings settings_;
  Parts parts_;
  Provider provider_;
  People people_;
  CodeSignIn code_;
  OidcAuthenticator authenticator_;
};

}  // namespace ciclo::administration::oidc
