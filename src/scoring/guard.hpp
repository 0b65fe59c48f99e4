// Who may call a scorer: holders of one of the endpoint's keys, or of a signed token for it, and the control server
// with its own token. Only SHA-256 sums of keys and the public half of the tokens' key are known here, so a token is
// good as soon as it is made, and whether or not the control server is up.
//
// Thread safety: safe from any thread; never blocks.
#pragma once

#include "platform/http/router.hpp"
#include "scoring/endpoint.hpp"
#include "scoring/token_cache.hpp"

namespace ciclo::scoring {

// Routes with this action take the control token and nothing else.
inline constexpr std::string_view control_action = "scorer/manage";

class ScorerGuard final : public http::Guard {
 public:
  explicit ScorerGuard(Endpoint& endpoint) : endpoint_(endpoint) {}
  // Sets request.principal: who the token was given to, "endpoint-key" or "control".
  Result<void> admit(const http::Route& route, http::Request& request) override;

 private:
  Result<void> admit_secret(const http::Route& route, http::Request& request);
  Result<void> admit_token(const AuthSettings& auth, std::string_view token, http::Request& request);

  Endpoint& endpoint_;
  TokenCache known_tokens_;
};

}  // namespace ciclo::scoring
