// Traces as MLflow 3.17 keeps them in its database: their spans too, but of those that lie in a file.
//
// Thread safety: one thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "portability/sink.hpp"
#include "portability/sqlite_writer.hpp"

namespace ciclo::portability {

class SqliteTraceSink {
 public:
  // `db` must outlive it.
  explicit SqliteTraceSink(SqliteWriter& db) : db_(db) {}

  // Within the caller's transaction. `location`: where the experiment's artifacts are.
  Result<Outcome> put(const Json& item, const std::string& location);

 private:
  Result<std::int64_t> put_info(const Json& info);
  Result<void> put_pairs(const Json& info, const std::string& location);
  Result<void> put_assessments(const Json& info);
  Result<void> put_spans(const Json& item);
  Result<void> put_links(const Json& item);

  SqliteWriter& db_;
};

}  // namespace ciclo::portability
