#include "monitoring/reference_data.hpp"

#include <limits>

#include "platform/duckdb/database.hpp"
#include "platform/duckdb/table_source.hpp"

namespace ciclo::monitoring {
namespace {

using duckdb::ColumnType;
using signals::FeatureType;
using signals::ValueType;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kMemoryBytes = 1ULL << 30U;
constexpr std::chrono::minutes kTimeLimit{5};
constexpr std::size_t kColumnsPerQuery = 16;  // so that a wide table is never in memory whole

std::optional<ValueType> value_type_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean: return ValueType::boolean;
    case ColumnType::integer:
    case ColumnType::real: return ValueType::number;
    case ColumnType::text: return ValueType::text;
    default: return std::nullopt;
  }
}

std::vector<double> numbers_of(const duckdb::Column& column) {
  std::vector<double> numbers(column.size(), kNaN);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) numbers[row] = column.number(row);
  }
  return numbers;
}

// Empty texts are missing on this side too: a scorer writes a missing text so.
signals::CategoryEncoder categories_of(const duckdb::Column& column, ValueType type) {
  signals::CategoryEncoder categories;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) {
      categories.add_missing();
    } else if (type == ValueType::boolean) {
      categories.add(column.integers()[row] != 0 ? "true" : "false");
    } else if (type == ValueType::number) {
      categories.add(category_of(column.number(row)));
    } else if (column.texts()[row].empty()) {
      categories.add_missing();
    } else {
      categories.add(column.texts()[row]);
    }
  }
  return categories;
}

ReferenceColumn summarise(const duckdb::Column& column, ValueType type, std::optional<FeatureType> wanted) {
  const bool numerical = wanted ? *wanted == FeatureType::numerical : type == ValueType::number;
  if (numerical) return {ValueType::number, signals::summarise(numbers_of(column))};
  return {type, signals::summarise(categories_of(column, type).column())};
}

// Calls `use` for each column that can be compared, some columns at a time.
template <class Use>
Result<void> for_each_column(const std::filesystem::path& path, Use&& use) {
  CICLO_TRY(const duckdb::TableSource source, duckdb::table_source(path));
  duckdb::Settings settings;
  settings.memory_limit_bytes = kMemoryBytes;
  settings.folders = {std::filesystem::is_directory(path) ? path : path.parent_path()};
  CICLO_TRY(auto database, duckdb::Database::open(settings));
  database.set_time_limit(kTimeLimit);
  CICLO_TRY(const auto all, database.describe("SELECT * FROM " + source.from));
  std::vector<duckdb::ColumnInfo> wanted;
  for (const auto& column : all) {
    if (value_type_of(column.type)) wanted.push_back(column);
  }
  for (std::size_t at = 0; at < wanted.size(); at += kColumnsPerQuery) {
    std::string list;
    for (std::size_t i = at; i < std::min(wanted.size(), at + kColumnsPerQuery); ++i) {
      list += (list.empty() ? "" : ", ") + duckdb::quote_identifier(wanted[i].name);
    }
    CICLO_TRY(const auto table, database.query("SELECT " + list + " FROM " + source.from));
    for (const auto& column : table.columns) {
      if (const auto type = value_type_of(column.type())) use(column, *type);
    }
  }
  return {};
}

}  // namespace

Result<ReferenceColumns> read_reference(const std::filesystem::path& path, const FeatureTypes& feature_types) {
  ReferenceColumns columns;
  CICLO_CHECK(for_each_column(path, [&](const duckdb::Column& column, ValueType type) {
    const auto wanted = feature_types.find(column.name());
    columns[column.name()] =
        summarise(column, type, wanted == feature_types.end() ? std::nullopt : std::optional(wanted->second));
  }));
  return columns;
}

Result<CollectedTable> read_table(const std::filesystem::path& path) {
  CollectedTable table;
  CICLO_CHECK(for_each_column(path, [&](const duckdb::Column& column, ValueType type) {
    CollectedColumn& copy = table.columns[column.name()];
    table.rows = static_cast<std::int64_t>(column.size());
    for (std::size_t row = 0; row < column.size(); ++row) {
      const bool is_text = type == ValueType::text;
      const bool missing = column.is_null(row) || (is_text && column.texts()[row].empty());
      copy.types.push_back(missing ? ValueType::missing : type);
      copy.numbers.push_back(missing || is_text ? kNaN : column.number(row));
      if (!missing && is_text) {
        copy.texts.add(column.texts()[row]);
      } else {
        copy.texts.add_missing();
      }
    }
  }));
  return table;
}

}  // namespace ciclo::monitoring
