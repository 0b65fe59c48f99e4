// A SQLite database that this program makes: an MLflow store. Rows that are there stay as they are.
//
// Thread safety: one thread.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::portability {

class SqliteWriter {
 public:
  // Makes the database with MLflow's tables when it is missing. Fails with conflict when there is one that another
  // program made.
  static Result<std::unique_ptr<SqliteWriter>> open(const std::filesystem::path& file);
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // The number of rows that changed. NaN is bound as NULL, as SQLite has none.
  Result<std::int64_t> execute(std::string_view statement, std::initializer_list<sql::Value> parameters = {});
  Result<std::vector<sql::Row>> query(std::string_view statement, std::initializer_list<sql::Value> parameters = {});
  Result<void> run_script(const std::string& statements);
  Result<void> begin() { return run_script("BEGIN IMMEDIATE"); }
  Result<void> commit() { return run_script("COMMIT"); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  SqliteWriter() = default;
  Result<void> prepare_tables(bool is_new);
  Result<sqlite3_stmt*> prepared(std::string_view statement);
  Failure failure() const;

  std::unique_ptr<sqlite3, Close> database_;
  std::filesystem::path file_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> statements_;
};

}  // namespace ciclo::portability
