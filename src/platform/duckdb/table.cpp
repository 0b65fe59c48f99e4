// Column and Table: the answers of queries.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "platform/duckdb/database.hpp"

namespace ciclo::duckdb {

std::string_view name_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean: return "boolean";
    case ColumnType::integer: return "integer";
    case ColumnType::real: return "real";
    case ColumnType::text: return "text";
    case ColumnType::date: return "date";
    case ColumnType::timestamp: return "timestamp";
    case ColumnType::other: return "other";
  }
  return "other";
}

Column::Column(std::string name, ColumnType type) : name_(std::move(name)), type_(type) {
  if (type == ColumnType::boolean || type == ColumnType::integer) {
    values_ = std::vector<std::int64_t>();
  } else if (type == ColumnType::real) {
    values_ = std::vector<double>();
  } else {
    values_ = std::vector<std::string>();
  }
}

std::size_t Column::null_count() const {
  return static_cast<std::size_t>(std::count(nulls_.begin(), nulls_.end(), std::uint8_t{1}));
}

double Column::number(std::size_t row) const {
  if (is_null(row) || values_.index() == 2) return std::numeric_limits<double>::quiet_NaN();
  return values_.index() == 0 ? static_cast<double>(integers()[row]) : reals()[row];
}

std::string Column::text(std::size_t row) const {
  if (is_null(row)) return {};
  if (values_.index() == 2) return texts()[row];
  if (values_.index() == 1) return fmt::format("{}", reals()[row]);
  if (type_ == ColumnType::boolean) return integers()[row] != 0 ? "true" : "false";
  return fmt::format("{}", integers()[row]);
}

const Column* Table::find(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name() == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string quote_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

}  // namespace ciclo::duckdb
