#include "portability/sqlite_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

namespace fs = std::filesystem;

constexpr int busy_timeout_ms = 10'000;
constexpr std::string_view magic{"SQLite format 3\0", 16};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

Failure sqlite_failure(sqlite3* database, const fs::path& file) {
  const int code = sqlite3_errcode(database) & 0xFF;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return fail(ErrorCode::unavailable, fmt::format("the database '{}' is locked by another program", file.string()),
                {}, "run the command again");
  return fail(ErrorCode::invalid,
              fmt::format("cannot read the database '{}': {}", file.string(), sqlite3_errmsg(database)));
}

sql::Value value_of(sqlite3_stmt* statement, int column) {
  const auto text = [&] {
    const void* bytes = sqlite3_column_blob(statement, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return {static_cast<std::int64_t>(sqlite3_column_int64(statement, column))};
    case SQLITE_FLOAT: return {sqlite3_column_double(statement, column)};
    case SQLITE_TEXT: return {text()};
    case SQLITE_BLOB: return {sql::Blob{text()}};
    default: return {};
  }
}

void bind(sqlite3_stmt* statement, int index, const sql::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.storage())) sqlite3_bind_int64(statement, index, *integer);
  else if (const auto* text = std::get_if<std::string>(&value.storage()))
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  else sqlite3_bind_null(statement, index);
}

}  // namespace

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::not_found, fmt::format("there is no file '{}' that can be read", file.string()));
  std::array<char, 100> head{};
  in.read(head.data(), head.size());
  if (in.gcount() < 100 || std::string_view(head.data(), magic.size()) != magic)
    return fail(ErrorCode::invalid, fmt::format("'{}' is no SQLite database", file.string()));
  std::unique_ptr<SqliteReader> reader(new SqliteReader);
  reader->file_ = file;
  std::error_code error;
  const bool is_wal = head[18] == 2 || head[19] == 2;
  reader->is_immutable_ = is_wal && !fs::exists(file.string() + "-wal", error);
  reader->changed_ = fs::last_write_time(file, error);
  const std::string path = http::percent_encode(fs::absolute(file).string());
  const std::string uri = fmt::format("file:{}?mode=ro{}", path, reader->is_immutable_ ? "&immutable=1" : "");
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  reader->database_.reset(raw);
  if (code != SQLITE_OK) return sqlite_failure(raw, file);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  // A schema made to harm (triggers, functions in views) gets no further than this.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return reader;
}

Result<std::vector<sql::Row>> SqliteReader::query(std::string_view text, std::initializer_list<sql::Value> parameters) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database_.get(), text.data(), static_cast<int>(text.size()), &raw, nullptr) != SQLITE_OK)
    return sqlite_failure(database_.get(), file_);
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
  int index = 0;
  for (const sql::Value& value : parameters) bind(raw, ++index, value);
  std::vector<sql::Row> rows;
  const int width = sqlite3_column_count(raw);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    std::vector<sql::Value> columns;
    columns.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) columns.push_back(value_of(raw, i));
    rows.emplace_back(std::move(columns));
  }
  if (code != SQLITE_DONE) return sqlite_failure(database_.get(), file_);
  return rows;
}

bool SqliteReader::has_table(std::string_view table) {
  const auto rows = query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", {table});
  return rows && !rows->empty();
}

bool SqliteReader::has_column(std::string_view table, std::string_view column) {
  const auto rows = query("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", {table, column});
  return rows && !rows->empty();
}

Result<void> SqliteReader::check_unchanged() const {
  std::error_code error;
  if (!is_immutable_) return {};
  if (fs::last_write_time(file_, error) == changed_ && !fs::exists(file_.string() + "-wal", error)) return {};
  return fail(ErrorCode::unavailable, fmt::format("the database '{}' was written to while it was read", file_.string()),
              {}, "run the command again: what came in already is found and nothing comes twice");
}

}  // namespace ciclo::portability
