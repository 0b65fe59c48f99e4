// Callers with a token of the identity provider: `Authorization: Bearer <JWT>`, or the password of Basic.
//
// What was verified is remembered for up to 5 minutes, by hash, and looked at again as soon as any token or user ended
// here.
//
// Thread safety: safe from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "administration/authenticator.hpp"
#include "administration/identity/identity.hpp"
#include "administration/oidc/claims.hpp"
#include "administration/oidc/provider.hpp"
#include "administration/oidc/settings.hpp"
#include "base/clock.hpp"

namespace ciclo::administration::oidc {

class OidcAuthenticator final : public Authenticator {
 public:
  struct Parts {
    Provider& provider;
    IdentityService& identity;
    const Clock& clock;
    // Makes or updates the user; the principal.
    std::function<Result<std::string>(const Identity&)> admit;
  };
  OidcAuthenticator(const Settings& settings, Parts parts) : settings_(settings), parts_(std::move(parts)) {}

  // Nothing for a credential that is no JWT: it is left to the authenticators that follow.
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;
  // What is remembered is looked at again.
  void forget() { ++epoch_; }

 private:
  struct Known {
    resources::Caller caller;
    TimePoint until;
    std::uint64_t revision = 0;  // of everything that can end a caller, when it was verified
  };
  std::optional<resources::Caller> remembered(const std::string& hash, std::uint64_t revision);
  void remember(const std::string& hash, Known known);

  const Settings& settings_;
  Parts parts_;
  std::atomic<std::uint64_t> epoch_ = 0;  // rises with forget()
  std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // by hash of the token
};

}  // namespace ciclo::administration::oidc
