// What a table looks like: rows, and for every column its type, nulls, range, moments, quantiles and histogram. Read by
// people in the Studio and by checks of data quality.
//
// {"rows", "bytes", "files", "format", "skipped_columns",
//  "columns": [{"name", "type", "nulls", "distinct",
//     numbers:  "min", "max", "mean", "std" (of the sample, n − 1), "non_finite",
//               "quantiles": {"0.05", "0.25", "0.5", "0.75", "0.95"}, "histogram": {"edges": [k+1], "counts": [k]}
//     dates:    "min", "max" as text
//     text, booleans and integers of few values: "top": [{"value", "count"}]}]}
// Quantiles interpolate linearly. Histograms have bins of equal width, [edge, next edge), the last one closed; infinite
// and NaN values are counted in non_finite and left out of the rest. "distinct" is exact up to a million rows, an
// estimate above.
//
// Thread safety: a pure function but for reading files.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::data_estate {

struct ProfileLimits {
  std::size_t max_columns = 500;                  // further ones are counted in skipped_columns
  std::uint64_t max_bytes = 8ULL << 30U;          // of all files; more fails with too_large
  std::uint64_t memory_bytes = 512ULL << 20U;     // for DuckDB
  std::chrono::milliseconds time_limit{120'000};  // of each query; more fails with timeout
  std::size_t histogram_bins = 20;
  std::size_t top_values = 20;
};

// `path`: a file, a folder, or an MLTable folder (see platform/duckdb/table_source.hpp).
Result<Json> profile(const std::filesystem::path& path, const ProfileLimits& limits = {});

}  // namespace ciclo::data_estate
