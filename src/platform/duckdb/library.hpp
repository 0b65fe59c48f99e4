// libduckdb, opened when it is first needed, so that a program that never queries never carries its 60 MB.
//
// Internal to platform/duckdb. The C API (duckdb.h) is called through the members of Library, never directly: nothing
// links to the library.
//
// Thread safety: immutable after open().
#pragma once

#include <duckdb.h>

#include <memory>

#include "base/error.hpp"

namespace ciclo::duckdb {

struct Library {
  // Finds libduckdb.so by the program's RPATH (bin/../lib) or the system's search path. It stays loaded until the
  // program ends, because its threads may. Fails with unavailable when it is missing or lacks a function.
  static Result<std::shared_ptr<const Library>> open();

  decltype(&duckdb_create_config) create_config = nullptr;
  decltype(&duckdb_set_config) set_config = nullptr;
  decltype(&duckdb_destroy_config) destroy_config = nullptr;
  decltype(&duckdb_open_ext) open_database = nullptr;
  decltype(&duckdb_close) close_database = nullptr;
  decltype(&duckdb_connect) connect = nullptr;
  decltype(&duckdb_disconnect) disconnect = nullptr;
  decltype(&duckdb_interrupt) interrupt = nullptr;
  decltype(&duckdb_library_version) version = nullptr;
  decltype(&duckdb_free) release = nullptr;
  decltype(&duckdb_prepare) prepare = nullptr;
  decltype(&duckdb_prepare_error) prepare_error = nullptr;
  decltype(&duckdb_destroy_prepare) destroy_prepare = nullptr;
  decltype(&duckdb_nparams) parameter_count = nullptr;
  decltype(&duckdb_prepared_statement_type) statement_type = nullptr;
  decltype(&duckdb_prepared_statement_column_count) prepared_column_count = nullptr;
  decltype(&duckdb_prepared_statement_column_name) prepared_column_name = nullptr;
  decltype(&duckdb_prepared_statement_column_type) prepared_column_type = nullptr;
  decltype(&duckdb_bind_boolean) bind_boolean = nullptr;
  decltype(&duckdb_bind_int64) bind_integer = nullptr;
  decltype(&duckdb_bind_double) bind_real = nullptr;
  decltype(&duckdb_bind_varchar_length) bind_text = nullptr;
  decltype(&duckdb_bind_null) bind_null = nullptr;
  decltype(&duckdb_execute_prepared) execute_prepared = nullptr;
  decltype(&duckdb_result_error) result_error = nullptr;
  decltype(&duckdb_result_error_type) result_error_type = nullptr;
  decltype(&duckdb_destroy_result) destroy_result = nullptr;
  decltype(&duckdb_column_count) column_count = nullptr;
  decltype(&duckdb_column_name) column_name = nullptr;
  decltype(&duckdb_column_type) column_type = nullptr;
  decltype(&duckdb_rows_changed) rows_changed = nullptr;
  decltype(&duckdb_fetch_chunk) fetch_chunk = nullptr;
  decltype(&duckdb_destroy_data_chunk) destroy_chunk = nullptr;
  decltype(&duckdb_data_chunk_get_vector) chunk_vector = nullptr;
  decltype(&duckdb_data_chunk_get_size) chunk_size = nullptr;
  decltype(&duckdb_vector_get_data) vector_data = nullptr;
  decltype(&duckdb_vector_get_validity) vector_validity = nullptr;
};

}  // namespace ciclo::duckdb
