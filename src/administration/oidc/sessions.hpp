// A browser's session, as the sign-in through a provider opens it and the sign-out ends it.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

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

struct Cookie {
  std::string name;
  std::string value;
  std::chrono::seconds life{0};  // 0: forget it
  bool is_secure = true;
};
// HttpOnly, SameSite=Lax, Path=/.
std::string to_header(const Cookie& cookie);

}  // namespace ciclo::administration::oidc
