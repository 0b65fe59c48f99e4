// Copies of requests for a mirror deployment, answered by one thread off the request's path. When it falls behind,
// copies are dropped: a shadow never slows the traffic it shadows.
//
// Thread safety: offer() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ciclo::scoring {

class ShadowRunner {
 public:
  using Task = std::move_only_function<void()>;

  ShadowRunner() : thread_([this] { run(); }) {}
  // Drops what waits and lets the running copy finish.
  ~ShadowRunner();
  ShadowRunner(const ShadowRunner&) = delete;
  ShadowRunner& operator=(const ShadowRunner&) = delete;

  // False when it was dropped.
  bool offer(Task task);
  // Returns once everything offered before was answered.
  void drain();

 private:
  void run();

  static constexpr std::size_t max_waiting = 256;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Task> waiting_;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ciclo::scoring
