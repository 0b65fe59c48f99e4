// SQL over SQLite or PostgreSQL, behind one interface.
//
// Statements use `?` for parameters (PostgreSQL's are renumbered) and the common subset of both dialects:
// BIGINT, DOUBLE PRECISION, TEXT, and {{blob}} / {{auto_id}} in migrations for the types that differ, {{clustered}}
// after a table's `)`; INSERT … ON CONFLICT … DO UPDATE, RETURNING, keyset paging by row values. No statement text ever
// contains a value from outside.
//
// Writes are group-committed: the closures of all waiting callers run one after another in one transaction, each in a
// savepoint of its own, and every caller returns only after that transaction is durable. So a closure
//  - sees the effects of those before it, and can never run beside another (no write-write races in this process);
//  - must not block on anything but this session, nor call write() (it would wait for itself);
//  - is undone alone when it returns an Error, without touching its neighbours;
//  - may run a second time if the group's commit failed and was retried one by one: no effects outside the session.
//
// After a statement failed, every further one of that session gives the same error, and so does the closure whatever it
// returns (PostgreSQL works so, and SQLite is held to it). To insert what may be there already, write ON CONFLICT DO
// NOTHING and look at the number of rows changed, rather than handling already_exists within the closure.
//
// Reads run beside writes on a snapshot of their own and see every write acknowledged before they began.
//
// The engines differ in what the common subset leaves open: SQLite stores NaN as NULL; text sorts by bytes there and by
// the database's collation in PostgreSQL (create it with the locale C); a PostgreSQL parameter must have its column's
// type, and a null needs a cast where the statement gives it no type (CAST(? AS BIGINT) IS NULL).
//
// Errors: not unique → already_exists; foreign key or check → conflict; busy, lost connection → unavailable;
// disk full, read-only, corrupt → internal with what to do in the hint.
//
// Thread safety: Database may be used from any thread. A Session belongs to the closure it was handed to.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace ciclo::sql {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// A parameter or a column's value. The converting constructors let calls read `session.execute("…", {name, 3,
// nullptr})`.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                                        // NOLINT(google-explicit-constructor)
  Value(std::int64_t v) : value_(v) {}                            // NOLINT
  Value(int v) : value_(static_cast<std::int64_t>(v)) {}          // NOLINT
  Value(std::size_t v) : value_(static_cast<std::int64_t>(v)) {}  // NOLINT
  Value(bool v) : value_(static_cast<std::int64_t>(v)) {}         // NOLINT
  Value(double v) : value_(v) {}                                  // NOLINT
  Value(std::string v) : value_(std::move(v)) {}                  // NOLINT
  Value(std::string_view v) : value_(std::string(v)) {}           // NOLINT
  Value(const char* v) : value_(std::string(v)) {}                // NOLINT
  Value(Blob v) : value_(std::move(v)) {}                         // NOLINT
  template <class T>
  Value(const std::optional<T>& v) {  // NOLINT
    if (v) *this = Value(*v);
  }

  using Storage = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;
  const Storage& storage() const { return value_; }
  bool operator==(const Value&) const = default;

 private:
  Storage value_;
};

// One row of an answer. Columns count from 0. Reading a NULL gives 0, 0.0 or "".
class Row {
 public:
  explicit Row(std::vector<Value> columns) : columns_(std::move(columns)) {}
  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const std::string& blob(std::size_t column) const;
  std::optional<std::string> optional_text(std::size_t column) const;
  std::optional<std::int64_t> optional_integer(std::size_t column) const;

 private:
  std::vector<Value> columns_;
};

// The current row of a scan. Valid, with the texts it gives, only within the call that was handed it. Columns count
// from 0. Reading a NULL gives 0, 0.0 or "".
class RowView {
 public:
  virtual ~RowView() = default;
  virtual std::int64_t integer(std::size_t column) const = 0;
  virtual double real(std::size_t column) const = 0;
  virtual std::string_view text(std::size_t column) const = 0;
};
// False ends the scan. Must not use the session.
using TakeRow = std::function<bool(const RowView&)>;

enum class Dialect : std::uint8_t { sqlite, postgresql };

class Session {
 public:
  virtual ~Session() = default;
  // All rows of a statement that returns rows.
  virtual Result<std::vector<Row>> query(std::string_view sql, std::span<const Value> parameters) = 0;
  // The same rows handed to `take` one by one, none of them kept: for answers of many narrow rows. SQLite makes each
  // row as it is asked for; PostgreSQL has sent them all, so bound the answer with LIMIT where `take` may end it early.
  virtual Result<void> scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) = 0;
  // Runs a statement; the number of rows it changed.
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Value> parameters) = 0;
  virtual Dialect dialect() const = 0;
  // Runs `done` on the writer's thread after the transaction is durable, in the order they were asked for. Not called
  // when the closure fails. Must be quick and must not call write().
  virtual void after_commit(std::function<void()> done) = 0;

  Result<std::vector<Row>> query(std::string_view sql, std::initializer_list<Value> parameters = {}) {
    return query(sql, std::span<const Value>(parameters.begin(), parameters.size()));
  }
  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> parameters = {}) {
    return execute(sql, std::span<const Value>(parameters.begin(), parameters.size()));
  }
  // The first row, if there is one.
  Result<std::optional<Row>> query_one(std::string_view sql, std::initializer_list<Value> parameters = {});
};

// One step of the schema of one module, applied once, in order of `version` within `module`. Statements are separated
// by `;` at a line's end. A step that has landed is never edited.
struct Migration {
  std::string_view module;
  int version = 0;
  std::string_view statements;
};

// What an acknowledged write survives. `power_cut`: the machine's sudden end as well as the process's. `process_crash`:
// kill -9 of the process, but the last moments before a power cut may be missing (the database is whole all the same);
// for SQLite alone, where it saves the disk's answer to each commit. PostgreSQL always does as `power_cut` says.
enum class Durability : std::uint8_t { power_cut, process_crash };

struct DatabaseSettings {
  std::size_t reader_connections = 4;
  // Closures taken into one transaction at most.
  std::size_t max_group = 256;
  // Writes waiting beyond this are answered with ErrorCode::quota.
  std::size_t max_queue = 16384;
  Durability durability = Durability::power_cut;
};

class Database {
 public:
  virtual ~Database() = default;

  // "sqlite:/path/to/file" or "postgresql://user@host:port/name". Creates the SQLite file with mode 0600.
  static Result<std::unique_ptr<Database>> open(const std::string& url, const DatabaseSettings& settings = {});

  // Brings the schema up to date in one transaction. Fails with conflict when the database is of a newer version.
  virtual Result<void> migrate(std::span<const Migration> migrations) = 0;
  virtual Dialect dialect() const = 0;

  // const auto count = db.read([&](Session& s) -> Result<int> { … });
  template <class Body>
  auto read(Body&& body) -> std::invoke_result_t<Body, Session&> {
    return run_typed(std::forward<Body>(body), [this](const Closure& closure) { return run_read(closure); });
  }
  // Returns after the effects are durable. See the head of this file for what `body` may do.
  template <class Body>
  auto write(Body&& body) -> std::invoke_result_t<Body, Session&> {
    return run_typed(std::forward<Body>(body), [this](const Closure& closure) { return run_write(closure); });
  }

 protected:
  using Closure = std::function<Result<void>(Session&)>;
  virtual Result<void> run_read(const Closure& closure) = 0;
  virtual Result<void> run_write(const Closure& closure) = 0;

 private:
  template <class Body, class Run>
  static auto run_typed(Body&& body, Run&& run) -> std::invoke_result_t<Body, Session&> {
    using Answer = std::invoke_result_t<Body, Session&>;
    std::optional<Answer> answer;
    Result<void> ran = run([&](Session& session) -> Result<void> {
      answer.emplace(body(session));
      if (!*answer) return std::unexpected<Error>(answer->error());
      return {};
    });
    if (!ran) return std::unexpected<Error>(std::move(ran).error());
    return std::move(*answer);
  }
};

}  // namespace ciclo::sql
