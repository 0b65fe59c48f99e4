// Opening a PostgreSQL database, what its SQLSTATEs mean, and its values.
#include <fmt/format.h>

#include <limits>

#include "base/text.hpp"
#include "platform/sql/postgres_connection.hpp"
#include "platform/sql/postgres_types.hpp"

namespace ciclo::sql {

namespace {

class PostgresEngine final : public Engine {
 public:
  explicit PostgresEngine(std::string url) : url_(std::move(url)) {}
  Result<std::unique_ptr<Connection>> connect(Role role) override { return PostgresConnection::open(url_, role); }
  Dialect dialect() const override { return Dialect::postgresql; }

 private:
  const std::string url_;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 0;
}

// "\x0aff" (bytea_output = hex, the default since 9.0).
std::string bytes_of(std::string_view text) {
  if (!text.starts_with("\\x")) return std::string(text);
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
  }
  return bytes;
}

double real_of(std::string_view text) {
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return parse_double(text).value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

Result<std::unique_ptr<Engine>> open_postgresql(const std::string& url) {
  return std::unique_ptr<Engine>(std::make_unique<PostgresEngine>(url));
}

bool ends_connection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
         sqlstate == "57P05" || sqlstate == "25P03";
}

bool is_transient(std::string_view sqlstate) {
  return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03";
}

Error postgres_error(std::string_view sqlstate, std::string_view message) {
  Error error;
  if (sqlstate.empty()) {
    error.code = ErrorCode::unavailable;
    error.message = fmt::format("the connection to PostgreSQL was lost: {}", message);
    error.hint = "try again; the connection is made anew";
    return error;
  }
  error.message = fmt::format("the database refused: {} (SQLSTATE {})", message, sqlstate);
  const std::string_view group = sqlstate.substr(0, 2);
  if (sqlstate == "23505" || sqlstate == "23P01") {
    error.code = ErrorCode::already_exists;
  } else if (group == "23") {
    error.code = ErrorCode::conflict;
  } else if (is_transient(sqlstate)) {
    error.code = ErrorCode::unavailable;
    error.hint = "another server changed the same rows; try again";
  } else if (sqlstate == "53100" || group == "58") {
    error.hint = "the PostgreSQL server cannot write; check its disk's space and health";
  } else if (group == "53") {
    error.code = ErrorCode::unavailable;
    error.hint = "the PostgreSQL server is short of memory or connections";
  } else if (sqlstate == "57014") {
    error.code = ErrorCode::timeout;
  } else if (sqlstate == "25006") {
    error.hint = "the PostgreSQL server is read-only (a standby?); give the URL of the primary one";
  } else if (sqlstate == "22021" || sqlstate == "22P05") {
    error.code = ErrorCode::invalid;
    error.hint = "text must be valid UTF-8 without NUL characters";
  } else if (group == "54") {
    error.code = ErrorCode::too_large;
  } else if (group == "XX") {
    error.hint = "the PostgreSQL server reports damaged data; see its log";
  } else if (group == "42" && sqlstate == "42501") {
    error.hint = "grant the database's user the rights on its schema";
  }
  return error;
}

Value postgres_value(Oid type, std::string_view text) {
  switch (type) {
    case postgres_type::boolean: return {text == "t"};
    case postgres_type::int2:
    case postgres_type::int4:
    case postgres_type::int8: return {parse_int(text).value_or(0)};
    case postgres_type::float4:
    case postgres_type::float8: return {real_of(text)};
    case postgres_type::numeric:  // SUM(bigint) gives it: a whole number stays one, as in SQLite
      if (const auto whole = parse_int(text)) return {*whole};
      return {real_of(text)};
    case postgres_type::bytea: return {Blob{bytes_of(text)}};
    default: return {text};
  }
}

}  // namespace ciclo::sql
