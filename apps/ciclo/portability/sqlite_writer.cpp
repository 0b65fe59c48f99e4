#include "portability/sqlite_writer.hpp"

#include <fmt/format.h>

#include "schemas.hpp"

namespace ciclo::portability {
namespace {

// In the file's head: written by `ciclo export mlflow`.
constexpr std::int64_t application_id = 0x4349434C;

void bind(sqlite3_stmt* statement, int index, const sql::Value& value) {
  const auto& storage = value.storage();
  if (const auto* integer = std::get_if<std::int64_t>(&storage)) sqlite3_bind_int64(statement, index, *integer);
  else if (const auto* real = std::get_if<double>(&storage)) sqlite3_bind_double(statement, index, *real);
  else if (const auto* text = std::get_if<std::string>(&storage))
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  else sqlite3_bind_null(statement, index);
}

// Ends a statement's use, so that it holds neither a lock nor the caller's bytes.
struct Use {
  sqlite3_stmt* statement;
  ~Use() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

SqliteWriter::~SqliteWriter() {
  statements_.clear();
}

Failure SqliteWriter::failure() const {
  return fail(ErrorCode::internal,
              fmt::format("cannot write the database '{}': {}", file_.string(), sqlite3_errmsg(database_.get())));
}

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(const std::filesystem::path& file) {
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter);
  writer->file_ = file;
  std::error_code error;
  const bool is_new = !std::filesystem::exists(file, error);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  writer->database_.reset(raw);
  if (code != SQLITE_OK) return writer->failure();
  sqlite3_busy_timeout(raw, 10'000);
  CICLO_CHECK(writer->prepare_tables(is_new));
  return writer;
}

Result<void> SqliteWriter::prepare_tables(bool is_new) {
  if (is_new) {
    CICLO_CHECK(begin());
    CICLO_CHECK(run_script(std::string(schemas::mlflow_schema)));
    CICLO_CHECK(run_script(fmt::format("PRAGMA application_id = {}", application_id)));
    return commit();
  }
  CICLO_TRY(const auto rows, query("PRAGMA application_id"));
  if (!rows.empty() && rows.front().integer(0) == application_id) return {};
  return fail(ErrorCode::conflict, fmt::format("'{}' was not written by ciclo export", file_.string()), "--to",
              "choose another folder: what another program keeps there is not touched");
}

Result<void> SqliteWriter::run_script(const std::string& statements) {
  if (sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
  return {};
}

Result<sqlite3_stmt*> SqliteWriter::prepared(std::string_view text) {
  if (const auto found = statements_.find(text); found != statements_.end()) return found->second.get();
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database_.get(), text.data(), static_cast<int>(text.size()), &raw, nullptr) != SQLITE_OK)
    return failure();
  statements_[std::string(text)].reset(raw);
  return raw;
}

Result<std::int64_t> SqliteWriter::execute(std::string_view text, std::initializer_list<sql::Value> parameters) {
  CICLO_TRY(sqlite3_stmt* const statement, prepared(text));
  const Use use{statement};
  int index = 0;
  for (const sql::Value& value : parameters) bind(statement, ++index, value);
  const int code = sqlite3_step(statement);
  if (code != SQLITE_DONE && code != SQLITE_ROW) return failure();
  return sqlite3_changes(database_.get());
}

Result<std::vector<sql::Row>> SqliteWriter::query(std::string_view text, std::initializer_list<sql::Value> parameters) {
  CICLO_TRY(sqlite3_stmt* const statement, prepared(text));
  const Use use{statement};
  int index = 0;
  for (const sql::Value& value : parameters) bind(statement, ++index, value);
  std::vector<sql::Row> rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<sql::Value> columns;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (sqlite3_column_type(statement, i) == SQLITE_INTEGER)
        columns.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(statement, i)));
      else if (const unsigned char* text_value = sqlite3_column_text(statement, i); text_value != nullptr)
        columns.emplace_back(std::string(reinterpret_cast<const char*>(text_value),
                                         static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
      else columns.emplace_back();
    }
    rows.emplace_back(std::move(columns));
  }
  if (code != SQLITE_DONE) return failure();
  return rows;
}

}  // namespace ciclo::portability
