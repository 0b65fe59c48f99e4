// Internal to this folder: threads for handlers that may block. Threads start when there is work for them, up to the
// maximum, so that a server at rest holds few.
//
// Thread safety: submit() from any thread; stop() once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ciclo::http {

class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  WorkerPool(int max_threads, std::size_t max_waiting);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full. `task` must not throw.
  [[nodiscard]] bool submit(Task task);
  // Runs what is queued, then ends the threads.
  void stop();

 private:
  void work();

  const std::size_t max_threads_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace ciclo::http
