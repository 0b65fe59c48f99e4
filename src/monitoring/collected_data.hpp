// Reads what an endpoint collected (docs/formats/collected-data.md) in a window of time, column by column.
//
// Values keep the type they were written with. A key that a row lacks, null, and an empty text are missing. Lines that
// are unfinished or malformed are counted and left out; so are lines outside the window.
//
// Thread safety: a pure function but for reading files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "monitoring/definition.hpp"
#include "monitoring/signals/categorical_summary.hpp"
#include "monitoring/signals/quality.hpp"

namespace ciclo::monitoring {

// One column of rows; all three hold one entry a row.
struct CollectedColumn {
  std::vector<signals::ValueType> types;
  std::vector<double> numbers;     // NaN where the value is no number (a boolean is 0 or 1)
  signals::CategoryEncoder texts;  // missing where the value is no text

  std::size_t rows() const { return types.size(); }
};

struct CollectedTable {
  std::int64_t rows = 0;
  std::map<std::string, CollectedColumn, std::less<>> columns;
  std::int64_t files = 0;
  std::int64_t bad_lines = 0;
  bool is_cut = false;  // a limit was reached; what is here are the first rows
};

struct CollectedRequest {
  std::filesystem::path folder;  // of the workspace
  std::string endpoint;
  std::string deployment;  // empty: all of the endpoint's
  std::string collection;  // "model_inputs" or "model_outputs"
  TimeWindow window;
};

struct CollectedLimits {
  std::int64_t max_rows = 5'000'000;
  std::size_t max_columns = 1000;    // further columns are left out
  std::size_t max_text_bytes = 256;  // longer texts are cut
  std::size_t max_line_bytes = 16U << 20U;
};

// No files: a table without rows. Fails with internal when a file cannot be read.
Result<CollectedTable> read_collected(const CollectedRequest& request, const CollectedLimits& limits = {});
// The lines of one file's content, added to `table`; what read_collected does with each file.
void add_collected_lines(CollectedTable& table, std::string_view content, const TimeWindow& window,
                         const CollectedLimits& limits);

}  // namespace ciclo::monitoring
