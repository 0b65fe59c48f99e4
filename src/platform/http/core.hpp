// Internal to this folder: what the connections of one server share, and one I/O thread of it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "platform/http/asio.hpp"
#include "platform/http/server.hpp"
#include "platform/http/tls.hpp"
#include "platform/http/worker_pool.hpp"

namespace ciclo::http {

class Connection;

struct Core {
  const Router& router;
  Guard* guard;
  ServerSettings settings;
  std::function<void(const Served&)> on_served;
  WorkerPool pool;
  std::unique_ptr<ServerTls> tls;  // null: plain
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> connections = 0;

  void report(std::string_view failure) const {
    if (settings.on_failure) settings.on_failure(failure);
  }
};

// One thread with its io_context. A connection stays on the reactor it was given to. Deadlines are kept without timers
// of their own: a sweep five times a second ends what is overdue.
//
// Thread safety: adopt(), stop_soon() and stop_now() from any thread; what is not said otherwise on its own thread.
class Reactor {
 public:
  explicit Reactor(Core& core);
  ~Reactor();

  void start();
  void adopt(Socket socket);
  void stop_soon();  // ends idle connections; run() returns when the last one is done
  void stop_now();   // closes every connection
  void join();

  asio::io_context& io() { return io_; }
  // On the reactor's thread.
  std::list<Connection*>& connections() { return connections_; }
  std::string_view date() const { return date_; }
  std::string next_request_id();

 private:
  void sweep();
  void schedule();
  void refresh_date();

  Core& core_;
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer_;
  std::list<Connection*> connections_;
  std::string date_;
  std::time_t date_second_ = 0;
  std::uint64_t id_state_[2] = {};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ciclo::http
