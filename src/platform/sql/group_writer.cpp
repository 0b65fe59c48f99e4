#include "platform/sql/group_writer.hpp"

#include <algorithm>
#include <utility>

namespace ciclo::sql {

namespace {

thread_local const GroupWriter* writer_of_this_thread = nullptr;

// How often a transaction is repeated after deadlocks and serialization failures.
constexpr int max_attempts = 10;

}  // namespace

GroupWriter::GroupWriter(Engine& engine, std::unique_ptr<Connection> connection, const DatabaseSettings& settings)
    : engine_(engine), connection_(std::move(connection)), settings_(settings), thread_([this] { run(); }) {}

GroupWriter::~GroupWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

Result<void> GroupWriter::write(const Closure& closure) {
  Request request;
  request.closure = &closure;
  return submit(request);
}

Result<void> GroupWriter::with_connection(const std::function<Result<void>(Connection&)>& use) {
  Request request;
  request.use = &use;
  return submit(request);
}

Result<void> GroupWriter::submit(Request& request) {
  if (writer_of_this_thread == this) {
    return fail(ErrorCode::internal, "write() was called from within a write, which would wait for itself for ever");
  }
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return fail(ErrorCode::unavailable, "the database is being closed");
    if (queue_.size() >= settings_.max_queue) {
      return fail(ErrorCode::quota, "too many writes are waiting for the database", "database", "try again later");
    }
    queue_.push_back(&request);
    wake = std::exchange(waiting_, false);
  }
  if (wake) work_.notify_one();
  request.finished.wait(0, std::memory_order_acquire);
  return std::move(request.result);
}

void GroupWriter::run() {
  writer_of_this_thread = this;
  while (true) {
    const std::vector<Request*> group = take_group();
    if (group.empty()) return;
    process(group);
  }
}

std::vector<GroupWriter::Request*> GroupWriter::take_group() {
  std::unique_lock lock(mutex_);
  while (queue_.empty() && !stopping_) {
    waiting_ = true;
    work_.wait(lock);
  }
  waiting_ = false;
  if (queue_.empty()) return {};
  // A request for the bare connection goes alone.
  const auto ends_group = [](const Request* request) { return request->use != nullptr; };
  std::size_t count = std::min(queue_.size(), std::max<std::size_t>(settings_.max_group, 1));
  const auto first = std::find_if(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), ends_group);
  count = std::max<std::size_t>(static_cast<std::size_t>(first - queue_.begin()), 1);
  if (count == queue_.size()) return std::exchange(queue_, {});
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Request*> group(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return group;
}

void GroupWriter::process(std::span<Request* const> group) {
  if (auto connected = ensure_connection(); !connected) {
    settle_all(group, connected.error());
    return;
  }
  if (group.front()->use != nullptr) {
    group.front()->result = (*group.front()->use)(*connection_);
    settle(group);
    return;
  }
  if (attempt(group) == Outcome::settled) {
    settle(group);
    return;
  }
  for (Request* request : group) process_one(*request);
}

void GroupWriter::process_one(Request& request) {
  Request* const alone[] = {&request};
  for (int i = 0; i < max_attempts; ++i) {
    if (auto connected = ensure_connection(); !connected) {
      request.result = std::unexpected<Error>(std::move(connected).error());
      break;
    }
    if (attempt(alone) == Outcome::settled) break;
  }
  if (!request.result) request.after_commit.clear();
  settle(alone);
}

GroupWriter::Outcome GroupWriter::attempt(std::span<Request* const> group) {
  for (Request* request : group) {
    request->result = {};
    request->after_commit.clear();
  }
  if (auto begun = connection_->begin(); !begun) {
    for (Request* request : group) request->result = std::unexpected<Error>(begun.error());
    return connection_->alive() ? Outcome::settled : Outcome::redo;
  }
  for (Request* request : group) {
    if (run_closure(*request, group.size() > 1)) continue;
    // Alone, its own error is the answer unless repeating it may help.
    const bool may_help = !connection_->alive() || connection_->last_failure_is_transient();
    if (connection_->in_transaction()) std::ignore = connection_->control("ROLLBACK");
    return group.size() > 1 || may_help ? Outcome::redo : Outcome::settled;
  }
  return commit(group);
}

bool GroupWriter::run_closure(Request& request, bool in_savepoint) {
  if (in_savepoint && !connection_->control("SAVEPOINT closure")) return false;
  ConnectionSession session(*connection_, engine_.dialect());
  request.result = session.run(*request.closure);
  if (!connection_->alive() || !connection_->in_transaction()) {
    if (request.result) request.result = fail(ErrorCode::unavailable, "the database ended the transaction");
    return false;
  }
  if (request.result) {
    request.after_commit = session.take_after_commit();
    return !in_savepoint || connection_->control("RELEASE SAVEPOINT closure").has_value();
  }
  if (session.statement_failed() && connection_->last_failure_is_transient()) return false;
  if (!in_savepoint) return connection_->control("ROLLBACK").has_value();
  return connection_->control("ROLLBACK TO SAVEPOINT closure").has_value() &&
         connection_->control("RELEASE SAVEPOINT closure").has_value();
}

GroupWriter::Outcome GroupWriter::commit(std::span<Request* const> group) {
  if (!connection_->in_transaction()) return Outcome::settled;  // a lone closure that failed and was undone
  auto committed = connection_->control("COMMIT");
  if (committed) return Outcome::settled;
  const bool alive = connection_->alive();
  const bool transient = connection_->last_failure_is_transient();
  if (alive && connection_->in_transaction()) std::ignore = connection_->control("ROLLBACK");
  if (alive && (group.size() > 1 || transient)) {
    for (Request* request : group) request->result = std::unexpected<Error>(committed.error());
    return Outcome::redo;
  }
  Error error = committed.error();
  // Repeating could do it twice: nobody knows whether the server got as far as keeping it.
  if (!alive) error.add_context("lost the database while committing, so the change may or may not have been kept");
  for (Request* request : group) {
    if (request->result) request->result = std::unexpected<Error>(error);
    request->after_commit.clear();
  }
  return Outcome::settled;
}

Result<void> GroupWriter::ensure_connection() {
  if (connection_ != nullptr && connection_->alive()) return {};
  connection_.reset();
  CICLO_TRY(connection_, engine_.connect(Role::writer));
  return {};
}

void GroupWriter::settle(std::span<Request* const> group) {
  for (Request* request : group) {
    for (const auto& done : request->after_commit) done();
  }
  for (Request* request : group) {
    // From the store on the request may be gone; notify_one uses no more than its address.
    auto& finished = request->finished;
    finished.store(1, std::memory_order_release);
    finished.notify_one();
  }
}

void GroupWriter::settle_all(std::span<Request* const> group, const Error& error) {
  for (Request* request : group) request->result = std::unexpected<Error>(error);
  settle(group);
}

}  // namespace ciclo::sql
