#include "platform/sql/sqlite_connection.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "platform/sql/pattern.hpp"

namespace ciclo::sql {

namespace {

constexpr std::size_t statement_cache_size = 128;
// Another process may hold the write lock for a moment (a backup tool).
constexpr int busy_timeout_ms = 5000;

// Resets a statement when its use ends, so that it holds neither a lock nor the caller's bytes.
class StatementUse {
 public:
  explicit StatementUse(sqlite3_stmt* statement) : statement_(statement) {}
  ~StatementUse() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

 private:
  sqlite3_stmt* statement_;
};

// Binds without a copy: the caller's values outlive the statement's run.
struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& value) const {
    return sqlite3_bind_text64(statement, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(const Blob& value) const {
    // A null pointer would bind NULL.
    const char* bytes = value.bytes.empty() ? "" : value.bytes.data();
    return sqlite3_bind_blob64(statement, index, bytes, value.bytes.size(), SQLITE_STATIC);
  }
};

std::string column_bytes(sqlite3_stmt* statement, int column) {
  const void* bytes = sqlite3_column_blob(statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Value column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return {static_cast<std::int64_t>(sqlite3_column_int64(statement, column))};
    case SQLITE_FLOAT: return {sqlite3_column_double(statement, column)};
    case SQLITE_TEXT: return {column_bytes(statement, column)};
    case SQLITE_BLOB: return {Blob{column_bytes(statement, column)}};
    default: return {};
  }
}

Row current_row(sqlite3_stmt* statement) {
  const int count = sqlite3_column_count(statement);
  std::vector<Value> columns;
  columns.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) columns.push_back(column_value(statement, i));
  return Row(std::move(columns));
}

class SqliteRowView final : public RowView {
 public:
  explicit SqliteRowView(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(std::size_t column) const override {
    return sqlite3_column_int64(statement_, static_cast<int>(column));
  }
  double real(std::size_t column) const override { return sqlite3_column_double(statement_, static_cast<int>(column)); }
  std::string_view text(std::size_t column) const override {
    const auto* bytes = sqlite3_column_text(statement_, static_cast<int>(column));
    if (bytes == nullptr) return {};
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, static_cast<int>(column)));
    return {reinterpret_cast<const char*>(bytes), size};  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

SqliteConnection::SqliteConnection(std::unique_ptr<sqlite3, SqliteClose> database, std::string path, Role role)
    : database_(std::move(database)), path_(std::move(path)), role_(role), statements_(statement_cache_size) {}

Result<std::unique_ptr<Connection>> SqliteConnection::open(const std::string& path, Role role, Durability durability) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<sqlite3, SqliteClose> database(raw);
  if (code != SQLITE_OK) {
    return std::unexpected<Error>(
        sqlite_error(code, raw == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(raw), path));
  }
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(database), path, role));
  if (auto configured = connection->configure(durability); !configured) {
    configured.error().add_context(fmt::format("cannot open the database {}", path));
    return std::unexpected<Error>(std::move(configured).error());
  }
  return connection;
}

Result<void> SqliteConnection::configure(Durability durability) {
  sqlite3_busy_timeout(database_.get(), busy_timeout_ms);
  // A typing error in a column's name must not pass as a string; a statement must not be able to damage the file.
  for (const int option : {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL}) {
    sqlite3_db_config(database_.get(), option, 0, nullptr);
  }
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Cache sizes are in KiB when negative; they are filled only as pages are read.
  const std::array<std::string_view, 7> writer = {
      "PRAGMA journal_mode=WAL",
      durability == Durability::power_cut ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
      "PRAGMA foreign_keys=ON",
      "PRAGMA temp_store=MEMORY",
      "PRAGMA cache_size=-8192",
      "PRAGMA wal_autocheckpoint=2000",
      "PRAGMA journal_size_limit=67108864"};
  static constexpr std::array<std::string_view, 3> reader = {"PRAGMA query_only=ON", "PRAGMA temp_store=MEMORY",
                                                             "PRAGMA cache_size=-4096"};
  const std::span<const std::string_view> pragmas =
      role_ == Role::writer ? std::span<const std::string_view>(writer) : std::span<const std::string_view>(reader);
  for (const std::string_view pragma : pragmas) CICLO_CHECK(define(pragma));
  add_pattern_function(database_.get());
  return {};
}

Error SqliteConnection::last_error() const {
  return sqlite_error(sqlite3_extended_errcode(database_.get()), sqlite3_errmsg(database_.get()), path_);
}

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view sql, std::span<const Value> parameters) {
  sqlite3_stmt* statement = nullptr;
  if (auto* known = statements_.find(sql); known != nullptr) {
    statement = known->get();
  } else {
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, &rest);
    if (code != SQLITE_OK) return std::unexpected<Error>(last_error());
    Statement owned(statement);
    const std::string_view left(rest, static_cast<std::size_t>(sql.data() + sql.size() - rest));
    if (statement == nullptr || left.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
      return fail(ErrorCode::internal, "a call takes exactly one SQL statement");
    }
    statements_.add(sql, std::move(owned));
  }
  CICLO_CHECK(bind(statement, parameters));
  return statement;
}

Result<void> SqliteConnection::bind(sqlite3_stmt* statement, std::span<const Value> parameters) {
  const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
  if (expected != parameters.size()) {
    return fail(ErrorCode::internal,
                fmt::format("the SQL statement has {} parameters but {} were given", expected, parameters.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int code = std::visit(Binder{statement, static_cast<int>(i + 1)}, parameters[i].storage());
    if (code != SQLITE_OK) return std::unexpected<Error>(last_error());
  }
  return {};
}

Result<std::vector<Row>> SqliteConnection::query(std::string_view sql, std::span<const Value> parameters) {
  CICLO_TRY(sqlite3_stmt* const statement, prepare(sql, parameters));
  const StatementUse use(statement);
  std::vector<Row> rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(current_row(statement));
  if (code != SQLITE_DONE) return std::unexpected<Error>(last_error());
  return rows;
}

Result<void> SqliteConnection::scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) {
  CICLO_TRY(sqlite3_stmt* const statement, prepare(sql, parameters));
  const StatementUse use(statement);
  const SqliteRowView row(statement);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!take(row)) return {};
  }
  if (code != SQLITE_DONE) return std::unexpected<Error>(last_error());
  return {};
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql, std::span<const Value> parameters) {
  CICLO_TRY(sqlite3_stmt* const statement, prepare(sql, parameters));
  const StatementUse use(statement);
  const sqlite3_int64 before = sqlite3_total_changes64(database_.get());
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) return std::unexpected<Error>(last_error());
  // sqlite3_changes64 keeps its old value when a statement changes nothing of its own (DDL, SELECT).
  if (sqlite3_total_changes64(database_.get()) == before) return 0;
  return static_cast<std::int64_t>(sqlite3_changes64(database_.get()));
}

Result<void> SqliteConnection::begin() {
  return control(role_ == Role::writer ? std::string_view("BEGIN IMMEDIATE") : std::string_view("BEGIN"));
}

Result<void> SqliteConnection::control(std::string_view sql) {
  auto done = execute(sql, {});
  if (!done) return std::unexpected<Error>(std::move(done).error());
  return {};
}

Result<void> SqliteConnection::define(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected<Error>(last_error());
  }
  return {};
}

}  // namespace ciclo::sql
