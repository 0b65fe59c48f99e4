#include "platform/sql/engine_database.hpp"

#include "platform/sql/migrator.hpp"

namespace ciclo::sql {

namespace {

// The read that this thread is inside of. A read within a read uses the same snapshot: a second connection could wait
// for ever when all of the pool's readers do the same.
struct CurrentRead {
  const Database* database = nullptr;
  Session* session = nullptr;
};
thread_local CurrentRead current_read;

}  // namespace

Result<std::unique_ptr<Connection>> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !idle_.empty() || lent_ < limit_; });
  ++lent_;
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  lock.unlock();
  auto connection = engine_.connect(Role::reader);
  if (!connection) give_back(nullptr);
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (connection != nullptr && connection->alive()) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

EngineDatabase::EngineDatabase(std::unique_ptr<Engine> engine, std::unique_ptr<Connection> writer,
                               const DatabaseSettings& settings)
    : engine_(std::move(engine)),
      readers_(*engine_, settings.reader_connections),
      writer_(*engine_, std::move(writer), settings) {}

Result<std::unique_ptr<Database>> EngineDatabase::open(std::unique_ptr<Engine> engine,
                                                       const DatabaseSettings& settings) {
  CICLO_TRY(auto writer, engine->connect(Role::writer));
  return std::unique_ptr<Database>(new EngineDatabase(std::move(engine), std::move(writer), settings));
}

Result<void> EngineDatabase::migrate(std::span<const Migration> migrations) {
  return writer_.with_connection(
      [&](Connection& connection) { return run_migrations(connection, engine_->dialect(), migrations); });
}

Result<std::unique_ptr<Connection>> EngineDatabase::begin_snapshot() {
  // A pooled connection may have been lost while it lay idle; each of them may, and a new one after them.
  while (true) {
    CICLO_TRY(auto connection, readers_.take());
    auto begun = connection->begin();
    if (begun) return connection;
    const bool lost = !connection->alive();
    readers_.give_back(std::move(connection));
    if (!lost) return std::unexpected<Error>(std::move(begun).error());
  }
}

Result<void> EngineDatabase::run_read(const Closure& closure) {
  if (current_read.database == this) return closure(*current_read.session);
  CICLO_TRY(auto connection, begin_snapshot());
  ConnectionSession session(*connection, engine_->dialect());
  const CurrentRead outer = std::exchange(current_read, CurrentRead{this, &session});
  Result<void> result = session.run(closure);
  current_read = outer;
  if (connection->in_transaction()) {
    const auto ended = connection->control("ROLLBACK");
    if (!ended && result) result = std::unexpected<Error>(ended.error());
  }
  readers_.give_back(std::move(connection));
  return result;
}

Result<void> EngineDatabase::run_write(const Closure& closure) {
  return writer_.write(closure);
}

}  // namespace ciclo::sql
