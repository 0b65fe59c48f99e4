// One connection to an engine: what SQLite and PostgreSQL must offer so that everything above them (sessions, group
// commit, snapshots, migrations) is written once. Internal to platform/sql.
//
// Thread safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::sql {

class Connection {
 public:
  virtual ~Connection() = default;

  virtual Result<std::vector<Row>> query(std::string_view sql, std::span<const Value> parameters) = 0;
  virtual Result<void> scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) = 0;
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Value> parameters) = 0;

  // A transaction of this connection's role: a writer's takes the write lock at once, a reader's is a read-only
  // snapshot.
  virtual Result<void> begin() = 0;
  // A statement of transaction control (COMMIT, ROLLBACK, SAVEPOINT …): a constant text.
  virtual Result<void> control(std::string_view sql) = 0;
  // One statement of schema change. Prepared statements may be forgotten.
  virtual Result<void> define(std::string_view sql) = 0;

  // False when there is no transaction, also when the engine ended it by itself (disk full, lost connection).
  virtual bool in_transaction() const = 0;
  // False when the connection is lost for good: make a new one.
  virtual bool alive() const = 0;
  // The last failure was a deadlock, a serialization failure or the like: the same transaction may succeed when
  // repeated.
  virtual bool last_failure_is_transient() const = 0;
};

enum class Role : std::uint8_t { writer, reader };

// Makes connections. Used from several threads.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Result<std::unique_ptr<Connection>> connect(Role role) = 0;
  virtual Dialect dialect() const = 0;
};

// `path` is a file; it is created with mode 0600. Holds a lock beside it (<path>.lock) until destroyed, so that no two
// servers ever use one file; fails with conflict when another process holds it.
Result<std::unique_ptr<Engine>> open_sqlite(const std::string& path, Durability durability);
// `url` is a libpq connection URI. Connects on first use.
Result<std::unique_ptr<Engine>> open_postgresql(const std::string& url);

// The session handed to closures. After a statement failed, every further one gives the same error: PostgreSQL works
// so, and the two engines must not differ.
class ConnectionSession final : public Session {
 public:
  ConnectionSession(Connection& connection, Dialect dialect) : connection_(connection), dialect_(dialect) {}

  Result<std::vector<Row>> query(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Value> parameters) override;
  Dialect dialect() const override { return dialect_; }
  void after_commit(std::function<void()> done) override { after_commit_.push_back(std::move(done)); }

  // Runs a closure; what it throws, and a statement's failure that it swallowed, become its Error.
  Result<void> run(const std::function<Result<void>(Session&)>& closure);
  bool statement_failed() const { return failed_.has_value(); }
  std::vector<std::function<void()>> take_after_commit() { return std::move(after_commit_); }

 private:
  Connection& connection_;
  const Dialect dialect_;
  std::optional<Error> failed_;
  std::vector<std::function<void()>> after_commit_;
};

}  // namespace ciclo::sql
