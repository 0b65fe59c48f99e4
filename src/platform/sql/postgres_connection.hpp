// PostgreSQL as a Connection, over libpq. Internal to platform/sql.
//
// Parameters are sent as BIGINT, DOUBLE PRECISION, TEXT or BYTEA after the Value's type; a null has no type and takes
// the one of its place, so a null where the statement gives no type needs a cast (`CAST(? AS BIGINT) IS NULL`).
//
// Thread safety: none.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/sql/connection.hpp"
#include "platform/sql/statement_cache.hpp"

namespace ciclo::sql {

struct PostgresClose {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct PostgresClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, PostgresClear>;

class PostgresConnection final : public Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& url, Role role);

  Result<std::vector<Row>> query(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> begin() override;
  Result<void> control(std::string_view sql) override;
  Result<void> define(std::string_view sql) override;
  bool in_transaction() const override;
  bool alive() const override { return !lost_ && PQstatus(connection_.get()) == CONNECTION_OK; }
  bool last_failure_is_transient() const override { return transient_; }

 private:
  // A statement the server has prepared. When dropped from the cache its name is put on a list: the server can only be
  // told between statements.
  class Prepared {
   public:
    Prepared(std::string name, std::vector<std::string>& dropped) : name_(std::move(name)), dropped_(&dropped) {}
    ~Prepared() {
      if (!name_.empty()) dropped_->push_back(std::move(name_));
    }
    Prepared(Prepared&& other) noexcept : name_(std::exchange(other.name_, {})), dropped_(other.dropped_) {}
    Prepared& operator=(Prepared&& other) noexcept {
      std::swap(name_, other.name_);
      std::swap(dropped_, other.dropped_);
      return *this;
    }
    const std::string& name() const { return name_; }

   private:
    std::string name_;
    std::vector<std::string>* dropped_;
  };

  PostgresConnection(std::unique_ptr<PGconn, PostgresClose> connection, Role role);
  Result<PostgresResult> run(std::string_view sql, std::span<const Value> parameters);
  Result<PostgresResult> run_simple(std::string_view sql);
  Result<std::string> prepare(std::string_view sql, std::span<const Value> parameters);
  // The result when it is a success, or its Error. `result` may be null.
  Result<PostgresResult> check(PGresult* result);

  std::unique_ptr<PGconn, PostgresClose> connection_;
  const Role role_;
  bool lost_ = false;
  bool transient_ = false;
  std::uint64_t prepared_count_ = 0;
  std::vector<std::string> dropped_;
  StatementCache<Prepared> statements_;  // after dropped_, which its entries use
};

// What a failure with this SQLSTATE means. `sqlstate` is empty when the connection broke.
Error postgres_error(std::string_view sqlstate, std::string_view message);
// True when the server has ended, or is about to end, the connection.
bool ends_connection(std::string_view sqlstate);
// True when the same transaction may succeed when repeated.
bool is_transient(std::string_view sqlstate);

// A column's text form by its type's number (OID).
Value postgres_value(Oid type, std::string_view text);

}  // namespace ciclo::sql
