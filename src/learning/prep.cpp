#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "learning/steps.hpp"
#include "platform/duckdb/database.hpp"
#include "platform/duckdb/table_source.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;
using duckdb::quote_identifier;
using duckdb::quote_text;

constexpr std::uint64_t memory_limit_bytes = 2ULL << 30U;
// Names of our own columns, out of the way of users'.
constexpr std::string_view row_column = "__ciclo_row";
constexpr std::string_view rank_column = "__ciclo_rank";
constexpr std::string_view group_column = "__ciclo_group_rows";

Result<void> check(const PrepSettings& settings) {
  if (settings.data.empty()) return fail(ErrorCode::invalid, "no data is given", "--data");
  if (settings.format != "parquet" && settings.format != "csv")
    return fail(ErrorCode::invalid, "there is no such output format", settings.format,
                "parquet and csv can be written");
  if (!(settings.test_fraction >= 0.0 && settings.test_fraction < 1.0))
    return fail(ErrorCode::invalid, "the fraction must be at least 0 and below 1", "--test-fraction");
  if (settings.test_fraction > 0 && settings.test.empty())
    return fail(ErrorCode::invalid, "the test rows need a folder", "--test", "or give --test-fraction 0");
  if (settings.split != SplitKind::random && settings.split_column.empty())
    return fail(ErrorCode::invalid, "this split needs a column", "--split-column");
  if (settings.train.empty()) return fail(ErrorCode::invalid, "the training rows need a folder", "--train");
  return {};
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(ErrorCode::internal, "the folder cannot be made: " + error.message(), folder.string());
  return {};
}

std::string select_list(const PrepSettings& settings) {
  std::vector<std::string> quoted;
  for (const std::string& name : settings.keep) quoted.push_back(quote_identifier(name));
  if (!quoted.empty()) return join(quoted, ", ");
  for (const std::string& name : settings.drop) quoted.push_back(quote_identifier(name));
  return quoted.empty() ? "*" : fmt::format("* EXCLUDE ({})", join(quoted, ", "));
}

// Loads the rows that are kept into the table `kept`, numbered in their order. How many rows there were before.
Result<std::int64_t> load(duckdb::Database& database, const PrepSettings& settings) {
  std::vector<std::string> parts;
  for (const fs::path& path : settings.data) {
    CICLO_TRY(const duckdb::TableSource source, duckdb::table_source(path));
    parts.push_back("SELECT * FROM " + source.from);
  }
  // Materialised first: a condition that fails then fails on the rows, not on the reading of the files.
  auto read = database.execute("CREATE TABLE everything AS " + join(parts, " UNION ALL BY NAME "));
  if (!read) return Failure(read.error().add_context("cannot read " + settings.data.front().string()));
  // On a line of its own, so that a comment in it cannot swallow the parenthesis.
  const std::string where = settings.where.empty() ? "" : " WHERE (" + settings.where + "\n)";
  auto kept = database.execute(fmt::format(
      "CREATE TABLE kept AS SELECT *, row_number() OVER () AS {} FROM (SELECT {} FROM (SELECT * FROM everything{}))",
      row_column, select_list(settings), where));
  if (!kept) return Failure(kept.error().add_context("cannot select the rows and columns"));
  CICLO_TRY(const duckdb::Table count, database.query("SELECT count(*) FROM everything"));
  return count.columns[0].integers()[0];
}

// SQL for a row's rank: the lowest ranks are the test data. Random orders come from MD5 of seed and row number, which
// is the same in every version of DuckDB.
std::string rank_of(const PrepSettings& settings) {
  const std::string shuffled = fmt::format("md5('{}:' || {})", settings.seed, row_column);
  const std::string column = quote_identifier(settings.split_column);
  switch (settings.split) {
    case SplitKind::random: return fmt::format("row_number() OVER (ORDER BY {})", shuffled);
    case SplitKind::stratified: return fmt::format("row_number() OVER (PARTITION BY {} ORDER BY {})", column, shuffled);
    case SplitKind::time:
      return fmt::format("row_number() OVER (ORDER BY {} DESC NULLS LAST, {} DESC)", column, row_column);
  }
  return "0";
}

Result<std::int64_t> write(duckdb::Database& database, const PrepSettings& settings, const fs::path& folder,
                           std::string_view condition) {
  const fs::path file = folder / ("data." + settings.format);
  const std::string sql =
      fmt::format("COPY (SELECT * EXCLUDE ({}, {}, {}) FROM ranked WHERE {} ORDER BY {}) TO {} (FORMAT {})", row_column,
                  rank_column, group_column, condition, row_column, quote_text(file.string()), settings.format);
  auto rows = database.execute(sql);
  if (!rows) rows.error().add_context("cannot write " + file.string());
  return rows;
}

}  // namespace

Result<void> prepare(const PrepSettings& settings, StepContext& context) {
  CICLO_CHECK(check(settings));
  CICLO_CHECK(make_folder(settings.train));
  if (!settings.test.empty()) CICLO_CHECK(make_folder(settings.test));
  duckdb::Settings sandbox;
  sandbox.memory_limit_bytes = memory_limit_bytes;
  for (const fs::path& path : settings.data) sandbox.allow(path);
  sandbox.folders.push_back(settings.train);
  if (!settings.test.empty()) sandbox.folders.push_back(settings.test);
  CICLO_TRY(auto database, duckdb::Database::open(sandbox));

  CICLO_TRY(const std::int64_t read, load(database, settings));
  const std::string groups =
      settings.split == SplitKind::stratified
          ? fmt::format("count(*) OVER (PARTITION BY {})", quote_identifier(settings.split_column))
          : "count(*) OVER ()";
  auto ranked = database.execute(fmt::format("CREATE TABLE ranked AS SELECT *, {} AS {}, {} AS {} FROM kept",
                                             rank_of(settings), rank_column, groups, group_column));
  if (!ranked) return Failure(ranked.error().add_context("cannot split the rows"));
  const std::string is_test = fmt::format("{} <= round({} * {})", rank_column, settings.test_fraction, group_column);
  CICLO_TRY(const std::int64_t train_rows, write(database, settings, settings.train, "NOT " + is_test));
  std::int64_t test_rows = 0;
  if (!settings.test.empty()) {
    CICLO_TRY(test_rows, write(database, settings, settings.test, is_test));
  }
  if (train_rows == 0) {
    return fail(ErrorCode::invalid, "no row is left to train on", settings.data.front().string(),
                settings.where.empty() ? "" : "--where keeps none: " + settings.where);
  }
  context.say(fmt::format("read {} rows, kept {}: {} to train on, {} to test on", read, train_rows + test_rows,
                          train_rows, test_rows));
  CICLO_CHECK(context.log.parameters({{"where", settings.where},
                                      {"test_fraction", fmt::format("{}", settings.test_fraction)},
                                      {"seed", std::to_string(settings.seed)}}));
  return context.log.metrics({{"rows_read", static_cast<double>(read)},
                              {"train_rows", static_cast<double>(train_rows)},
                              {"test_rows", static_cast<double>(test_rows)}});
}

}  // namespace ciclo::learning
