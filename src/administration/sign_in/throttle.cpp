#include "administration/sign_in/throttle.hpp"

#include <algorithm>

namespace ciclo::administration {

using std::chrono::milliseconds;

int failures_left(const Failures& failures, TimePoint now) {
  const auto hours = std::chrono::floor<std::chrono::hours>(now - failures.last).count();
  if (hours <= 0) return failures.count;
  return hours >= 31 ? 0 : failures.count >> hours;
}

Failures one_more(const Failures& failures, TimePoint now) {
  return {.count = failures_left(failures, now) + 1, .last = now};
}

milliseconds wait_of(const Failures& failures, const ThrottlePolicy& policy, TimePoint now) {
  const int over = failures_left(failures, now) - policy.free;
  if (over < 0) return milliseconds(0);
  milliseconds delay = policy.first;
  for (int i = 0; i < over && delay < policy.longest; ++i) delay *= 2;
  delay = std::min(delay, policy.longest);
  // The clock was set back: nobody waits for it to catch up.
  if (now < failures.last) return milliseconds(0);
  return std::max(milliseconds(0), delay - (now - failures.last));
}

}  // namespace ciclo::administration
