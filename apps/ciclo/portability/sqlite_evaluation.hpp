// Scorers, evaluation data sets and webhooks of MLflow's database; none where a release has no tables for them.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"
#include "portability/sqlite_reader.hpp"

namespace ciclo::portability {

class SqliteEvaluation {
 public:
  // `reader` must outlive it.
  explicit SqliteEvaluation(SqliteReader& reader) : reader_(reader) {}

  Result<std::vector<Json>> scorers(const std::string& experiment_id);
  Result<std::vector<Json>> datasets();
  Result<void> records(const std::string& dataset_id, const TakeItems& take);
  Result<std::vector<Json>> webhooks();

 private:
  Result<Json> scorer_of(const sql::Row& row, const std::string& experiment_id);
  Result<Json> dataset_of(const sql::Row& row);
  // " AND workspace = 'default'" where the table has that column.
  std::string in_default(std::string_view table);

  SqliteReader& reader_;
};

}  // namespace ciclo::portability
