// Scorers, evaluation data sets and webhooks as MLflow 3.17 keeps them in its database.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/sink.hpp"
#include "portability/sqlite_writer.hpp"

namespace ciclo::portability {

// Within the caller's transaction. `db` must outlive it.
class SqliteEvaluationSink {
 public:
  explicit SqliteEvaluationSink(SqliteWriter& db) : db_(db) {}

  Result<Outcome> put_scorer(const Json& item);
  Result<Outcome> put_dataset(const Json& item);
  Result<Counts> put_records(const std::string& dataset_id, const std::vector<Json>& records);
  Result<Outcome> put_webhook(const Json& item);

 private:
  Result<void> put_online(const Json& item, const std::string& scorer_id);

  SqliteWriter& db_;
};

}  // namespace ciclo::portability
