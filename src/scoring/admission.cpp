#include "scoring/admission.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::scoring {

Result<Admission::Permit> Admission::enter(std::chrono::steady_clock::time_point deadline) {
  const auto flying = in_flight_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (limit_ == 0) return Permit(this);
  std::unique_lock lock(mutex_);
  const auto until = std::min(deadline, std::chrono::steady_clock::now() + queue_wait_);
  if (flying > 2 * limit_ || !freed_.wait_until(lock, until, [&] { return running_ < limit_; })) {
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    return fail(ErrorCode::quota, fmt::format("the deployment is busy with {} requests", limit_), {},
                "try again, or give it more instances");
  }
  ++running_;
  return Permit(this);
}

void Admission::leave() {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  if (limit_ == 0) return;
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  freed_.notify_one();
}

}  // namespace ciclo::scoring
