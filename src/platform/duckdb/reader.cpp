#include "platform/duckdb/reader.hpp"

namespace ciclo::duckdb {
namespace {

template <class Source, class Target>
void copy_numbers(const void* data, idx_t rows, std::vector<Target>& target) {
  const auto* source = static_cast<const Source*>(data);
  for (idx_t row = 0; row < rows; ++row) target.push_back(static_cast<Target>(source[row]));
}

void copy_integers(duckdb_type type, const void* data, idx_t rows, std::vector<std::int64_t>& target) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return copy_numbers<bool>(data, rows, target);
    case DUCKDB_TYPE_TINYINT: return copy_numbers<std::int8_t>(data, rows, target);
    case DUCKDB_TYPE_SMALLINT: return copy_numbers<std::int16_t>(data, rows, target);
    case DUCKDB_TYPE_INTEGER: return copy_numbers<std::int32_t>(data, rows, target);
    case DUCKDB_TYPE_UTINYINT: return copy_numbers<std::uint8_t>(data, rows, target);
    case DUCKDB_TYPE_USMALLINT: return copy_numbers<std::uint16_t>(data, rows, target);
    case DUCKDB_TYPE_UINTEGER: return copy_numbers<std::uint32_t>(data, rows, target);
    default: return copy_numbers<std::int64_t>(data, rows, target);
  }
}

void copy_texts(const void* data, const std::uint64_t* validity, idx_t rows, std::vector<std::string>& target) {
  const auto* source = static_cast<const duckdb_string_t*>(data);
  for (idx_t row = 0; row < rows; ++row) {
    // A NULL's slot is not initialised: its pointer must not be followed.
    if (validity != nullptr && (validity[row / 64] >> (row % 64) & 1U) == 0) {
      target.emplace_back();
      continue;
    }
    const duckdb_string_t& text = source[row];
    const std::uint32_t length = text.value.inlined.length;
    const char* bytes =
        length <= sizeof(text.value.inlined.inlined) ? text.value.inlined.inlined : text.value.pointer.ptr;
    target.emplace_back(bytes, length);
  }
}

}  // namespace

ColumnType column_type_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return ColumnType::boolean;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER: return ColumnType::integer;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL: return ColumnType::real;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_ENUM:
    case DUCKDB_TYPE_UUID: return ColumnType::text;
    case DUCKDB_TYPE_DATE: return ColumnType::date;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return ColumnType::timestamp;
    default: return ColumnType::other;
  }
}

bool is_native(duckdb_type type) {
  switch (column_type_of(type)) {
    case ColumnType::boolean:
    case ColumnType::integer: return true;
    case ColumnType::real: return type == DUCKDB_TYPE_FLOAT || type == DUCKDB_TYPE_DOUBLE;
    default: return type == DUCKDB_TYPE_VARCHAR;
  }
}

void Reader::append(Column& column, duckdb_type type, duckdb_vector vector, idx_t rows) const {
  const void* data = library_.vector_data(vector);
  const std::uint64_t* validity = library_.vector_validity(vector);
  const std::size_t before = column.nulls_.size();
  column.nulls_.resize(before + rows, 0);
  if (column.values_.index() == 0) {
    copy_integers(type, data, rows, std::get<0>(column.values_));
  } else if (type == DUCKDB_TYPE_FLOAT) {
    copy_numbers<float>(data, rows, std::get<1>(column.values_));
  } else if (column.values_.index() == 1) {
    copy_numbers<double>(data, rows, std::get<1>(column.values_));
  } else {
    copy_texts(data, validity, rows, std::get<2>(column.values_));
  }
  if (validity == nullptr) return;
  for (idx_t row = 0; row < rows; ++row) {
    if ((validity[row / 64] >> (row % 64) & 1U) != 0) continue;
    column.nulls_[before + row] = 1;
    if (column.values_.index() == 0) std::get<0>(column.values_)[before + row] = 0;
    if (column.values_.index() == 1) std::get<1>(column.values_)[before + row] = 0.0;
  }
}

}  // namespace ciclo::duckdb
