// Group commit: one thread, one connection, one transaction for all closures that wait. Internal to platform/sql.
//
// A transaction costs one wait for the disk, whatever it holds; so the more callers there are, the cheaper each is, and
// a lone caller waits for nobody.
//
// Thread safety: write() and with_connection() from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "platform/sql/connection.hpp"

namespace ciclo::sql {

class GroupWriter {
 public:
  using Closure = std::function<Result<void>(Session&)>;

  GroupWriter(Engine& engine, std::unique_ptr<Connection> connection, const DatabaseSettings& settings);
  // Finishes what waits, then ends.
  ~GroupWriter();

  Result<void> write(const Closure& closure);
  // Runs `use` on the writer's thread and connection, outside of any transaction, between two groups.
  Result<void> with_connection(const std::function<Result<void>(Connection&)>& use);

 private:
  // On the waiting caller's stack.
  struct Request {
    const Closure* closure = nullptr;
    const std::function<Result<void>(Connection&)>* use = nullptr;
    Result<void> result;
    std::vector<std::function<void()>> after_commit;
    std::atomic<int> finished = 0;
  };
  enum class Outcome : std::uint8_t {
    settled,  // every request has its final result
    redo,     // nothing was kept; the requests may be repeated
  };

  Result<void> submit(Request& request);
  void run();
  std::vector<Request*> take_group();
  void process(std::span<Request* const> group);
  void process_one(Request& request);
  Outcome attempt(std::span<Request* const> group);
  Outcome commit(std::span<Request* const> group);
  // False when the transaction is gone and with it what was done before.
  bool run_closure(Request& request, bool in_savepoint);
  Result<void> ensure_connection();
  static void settle(std::span<Request* const> group);
  static void settle_all(std::span<Request* const> group, const Error& error);

  Engine& engine_;
  std::unique_ptr<Connection> connection_;
  const DatabaseSettings settings_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Request*> queue_;
  bool waiting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ciclo::sql
