#include "platform/http/worker_pool.hpp"

#include <algorithm>
#include <system_error>

namespace ciclo::http {

WorkerPool::WorkerPool(int max_threads, std::size_t max_waiting)
    : max_threads_(static_cast<std::size_t>(std::max(max_threads, 1))), max_waiting_(max_waiting) {}

WorkerPool::~WorkerPool() {
  stop();
}

bool WorkerPool::submit(Task task) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() >= max_waiting_ + idle_ + (max_threads_ - threads_.size())) return false;
  if (waiting_.size() >= idle_ && threads_.size() < max_threads_) {
    try {
      threads_.emplace_back([this] { work(); });
      ++idle_;  // counted from here on, or a burst would start a thread for each task
    } catch (const std::system_error&) {
      // No thread to be had now: those there are will come to it; without any, the caller must say no.
      if (threads_.empty()) return false;
    }
  }
  waiting_.push_back(std::move(task));
  wake_.notify_one();
  return true;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds is let go without the lock
    lock.lock();
    ++idle_;
  }
}

void WorkerPool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace ciclo::http
