// Who may call a scorer: holders of one of the endpoint's keys or tokens, and the control server with its own token.
// Only SHA-256 sums of them are known here.
//
// Thread safety: safe from any thread.
#pragma once

#include "platform/http/router.hpp"
#include "scoring/endpoint.hpp"

namespace ciclo::scoring {

// Routes with this action take the control token and nothing else.
inline constexpr std::string_view control_action = "scorer/manage";

class ScorerGuard final : public http::Guard {
 public:
  explicit ScorerGuard(const Endpoint& endpoint) : endpoint_(endpoint) {}
  Result<void> admit(const http::Route& route, http::Request& request) override;

 private:
  const Endpoint& endpoint_;
};

// Lower-case hexadecimal.
std::string sha256_hex(std::string_view text);

}  // namespace ciclo::scoring
