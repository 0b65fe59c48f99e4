#include "platform/sql/postgres_connection.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "platform/sql/parameters.hpp"
#include "platform/sql/postgres_types.hpp"

namespace ciclo::sql {

namespace {

constexpr std::size_t statement_cache_size = 128;

// One statement's parameters as libpq takes them. The texts of strings and blobs are the caller's own.
class ParameterArrays {
 public:
  explicit ParameterArrays(std::span<const Value> parameters) {
    const std::size_t count = parameters.size();
    numbers_.reserve(count);  // `values_` points into it
    values_.reserve(count);
    lengths_.reserve(count);
    formats_.reserve(count);
    for (const Value& parameter : parameters)
      std::visit([this](const auto& value) { add(value); }, parameter.storage());
  }

  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  int count() const { return static_cast<int>(values_.size()); }

 private:
  static constexpr int text_format = 0;
  static constexpr int binary_format = 1;

  void add(std::monostate) { add(nullptr, 0, text_format); }
  void add(std::int64_t value) { add_number(std::to_string(value)); }
  void add(double value) { add_number(fmt::format("{}", value)); }
  // The binary form of TEXT is its bytes; unlike the text form it has a length and so takes any text without a copy.
  void add(const std::string& value) { add(value.c_str(), value.size(), binary_format); }
  void add(const Blob& value) { add(value.bytes.c_str(), value.bytes.size(), binary_format); }
  void add_number(std::string text) {
    numbers_.push_back(std::move(text));
    add(numbers_.back().c_str(), numbers_.back().size(), text_format);
  }
  void add(const char* bytes, std::size_t size, int format) {
    values_.push_back(bytes);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(format);
  }

  std::vector<std::string> numbers_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

constexpr std::array<Oid, 5> parameter_types = {postgres_type::unknown, postgres_type::int8, postgres_type::float8,
                                                postgres_type::text, postgres_type::bytea};

Oid type_of(const Value& value) {
  return parameter_types.at(value.storage().index());
}

// The server's plan depends on the parameters' types as well as on the text.
std::string cache_key(std::string_view sql, std::span<const Value> parameters) {
  std::string key(sql);
  key += '\0';
  for (const Value& parameter : parameters) key += static_cast<char>('0' + parameter.storage().index());
  return key;
}

Row row_of(const PGresult* result, int row) {
  const int count = PQnfields(result);
  std::vector<Value> columns;
  columns.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    if (PQgetisnull(result, row, i) != 0) {
      columns.emplace_back();
      continue;
    }
    const auto size = static_cast<std::size_t>(PQgetlength(result, row, i));
    columns.push_back(postgres_value(PQftype(result, i), std::string_view(PQgetvalue(result, row, i), size)));
  }
  return Row(std::move(columns));
}

class PostgresRowView final : public RowView {
 public:
  explicit PostgresRowView(const PGresult* result) : result_(result) {}
  void move_to(int row) { row_ = row; }
  // The server's text of a number is well formed; a boolean is "t" or "f".
  std::int64_t integer(std::size_t column) const override {
    const std::string_view value = text(column);
    if (value == "t") return 1;
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  double real(std::size_t column) const override {
    const std::string_view value = text(column);
    double number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  std::string_view text(std::size_t column) const override {
    const int at = static_cast<int>(column);
    return {PQgetvalue(result_, row_, at), static_cast<std::size_t>(PQgetlength(result_, row_, at))};
  }

 private:
  const PGresult* result_;
  int row_ = 0;
};

}  // namespace

PostgresConnection::PostgresConnection(std::unique_ptr<PGconn, PostgresClose> connection, Role role)
    : connection_(std::move(connection)), role_(role), statements_(statement_cache_size) {}

Result<std::unique_ptr<Connection>> PostgresConnection::open(const std::string& url, Role role) {
  // Those before dbname can be overridden by the URL. The time-outs bound the wait for a server that vanished.
  const std::array<const char*, 8> keywords = {
      "connect_timeout", "application_name", "keepalives_idle", "tcp_user_timeout",
      "dbname",          "client_encoding",  "options",         nullptr};
  const std::array<const char*, 8> values = {"10", "ciclo", "30", "30000", url.c_str(), "UTF8", nullptr, nullptr};
  std::unique_ptr<PGconn, PostgresClose> raw(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (raw == nullptr) return fail(ErrorCode::internal, "the machine is out of memory");
  PQsetNoticeProcessor(
      raw.get(), [](void*, const char*) {}, nullptr);
  if (PQstatus(raw.get()) != CONNECTION_OK) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot connect to PostgreSQL: {}", trim(PQerrorMessage(raw.get()))), "database",
                "check that the server runs and that the database's URL, user and password are right");
  }
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(std::move(raw), role));
  // An acknowledged write must survive a crash of the server, also where its configuration trades that for speed.
  CICLO_CHECK(
      connection->define("SELECT set_config('synchronous_commit', 'on', false) "
                         "WHERE current_setting('synchronous_commit') = 'off'"));
  return connection;
}

Result<PostgresResult> PostgresConnection::check(PGresult* raw) {
  PostgresResult result(raw);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const std::string_view sqlstate = state == nullptr ? "" : state;
  transient_ = is_transient(sqlstate);
  if (ends_connection(sqlstate) || PQstatus(connection_.get()) != CONNECTION_OK) lost_ = true;
  // Only the primary message: the detail repeats values, which may be secret.
  const char* primary = result == nullptr ? nullptr : PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view message = trim(primary == nullptr ? PQerrorMessage(connection_.get()) : primary);
  return std::unexpected<Error>(postgres_error(lost_ ? std::string_view() : sqlstate, message));
}

Result<PostgresResult> PostgresConnection::run_simple(std::string_view sql) {
  transient_ = false;
  const std::string text(sql);
  return check(PQexec(connection_.get(), text.c_str()));
}

Result<std::string> PostgresConnection::prepare(std::string_view sql, std::span<const Value> parameters) {
  const std::string key = cache_key(sql, parameters);
  if (const auto* known = statements_.find(key); known != nullptr) return known->name();
  for (const std::string& name : std::exchange(dropped_, {})) CICLO_CHECK(define("DEALLOCATE " + name));
  const NumberedSql numbered = number_parameters(sql);
  if (numbered.parameters != parameters.size()) {
    return fail(ErrorCode::internal, fmt::format("the SQL statement has {} parameters but {} were given",
                                                 numbered.parameters, parameters.size()));
  }
  std::vector<Oid> types;
  types.reserve(parameters.size());
  for (const Value& parameter : parameters) types.push_back(type_of(parameter));
  std::string name = fmt::format("ciclo_{}", ++prepared_count_);
  CICLO_TRY(std::ignore, check(PQprepare(connection_.get(), name.c_str(), numbered.text.c_str(),
                                         static_cast<int>(types.size()), types.data())));
  statements_.add(key, Prepared(name, dropped_));
  return name;
}

Result<PostgresResult> PostgresConnection::run(std::string_view sql, std::span<const Value> parameters) {
  transient_ = false;
  CICLO_TRY(const std::string name, prepare(sql, parameters));
  const ParameterArrays arrays(parameters);
  auto result = check(PQexecPrepared(connection_.get(), name.c_str(), arrays.count(), arrays.values(), arrays.lengths(),
                                     arrays.formats(), 0));
  // A plan may be outdated by a change of the schema; the next use makes a new one.
  if (!result) statements_.remove(cache_key(sql, parameters));
  return result;
}

Result<std::vector<Row>> PostgresConnection::query(std::string_view sql, std::span<const Value> parameters) {
  CICLO_TRY(const PostgresResult result, run(sql, parameters));
  std::vector<Row> rows;
  const int count = PQntuples(result.get());
  rows.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) rows.push_back(row_of(result.get(), i));
  return rows;
}

Result<void> PostgresConnection::scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) {
  CICLO_TRY(const PostgresResult result, run(sql, parameters));
  PostgresRowView row(result.get());
  const int count = PQntuples(result.get());
  for (int i = 0; i < count; ++i) {
    row.move_to(i);
    if (!take(row)) break;
  }
  return {};
}

Result<std::int64_t> PostgresConnection::execute(std::string_view sql, std::span<const Value> parameters) {
  CICLO_TRY(const PostgresResult result, run(sql, parameters));
  // Empty for statements that count nothing. A SELECT's count is of rows read, not changed.
  if (std::string_view(PQcmdStatus(result.get())).starts_with("SELECT")) return std::int64_t{0};
  return parse_int(PQcmdTuples(result.get())).value_or(0);
}

Result<void> PostgresConnection::begin() {
  return control(role_ == Role::writer ? std::string_view("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
                                       : std::string_view("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
}

Result<void> PostgresConnection::control(std::string_view sql) {
  CICLO_TRY(const PostgresResult result, run_simple(sql));
  // Committing a transaction in which something failed "succeeds" as a rollback.
  if (sql == "COMMIT" && std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    return fail(ErrorCode::internal, "the database undid the transaction instead of committing it");
  }
  return {};
}

Result<void> PostgresConnection::define(std::string_view sql) {
  CICLO_TRY(std::ignore, run_simple(sql));
  return {};
}

bool PostgresConnection::in_transaction() const {
  const auto status = PQtransactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

}  // namespace ciclo::sql
