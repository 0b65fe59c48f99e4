#include "platform/sql/database.hpp"

#include <cmath>

#include "platform/sql/connection.hpp"
#include "platform/sql/engine_database.hpp"

namespace ciclo::sql {

namespace {

const std::string& no_text() {
  static const std::string empty;
  return empty;
}

}  // namespace

bool Row::is_null(std::size_t column) const {
  return std::holds_alternative<std::monostate>(columns_.at(column).storage());
}

std::int64_t Row::integer(std::size_t column) const {
  const auto& value = columns_.at(column).storage();
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) {
    // Outside of this range (and for NaN) the conversion would be undefined.
    if (!(std::abs(*real) < 9.2e18)) return 0;
    return static_cast<std::int64_t>(*real);
  }
  return 0;
}

double Row::real(std::size_t column) const {
  const auto& value = columns_.at(column).storage();
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return 0.0;
}

const std::string& Row::text(std::size_t column) const {
  const auto* text = std::get_if<std::string>(&columns_.at(column).storage());
  return text == nullptr ? no_text() : *text;
}

const std::string& Row::blob(std::size_t column) const {
  const auto* blob = std::get_if<Blob>(&columns_.at(column).storage());
  return blob == nullptr ? text(column) : blob->bytes;
}

std::optional<std::string> Row::optional_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

Result<std::optional<Row>> Session::query_one(std::string_view sql, std::initializer_list<Value> parameters) {
  CICLO_TRY(auto rows, query(sql, parameters));
  if (rows.empty()) return std::optional<Row>();
  return std::optional<Row>(std::move(rows.front()));
}

Result<std::unique_ptr<Database>> Database::open(const std::string& url, const DatabaseSettings& settings) {
  static constexpr std::string_view sqlite = "sqlite:";
  std::unique_ptr<Engine> engine;
  if (url.starts_with(sqlite)) {
    CICLO_TRY(engine, open_sqlite(url.substr(sqlite.size()), settings.durability));
  } else if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    CICLO_TRY(engine, open_postgresql(url));
  } else {
    // The text is not repeated: it may hold a password.
    return fail(ErrorCode::invalid, "this is no database URL", "database",
                "write sqlite:/path/to/file or postgresql://user@host:port/name");
  }
  return EngineDatabase::open(std::move(engine), settings);
}

}  // namespace ciclo::sql
