// Routes for signing in and out, a person's own sessions, passwords and one-time codes.
//
// Thread safety: the handlers are safe from any thread.
#pragma once

#include <string>

#include "administration/sign_in/sign_in.hpp"
#include "platform/http/router.hpp"

namespace ciclo::administration {

struct SignInRouteParts {
  SignIn& sign_in;
  std::string public_origin;  // as for SessionAuthenticator
};

// /api/v1/auth/… and /api/v1/me/sessions. All parts must outlive the router.
Result<void> add_sign_in_routes(http::Router& router, const SignInRouteParts& parts);
// /api/v1/users/{user}/password, …/totp and …/sign-in.
Result<void> add_account_routes(http::Router& router, SignIn& sign_in);

// 429 with Retry-After: somebody failed too often.
http::Response throttled(std::chrono::milliseconds wait);
// Fails with denied for a credential that is cut to less than its principal: it must not change how the principal signs
// in.
Result<void> require_whole(const resources::Caller& caller);
// The answer must not be kept by anybody on the way.
http::Response secret_json(const Json& body, int status = 200);

}  // namespace ciclo::administration
