// A browser's session, as the sign-in through a provider opens it and the sign-out ends it.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "administration/authenticator.hpp"
#include "administration/identity/identity.hpp"
#include "base/error.hpp"
#include "platform/http/message.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration::oidc {

class SessionOpener {
 public:
  virtual ~SessionOpener() = default;
  // The values of the Set-Cookie fields that make the browser hold the session. `how`: "openid connect", for audit.
  virtual Result<std::vector<std::string>> open_in(sql::Session& session, const std::string& principal,
                                                   const std::string& how) = 0;
  // Ends the session that the request's cookies name, if there is one; the values of the Set-Cookie fields that make
  // the browser forget it. Writes on its own: not to be called within a transaction.
  virtual Result<std::vector<std::string>> end(const http::Request& request) = 0;
};

// A token of 12 hours in the cookie `ciclo_session`, out of reach for scripts; as an Authenticator, who holds it. The
// cookie counts only without an Authorization header, and for what changes something only when the browser says that
// a page of this server sent it (Sec-Fetch-Site).
class TokenSessions final : public SessionOpener, public Authenticator {
 public:
  // `is_secure`: the browser reaches the server by https.
  TokenSessions(sql::Database& database, IdentityService& identity, const Clock& clock, bool is_secure)
      : database_(database), identity_(identity), clock_(clock), is_secure_(is_secure) {}
  Result<std::vector<std::string>> open_in(sql::Session& session, const std::string& principal,
                                           const std::string& how) override;
  Result<std::vector<std::string>> end(const http::Request& request) override;
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;

 private:
  sql::Database& database_;
  IdentityService& identity_;
  const Clock& clock_;
  const bool is_secure_;
};

struct Cookie {
  std::string name;
  std::string value;
  std::chrono::seconds life{0};  // 0: forget it
  bool is_secure = true;
};
// HttpOnly, SameSite=Lax, Path=/.
std::string to_header(const Cookie& cookie);
// The value of the request's cookie of that name.
std::optional<std::string_view> cookie_of(const http::Headers& headers, std::string_view name);

}  // namespace ciclo::administration::oidc
