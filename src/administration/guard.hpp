// The door: finds the caller of every request by its bearer token (or Basic password) and judges the route's action.
//
// Thread safety: safe from any thread.
#pragma once

#include "administration/access.hpp"
#include "administration/audit.hpp"
#include "administration/identity.hpp"
#include "platform/http/router.hpp"
#include "platform/log/log.hpp"

namespace ciclo::administration {

class TokenGuard final : public http::Guard {
 public:
  struct Parts {
    IdentityService& identity;
    AccessService& access;
    AuditLog& audit;
    log::Logger& logger;
    std::string
        default_workspace;  // for routes without {workspace} whose action is a workspace's (MLflow at the bare root)
  };
  explicit TokenGuard(Parts parts) : parts_(std::move(parts)) {}
  // Denials are written to the audit log.
  Result<void> admit(const http::Route& route, http::Request& request) override;

 private:
  Parts parts_;
};

// The secret in `Authorization: Bearer <secret>` or in the password of `Authorization: Basic …`.
Result<std::string> secret_of(const http::Headers& headers);

}  // namespace ciclo::administration
