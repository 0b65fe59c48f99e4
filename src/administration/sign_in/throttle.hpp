// How long somebody who failed to sign in must wait: a pure function of how often and when.
//
// Three counts are kept, each with a policy of its own (attempts.hpp):
//   - one name from one address: 5 free, then 1 s, 2 s, 4 s … 15 min;
//   - one address, whatever the names: 20 free, then the same;
//   - one name, whatever the addresses: 50 free, then 1 s … 1 min. It does not hold for an address from which the name
//     signed in during the last 30 days, so that strangers cannot lock somebody out of their usual places.
//
// Thread safety: pure functions.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace ciclo::administration {

struct Failures {
  int count = 0;
  TimePoint last;
};

struct ThrottlePolicy {
  int free = 5;  // failures that cost no wait
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds longest{std::chrono::minutes(15)};
};
inline constexpr ThrottlePolicy pair_policy{};
inline constexpr ThrottlePolicy address_policy{.free = 20};
inline constexpr ThrottlePolicy name_policy{.free = 50, .longest = std::chrono::minutes(1)};

// Halved for every full hour without a failure.
int failures_left(const Failures& failures, TimePoint now);
// The count and time after one more failure.
Failures one_more(const Failures& failures, TimePoint now);
// How long until the next attempt may be made; zero: now.
std::chrono::milliseconds wait_of(const Failures& failures, const ThrottlePolicy& policy, TimePoint now);

}  // namespace ciclo::administration
