// The door: finds the caller of every request by its credential and judges the route's action.
//
// Thread safety: safe from any thread.
#pragma once

#include "administration/access/access.hpp"
#include "administration/audit/audit_log.hpp"
#include "administration/authenticator.hpp"
#include "administration/identity/identity.hpp"
#include "platform/http/router.hpp"
#include "platform/log/log.hpp"

namespace ciclo::administration {

class AccessGuard final : public http::Guard {
 public:
  struct Parts {
    std::vector<Authenticator*> authenticators;  // asked in this order
    AccessService& access;
    AuditLog& audit;
    log::Logger& logger;
    std::string
        default_workspace;  // for routes without {workspace} whose action is a workspace's (MLflow at the bare root)
    // Who knows what a request concerns. Null: callers with roles on single resources alone get nowhere by it.
    resources::ConcernFinder* concerns = nullptr;
  };
  explicit AccessGuard(Parts parts) : parts_(std::move(parts)) {}
  // Every decision is written to the audit log; a request whose decision cannot be written down is refused.
  Result<void> admit(const http::Route& route, http::Request& request) override;
  Result<void> judge(const http::Route& route, http::Request& request) override;
  void refused(const http::Route& route, const http::Request& request, const Error& error) override;
  Result<void> answered(const http::Route& route, const http::Request& request) override;

 private:
  Result<resources::Caller> find_caller(const http::Request& request) const;
  // MLflow's routes at the bare root are the default workspace's.
  std::string workspace_of(const http::Route& route, const http::Request& request) const;
  resources::AuditEntry entry_of(const http::Route& route, const http::Request& request,
                                 resources::Decision decision) const;
  Result<void> note(const resources::AuditEntry& entry);
  // Whether a role on some single resource lets the caller in, and then request.limits.
  std::optional<resources::Decision> limit(const http::Route& route, http::Request& request,
                                           const std::string& workspace) const;
  Parts parts_;
};

// Ciclo's own tokens, in `Authorization: Bearer <secret>` or in the password of `Authorization: Basic …`, whatever name
// stands beside it: a token says by itself whose it is.
class TokenAuthenticator final : public Authenticator {
 public:
  explicit TokenAuthenticator(IdentityService& identity) : identity_(identity) {}
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;

 private:
  IdentityService& identity_;
};

// Nothing without an Authorization header; unauthenticated when it is of another form.
Result<std::optional<std::string>> secret_of(const http::Headers& headers);

}  // namespace ciclo::administration
