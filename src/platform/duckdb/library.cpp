#include "platform/duckdb/library.hpp"

#include <dlfcn.h>

namespace ciclo::duckdb {
namespace {

// Looks up functions and remembers the first that is missing.
class Symbols {
 public:
  explicit Symbols(void* handle) : handle_(handle) {}

  template <class Function>
  void find(Function& function, const char* name) {
    void* address = dlsym(handle_, name);
    if (address == nullptr && missing_.empty()) missing_ = name;
    function = reinterpret_cast<Function>(address);
  }
  const std::string& missing() const { return missing_; }

 private:
  void* handle_;
  std::string missing_;
};

void find_statements(Symbols& symbols, Library& library) {
  symbols.find(library.prepare, "duckdb_prepare");
  symbols.find(library.prepare_error, "duckdb_prepare_error");
  symbols.find(library.destroy_prepare, "duckdb_destroy_prepare");
  symbols.find(library.parameter_count, "duckdb_nparams");
  symbols.find(library.statement_type, "duckdb_prepared_statement_type");
  symbols.find(library.prepared_column_count, "duckdb_prepared_statement_column_count");
  symbols.find(library.prepared_column_name, "duckdb_prepared_statement_column_name");
  symbols.find(library.prepared_column_type, "duckdb_prepared_statement_column_type");
  symbols.find(library.bind_boolean, "duckdb_bind_boolean");
  symbols.find(library.bind_integer, "duckdb_bind_int64");
  symbols.find(library.bind_real, "duckdb_bind_double");
  symbols.find(library.bind_text, "duckdb_bind_varchar_length");
  symbols.find(library.bind_null, "duckdb_bind_null");
  symbols.find(library.execute_prepared, "duckdb_execute_prepared");
}

void find_the_rest(Symbols& symbols, Library& library) {
  symbols.find(library.create_config, "duckdb_create_config");
  symbols.find(library.set_config, "duckdb_set_config");
  symbols.find(library.destroy_config, "duckdb_destroy_config");
  symbols.find(library.open_database, "duckdb_open_ext");
  symbols.find(library.close_database, "duckdb_close");
  symbols.find(library.connect, "duckdb_connect");
  symbols.find(library.disconnect, "duckdb_disconnect");
  symbols.find(library.interrupt, "duckdb_interrupt");
  symbols.find(library.version, "duckdb_library_version");
  symbols.find(library.release, "duckdb_free");
  symbols.find(library.result_error, "duckdb_result_error");
  symbols.find(library.result_error_type, "duckdb_result_error_type");
  symbols.find(library.destroy_result, "duckdb_destroy_result");
  symbols.find(library.column_count, "duckdb_column_count");
  symbols.find(library.column_name, "duckdb_column_name");
  symbols.find(library.column_type, "duckdb_column_type");
  symbols.find(library.rows_changed, "duckdb_rows_changed");
  symbols.find(library.fetch_chunk, "duckdb_fetch_chunk");
  symbols.find(library.destroy_chunk, "duckdb_destroy_data_chunk");
  symbols.find(library.chunk_vector, "duckdb_data_chunk_get_vector");
  symbols.find(library.chunk_size, "duckdb_data_chunk_get_size");
  symbols.find(library.vector_data, "duckdb_vector_get_data");
  symbols.find(library.vector_validity, "duckdb_vector_get_validity");
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::open() {
  // RTLD_NODELETE: DuckDB's pool threads and thread-local destructors may still run while the program ends.
  void* handle = dlopen("libduckdb.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* reason = dlerror();
    return fail(ErrorCode::unavailable, std::string("cannot open DuckDB: ") + (reason != nullptr ? reason : "unknown"),
                "libduckdb.so", "it belongs in the lib folder beside the bin folder of the program");
  }
  auto library = std::make_shared<Library>();
  Symbols symbols(handle);
  find_statements(symbols, *library);
  find_the_rest(symbols, *library);
  if (!symbols.missing().empty()) {
    return fail(ErrorCode::unavailable, "this DuckDB lacks the function " + symbols.missing(), "libduckdb.so",
                "version 1.1 or newer is needed");
  }
  return library;
}

}  // namespace ciclo::duckdb
