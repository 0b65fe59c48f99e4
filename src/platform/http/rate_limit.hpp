// How many requests a caller may send: a token bucket for each principal, and one for each remote address of requests
// that come without a good credential.
//
// The bucket is kept as one number, the moment at which it will be full again (the generic cell rate algorithm, ITU-T
// I.371, which decides as a token bucket does): a request moves it on by 1/rate, and is let through while it lies at
// most burst/rate ahead.
//
// Memory is bounded: tables of fixed size, in which the bucket that is nearest to full makes room for a new caller. A
// caller that is forgotten so begins with a full bucket. IPv6 addresses count by their /64, which one machine has
// whole.
//
// Cost: one hash and one compare-and-swap a request; no lock but where a new caller takes a place.
//
// Thread safety: everything from any thread. Two callers that take one place at the same moment may be miscounted by
// one request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

namespace ciclo::http {

struct RateLimit {
  double per_second = 0;  // 0: no limit
  double burst = 0;       // requests at once after a rest; at least 1
};

struct RateDecision {
  bool allowed = true;
  std::int64_t full_at = 0;                 // of the bucket from now on, ns
  std::chrono::nanoseconds retry_after{0};  // until one more is allowed; 0 when allowed
};
// One request at `now` on a bucket that is full at `full_at`, both in ns on one clock. Pure.
RateDecision decide_rate(const RateLimit& limit, std::int64_t full_at, std::int64_t now);

class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  struct Settings {
    RateLimit principals;
    RateLimit addresses;  // of requests without a good credential
  };
  explicit RateLimiter(const Settings& settings);
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Each counts one request, and gives how long to wait when it is one too many (then it is not counted).
  std::chrono::nanoseconds take_principal(std::string_view principal, Clock::time_point now = Clock::now());
  std::chrono::nanoseconds take_address(std::string_view address, Clock::time_point now = Clock::now());
  // How long until take_address() would succeed; takes nothing, and counts as refused when that is not now.
  std::chrono::nanoseconds wait_of_address(std::string_view address, Clock::time_point now = Clock::now());

  // Requests refused so far.
  std::uint64_t refused_principals() const;
  std::uint64_t refused_addresses() const;

 private:
  class Table;
  std::unique_ptr<Table> principals_;
  std::unique_ptr<Table> addresses_;
};

}  // namespace ciclo::http
