// Copies DuckDB's chunks into columns of our own. Internal to platform/duckdb.
//
// Thread safety: plain functions over values of one thread.
#pragma once

#include <duckdb.h>

#include "platform/duckdb/database.hpp"
#include "platform/duckdb/library.hpp"

namespace ciclo::duckdb {

// How a column of this type is shown to callers.
ColumnType column_type_of(duckdb_type type);
// True for the types that Reader::append understands; a query casts all others to VARCHAR or DOUBLE first.
bool is_native(duckdb_type type);

class Reader {
 public:
  explicit Reader(const Library& library) : library_(library) {}
  // Adds the chunk's rows of one vector, which holds the native type `type`, to `column`.
  void append(Column& column, duckdb_type type, duckdb_vector vector, idx_t rows) const;

 private:
  const Library& library_;
};

}  // namespace ciclo::duckdb
