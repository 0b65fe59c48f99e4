// DuckDB as a query engine over files: an in-memory database in a sandbox. It reads and writes only below the folders
// it was given, loads no extension, and its configuration is locked before the first query; so expressions written by
// users (a filter, a mapping) may be part of the SQL text. Values from outside go in as parameters all the same, names
// and paths through quote_identifier() and quote_text().
//
// CSV, JSON and Parquet are built in.
//
// Errors: wrong SQL, missing columns, values that do not convert → invalid; a missing file → not_found; outside the
// sandbox → denied; over the memory limit → too_large; over the time limit → timeout; no library → unavailable.
//
// Thread safety: one thread at a time uses a Database; make one per task. interrupt() may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace ciclo::duckdb {

struct Settings {
  std::uint64_t memory_limit_bytes = 1U << 30U;
  int threads = 1;
  // What may be read and written, with everything below. Nothing else can be, no network either.
  std::vector<std::filesystem::path> folders;
  // Single files that may be read and written.
  std::vector<std::filesystem::path> files;
  // Adds a path to `folders` or `files`, as what lies there now.
  void allow(const std::filesystem::path& path);
  // Where what does not fit into memory is spilled; empty: queries over the limit fail.
  std::filesystem::path spill_folder;
};

// A parameter, for `?`.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

enum class ColumnType : std::uint8_t {
  boolean,    // integers(), 0 or 1
  integer,    // integers(); up to 64 bits signed
  real,       // reals(); also what is wider than 64 bits, and decimals
  text,       // texts()
  date,       // texts(), "2012-01-31"
  timestamp,  // texts(), "2012-01-31 08:15:00"; with or without time zone
  other,      // texts(), as DuckDB prints it: time, interval, list, struct, blob, …
};
std::string_view name_of(ColumnType type);

class Column {
 public:
  using Storage = std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

  Column(std::string name, ColumnType type);

  const std::string& name() const { return name_; }
  ColumnType type() const { return type_; }
  std::size_t size() const { return nulls_.size(); }
  bool is_null(std::size_t row) const { return nulls_[row] != 0; }
  std::size_t null_count() const;
  // Where is_null, 0, 0.0 or "". Which of the three may be called follows from type().
  const std::vector<std::int64_t>& integers() const { return std::get<0>(values_); }
  const std::vector<double>& reals() const { return std::get<1>(values_); }
  const std::vector<std::string>& texts() const { return std::get<2>(values_); }

  // Value of a row in whichever form is wanted: numbers and booleans as a number (text: NaN), anything as text.
  double number(std::size_t row) const;
  std::string text(std::size_t row) const;

 private:
  friend class Reader;
  friend class Database;  // its Impl
  std::string name_;
  ColumnType type_;
  Storage values_;
  std::vector<std::uint8_t> nulls_;
};

struct Table {
  std::vector<Column> columns;
  std::size_t rows = 0;

  // Null when there is none of that name (compared exactly).
  const Column* find(std::string_view name) const;
};

struct ColumnInfo {
  std::string name;
  ColumnType type = ColumnType::other;
};

class Database {
 public:
  static Result<Database> open(const Settings& settings);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  // The whole answer of one statement.
  Result<Table> query(std::string_view sql, const std::vector<Value>& parameters = {});
  // Runs one statement for its effect (COPY, CREATE …); the number of rows it changed.
  Result<std::int64_t> execute(std::string_view sql, const std::vector<Value>& parameters = {});
  // Names and types of the columns a query would answer with; runs nothing but what reading a schema needs.
  Result<std::vector<ColumnInfo>> describe(std::string_view sql);
  // Ends the running query with ErrorCode::timeout.
  void interrupt();
  // Queries that take longer end with ErrorCode::timeout; zero: no limit.
  void set_time_limit(std::chrono::milliseconds limit);
  // "v1.4.4"
  std::string version() const;

 private:
  class Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "temp ""max""": a column or table name in SQL.
std::string quote_identifier(std::string_view name);
// 'it''s': a text constant in SQL; for paths, which cannot be parameters of table functions everywhere.
std::string quote_text(std::string_view text);

}  // namespace ciclo::duckdb
