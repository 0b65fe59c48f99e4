// The traces of MLflow's database, of any release that has them: those of 2.x keep their spans in files, later ones in
// a table.
//
// Thread safety: one thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "portability/records.hpp"
#include "portability/sqlite_reader.hpp"

namespace ciclo::portability {

class SqliteTraces {
 public:
  // Looks which parts this release of the database has. `reader` must outlive it.
  explicit SqliteTraces(SqliteReader& reader);

  Result<void> of_experiment(const std::string& experiment_id, const TakeItems& take);

 private:
  Result<Json> trace_of(const sql::Row& row, const std::string& experiment_id);
  Result<Json> pairs(std::string_view table, const std::string& trace_id);
  Result<void> add_assessments(Json& info, const std::string& trace_id);
  Result<void> add_spans(Json& trace, const std::string& trace_id);
  Result<void> add_links(Json& trace, const std::string& trace_id);

  SqliteReader& reader_;
  bool has_traces_ = false;
  bool has_previews_ = false;  // with the id that a client gave
  bool has_columns_ = false;   // for name, session, tokens and cost
  bool has_assessments_ = false;
  bool has_spans_ = false;
  bool has_links_ = false;
};

}  // namespace ciclo::portability
