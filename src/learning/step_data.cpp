#include "learning/step_data.hpp"

#include "platform/duckdb/table_source.hpp"

namespace ciclo::learning {

Result<duckdb::Table> read_table(const std::filesystem::path& path) {
  CICLO_TRY(const duckdb::TableSource source, duckdb::table_source(path));
  duckdb::Settings settings;
  settings.memory_limit_bytes = 2ULL << 30U;
  settings.allow(path);
  CICLO_TRY(auto database, duckdb::Database::open(settings));
  auto table = database.query("SELECT * FROM " + source.from);
  if (!table) return Failure(table.error().add_context("cannot read " + path.string()));
  if (table->rows == 0) return fail(ErrorCode::invalid, "the data has no row", path.string());
  return table;
}

}  // namespace ciclo::learning
