// One POST to an address that a user named, and what its answer means: the delivery that triggers and webhooks share.
//
// The client carries the policy of where it may connect (platform/http/outbound.hpp). Redirects are not followed.
//
// Thread safety: pure but for the request; the client is safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "platform/http/client.hpp"

namespace ciclo::outer_loop {

// After so many attempts a delivery is given up.
inline constexpr std::int64_t max_post_attempts = 10;

// Until the next attempt, after so many failed ones: 5 s, 10 s, 20 s … one hour.
std::chrono::milliseconds pause_after_attempts(std::int64_t attempts);

struct PostOutcome {
  enum class State : std::uint8_t {
    delivered,  // answered 2xx
    failed,     // may work later
    refused,    // waiting cures nothing: what the address itself forbids
  };
  State state = State::failed;
  std::string reason;  // why not, for people; names no secret
  int status = 0;      // of the answer; 0 when there was none
  std::string body;    // of the answer
};

struct Post {
  std::string url;
  http::Headers headers;
  std::string body;
};

PostOutcome send_post(http::Client& client, Post post);

}  // namespace ciclo::outer_loop
