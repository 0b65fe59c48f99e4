// Who calls, by the Studio's session cookie; and the wall against foreign pages that make a browser send it (CSRF).
//
// The cookie is looked at only when there is no Authorization header. For methods that change something the request
// must come from the same origin (cookies.hpp) and carry the session's token in `x-ciclo-csrf`: a page of another
// origin can neither read it nor set that header. No GET route changes anything, so GET needs neither.
//
// Thread safety: safe from any thread.
#pragma once

#include <string>

#include "administration/authenticator.hpp"
#include "administration/sign_in/sessions.hpp"

namespace ciclo::administration {

class SessionAuthenticator final : public Authenticator {
 public:
  // `public_origin`: "https://ciclo.example.org", or empty to go by the Host header.
  SessionAuthenticator(Sessions& sessions, std::string public_origin)
      : sessions_(sessions), public_origin_(std::move(public_origin)) {}
  // Fails with denied when a request that changes something fails the check against foreign pages. The caller's
  // token_id is "session:<id>".
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;

 private:
  Sessions& sessions_;
  const std::string public_origin_;
};

inline constexpr std::string_view csrf_header = "x-ciclo-csrf";
inline constexpr std::string_view session_token_prefix = "session:";

}  // namespace ciclo::administration
