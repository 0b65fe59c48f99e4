// A SQLite database of another program, read and never changed, while that program may be writing.
//
// Every statement is short and ends before its rows are used, so a writer waits for a page of rows at most. A database
// in write-ahead mode whose log nobody has open is read as it lies on disk, since to open it otherwise would make files
// beside it; check_unchanged() then tells whether somebody wrote meanwhile.
//
// Thread safety: one thread.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::portability {

class SqliteReader {
 public:
  // Fails with not_found, invalid for a file that is no SQLite database, unavailable while it is locked.
  static Result<std::unique_ptr<SqliteReader>> open(const std::filesystem::path& file);

  Result<std::vector<sql::Row>> query(std::string_view statement, std::initializer_list<sql::Value> parameters = {});
  bool has_table(std::string_view table);
  bool has_column(std::string_view table, std::string_view column);
  Result<void> check_unchanged() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  SqliteReader() = default;

  std::unique_ptr<sqlite3, Close> database_;
  std::filesystem::path file_;
  bool is_immutable_ = false;
  std::filesystem::file_time_type changed_;
};

}  // namespace ciclo::portability
