#include "data_estate/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "platform/duckdb/database.hpp"
#include "platform/duckdb/table_source.hpp"

namespace ciclo::data_estate {
namespace {

using duckdb::ColumnInfo;
using duckdb::ColumnType;
using duckdb::quote_identifier;

constexpr std::size_t columns_per_query = 50;
constexpr std::int64_t exact_rows = 1'000'000;
// Top values are listed for integers that look like codes, not like measurements.
constexpr std::int64_t max_distinct_for_integers = 50;
constexpr std::string_view quantiles = "[0.05, 0.25, 0.5, 0.75, 0.95]";

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::real;
}
bool is_moment(ColumnType type) {
  return type == ColumnType::date || type == ColumnType::timestamp;
}

// What a column counts as a number: only finite ones.
std::string number_of(const ColumnInfo& column) {
  const std::string name = quote_identifier(column.name);
  if (column.type == ColumnType::integer) return fmt::format("CAST({} AS DOUBLE)", name);
  return fmt::format("CASE WHEN isfinite(CAST({0} AS DOUBLE)) THEN CAST({0} AS DOUBLE) END", name);
}

std::string distinct_of(const ColumnInfo& column, std::int64_t rows) {
  const std::string name = quote_identifier(column.name);
  return rows <= exact_rows ? fmt::format("count(DISTINCT {})", name) : fmt::format("approx_count_distinct({})", name);
}

// The aggregates of one column, always five of them, so that the answer's columns count evenly.
std::string aggregates_of(const ColumnInfo& column, std::int64_t rows) {
  const std::string name = quote_identifier(column.name);
  const std::string counts = fmt::format("count({}), {}", name, distinct_of(column, rows));
  if (is_number(column.type)) {
    const std::string x = number_of(column);
    const std::string quantile = rows <= exact_rows ? "quantile_cont" : "approx_quantile";
    // DuckDB fails the whole query when squares overflow, so that a deviation is only asked of numbers below 1e150.
    return fmt::format(
        "{0}, count({1}), [min({1}), max({1}), avg({1}), "
        "CASE WHEN max(abs({1})) < 1e150 THEN stddev_samp({1}) FILTER (abs({1}) < 1e150) END], {2}({1}, {3})",
        counts, x, quantile, quantiles);
  }
  if (is_moment(column.type))
    return fmt::format("{}, 0, CAST(min({}) AS VARCHAR), CAST(max({}) AS VARCHAR)", counts, name, name);
  return counts + ", 0, NULL, NULL";
}

// DuckDB prints a list of numbers like JSON but for NULL, nan and inf; those become null.
Json numbers_from(std::string text) {
  for (const std::string word : {"NULL", "nan", "-inf", "inf"}) text = replace_all(std::move(text), word, "null");
  auto parsed = parse_json(text);
  return parsed && parsed->is_array() ? *std::move(parsed) : Json::array();
}

Json number_or_null(const Json& list, std::size_t at) {
  return at < list.size() ? list[at] : Json();
}

// Fills in what aggregates_of() asked for; `at`: the first of its answer columns.
void read_aggregates(Json& out, const ColumnInfo& column, const duckdb::Table& answer, std::size_t at,
                     std::int64_t rows) {
  const std::int64_t present = answer.columns[at].integers()[0];
  out["nulls"] = rows - present;
  out["distinct"] = answer.columns[at + 1].integers()[0];
  if (is_number(column.type)) {
    const Json moments = numbers_from(answer.columns[at + 3].text(0));
    const char* const names[] = {"min", "max", "mean", "std"};
    for (std::size_t i = 0; i < std::size(names); ++i) out[names[i]] = number_or_null(moments, i);
    out["non_finite"] = present - answer.columns[at + 2].integers()[0];
    const Json values = numbers_from(answer.columns[at + 4].text(0));
    const char* const levels[] = {"0.05", "0.25", "0.5", "0.75", "0.95"};
    out["quantiles"] = Json::object();
    for (std::size_t i = 0; i < std::size(levels); ++i) out["quantiles"][levels[i]] = number_or_null(values, i);
  } else if (is_moment(column.type)) {
    out["min"] = answer.columns[at + 3].is_null(0) ? Json() : Json(answer.columns[at + 3].text(0));
    out["max"] = answer.columns[at + 4].is_null(0) ? Json() : Json(answer.columns[at + 4].text(0));
  }
}

class Profiler {
 public:
  Profiler(duckdb::Database database, duckdb::TableSource source, const ProfileLimits& limits)
      : database_(std::move(database)), source_(std::move(source)), limits_(limits) {}

  Result<Json> run() {
    CICLO_CHECK(open());
    Json out = {{"rows", rows_},
                {"bytes", source_.bytes},
                {"files", source_.files.size()},
                {"format", source_.format},
                {"skipped_columns", skipped_},
                {"columns", Json::array()}};
    for (const ColumnInfo& column : columns_)
      out["columns"].push_back({{"name", column.name}, {"type", duckdb::name_of(column.type)}});
    Json& columns = out["columns"];
    for (std::size_t from = 0; from < columns_.size(); from += columns_per_query) {
      const std::size_t to = std::min(columns_.size(), from + columns_per_query);
      CICLO_CHECK(aggregate(columns, from, to));
      CICLO_CHECK(add_histograms(columns, from, to));
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) CICLO_CHECK(add_top_values(columns[i], columns_[i]));
    return out;
  }

 private:
  // Small data is read once into memory, larger data once for each group of columns.
  Result<void> open() {
    CICLO_TRY(columns_, database_.describe("SELECT * FROM " + source_.from));
    if (columns_.size() > limits_.max_columns) {
      skipped_ = columns_.size() - limits_.max_columns;
      columns_.resize(limits_.max_columns);
    }
    std::vector<std::string> names;
    for (const ColumnInfo& column : columns_) names.push_back(quote_identifier(column.name));
    const bool small = source_.bytes <= limits_.memory_bytes / (source_.format == "parquet" ? 16 : 4);
    CICLO_CHECK(database_.execute(fmt::format("CREATE {} profiled AS SELECT {} FROM {}", small ? "TABLE" : "VIEW",
                                              join(names, ", "), source_.from)));
    CICLO_TRY(const duckdb::Table count, database_.query("SELECT count(*) FROM profiled"));
    rows_ = count.columns[0].integers()[0];
    return {};
  }

  Result<void> aggregate(Json& columns, std::size_t from, std::size_t to) {
    std::vector<std::string> wanted;
    for (std::size_t i = from; i < to; ++i) wanted.push_back(aggregates_of(columns_[i], rows_));
    CICLO_TRY(const duckdb::Table answer, database_.query("SELECT " + join(wanted, ", ") + " FROM profiled"));
    for (std::size_t i = from; i < to; ++i) read_aggregates(columns[i], columns_[i], answer, (i - from) * 5, rows_);
    return {};
  }

  // One aggregate a column gives how many rows fall into each bin.
  Result<void> add_histograms(Json& columns, std::size_t from, std::size_t to) {
    std::vector<std::string> wanted;
    std::vector<std::size_t> which;
    for (std::size_t i = from; i < to; ++i) {
      const Json& low = member(columns[i], "min");
      const Json& high = member(columns[i], "max");
      if (!is_number(columns_[i].type) || !low.is_number() || !high.is_number()) continue;
      const std::size_t bins = bins_of(columns[i]);
      const double width = (high.get<double>() - low.get<double>()) / static_cast<double>(bins);
      if (!std::isfinite(width)) continue;  // the range itself overflows
      const std::string x = number_of(columns_[i]);
      wanted.push_back(width == 0 ? fmt::format("histogram(CASE WHEN {} IS NOT NULL THEN 0 END)", x)
                                  : fmt::format("histogram(CASE WHEN {0} IS NOT NULL THEN CAST(least(floor(({0} - {1}) "
                                                "/ {2}), {3}) AS INTEGER) END)",
                                                x, exact(low.get<double>()), exact(width), bins - 1));
      which.push_back(i);
    }
    if (which.empty()) return {};
    CICLO_TRY(const duckdb::Table answer, database_.query("SELECT " + join(wanted, ", ") + " FROM profiled"));
    for (std::size_t k = 0; k < which.size(); ++k) {
      Json& column = columns[which[k]];
      column["histogram"] = histogram_of(column, answer.columns[k].text(0));
    }
    return {};
  }

  static std::string exact(double value) { return fmt::format("CAST({:.17g} AS DOUBLE)", value); }

  // As many bins as asked for, but not more than there are values.
  std::size_t bins_of(const Json& column) const {
    return std::clamp<std::size_t>(column["distinct"].get<std::size_t>(), 1, limits_.histogram_bins);
  }

  // `counts`: "{0=12, 3=1}".
  Json histogram_of(const Json& column, std::string_view counts) const {
    const double low = column["min"].get<double>();
    const double high = column["max"].get<double>();
    const std::size_t bins = low == high ? 1 : bins_of(column);
    Json edges = Json::array();
    for (std::size_t i = 0; i <= bins; ++i)
      edges.push_back(i == bins ? high : low + (high - low) * static_cast<double>(i) / static_cast<double>(bins));
    std::vector<std::int64_t> values(bins, 0);
    if (counts.size() >= 2) counts = counts.substr(1, counts.size() - 2);
    for (const std::string& pair : split(counts, ',')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos) continue;
      const auto bin = parse_int(trim(std::string_view(pair).substr(0, equals)));
      const auto count = parse_int(trim(std::string_view(pair).substr(equals + 1)));
      if (bin && count && *bin >= 0 && *bin < static_cast<std::int64_t>(bins))
        values[static_cast<std::size_t>(*bin)] += *count;
    }
    return {{"edges", edges}, {"counts", values}};
  }

  Result<void> add_top_values(Json& column, const ColumnInfo& info) {
    const bool code =
        info.type == ColumnType::integer && column["distinct"].get<std::int64_t>() <= max_distinct_for_integers;
    if (info.type != ColumnType::text && info.type != ColumnType::boolean && !code) return {};
    const std::string name = quote_identifier(info.name);
    CICLO_TRY(const duckdb::Table answer,
              database_.query(fmt::format("SELECT CAST({0} AS VARCHAR), count(*) FROM profiled WHERE {0} IS NOT NULL "
                                          "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {1}",
                                          name, limits_.top_values)));
    constexpr std::size_t longest = 200;  // bytes of a value that is shown
    column["top"] = Json::array();
    for (std::size_t row = 0; row < answer.rows; ++row) {
      column["top"].push_back(
          {{"value", answer.columns[0].text(row).substr(0, longest)}, {"count", answer.columns[1].integers()[row]}});
    }
    return {};
  }

  duckdb::Database database_;
  duckdb::TableSource source_;
  const ProfileLimits& limits_;
  std::vector<ColumnInfo> columns_;
  std::size_t skipped_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace

Result<Json> profile(const std::filesystem::path& path, const ProfileLimits& limits) {
  CICLO_TRY(duckdb::TableSource source, duckdb::table_source(path));
  if (source.bytes > limits.max_bytes) {
    return fail(ErrorCode::too_large,
                fmt::format("{} bytes are more than is profiled ({})", source.bytes, limits.max_bytes), path.string());
  }
  duckdb::Settings settings;
  settings.memory_limit_bytes = limits.memory_bytes;
  settings.allow(path);
  CICLO_TRY(duckdb::Database database, duckdb::Database::open(settings));
  database.set_time_limit(limits.time_limit);
  return Profiler(std::move(database), std::move(source), limits).run();
}

}  // namespace ciclo::data_estate
