// SQLite as a Connection. WAL; with Durability::power_cut a commit is on the disk before it returns. Internal to
// platform/sql.
//
// Thread safety: none; the library is used in its multi-thread mode, one connection a thread.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "platform/sql/connection.hpp"
#include "platform/sql/statement_cache.hpp"

namespace ciclo::sql {

struct SqliteClose {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct SqliteFinalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

class SqliteConnection final : public Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Role role, Durability durability);

  Result<std::vector<Row>> query(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> begin() override;
  Result<void> control(std::string_view sql) override;
  Result<void> define(std::string_view sql) override;
  bool in_transaction() const override { return sqlite3_get_autocommit(database_.get()) == 0; }
  bool alive() const override { return true; }
  bool last_failure_is_transient() const override { return false; }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, SqliteFinalize>;

  SqliteConnection(std::unique_ptr<sqlite3, SqliteClose> database, std::string path, Role role);
  Result<void> configure(Durability durability);
  Result<sqlite3_stmt*> prepare(std::string_view sql, std::span<const Value> parameters);
  Result<void> bind(sqlite3_stmt* statement, std::span<const Value> parameters);
  Error last_error() const;

  std::unique_ptr<sqlite3, SqliteClose> database_;
  const std::string path_;
  const Role role_;
  StatementCache<Statement> statements_;  // after database_: finalized before it is closed
};

// The Error for one of SQLite's extended result codes. `path` goes into the hint.
Error sqlite_error(int code, std::string_view message, const std::string& path);

}  // namespace ciclo::sql
