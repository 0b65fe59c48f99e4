// How many requests a deployment works on at once. Twice `running` may be in flight; what comes beyond is refused at
// once, and what waits longer than `queue_wait` is refused then (Azure ML's rule).
//
// Thread safety: safe from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"

namespace ciclo::scoring {

class Admission {
 public:
  // `running` 0: no limit, and no lock.
  Admission(int running, std::chrono::milliseconds queue_wait) : limit_(running), queue_wait_(queue_wait) {}

  // Holds a place until it is destroyed.
  class Permit {
   public:
    explicit Permit(Admission* owner) : owner_(owner) {}
    Permit(Permit&& other) noexcept : owner_(other.owner_) { other.owner_ = nullptr; }
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (owner_) owner_->leave();
    }

   private:
    Admission* owner_;
  };

  // Fails with quota. Waits at most until `deadline`.
  Result<Permit> enter(std::chrono::steady_clock::time_point deadline);
  bool is_limited() const { return limit_ > 0; }
  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  void leave();

  const int limit_;
  const std::chrono::milliseconds queue_wait_;
  std::atomic<int> in_flight_{0};  // running and waiting
  std::mutex mutex_;
  std::condition_variable freed_;
  int running_ = 0;
};

}  // namespace ciclo::scoring
