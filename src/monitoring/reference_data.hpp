// Reads a reference (a file, a folder or an MLTable) and summarises its columns.
//
// Columns of numbers are numerical, of text and booleans categorical, unless told otherwise; dates, times and nested
// columns have no distribution to compare and are left out.
//
// Thread safety: pure functions but for reading files.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "monitoring/column_data.hpp"
#include "resources/caller.hpp"

namespace ciclo::monitoring {

struct LocatedData {
  std::filesystem::path path;
  std::string asset;  // ResourceKey::path() of the asset version that it is; empty: it may change
};

// Where a reference to data leads on this machine. The access of `caller` is checked.
class DataLocator {
 public:
  virtual ~DataLocator() = default;
  virtual Result<LocatedData> locate(const resources::Caller& caller, const std::string& workspace,
                                     const std::string& reference) = 0;
};

// Fails as duckdb::table_source and Database::query do.
Result<ReferenceColumns> read_reference(const std::filesystem::path& path, const FeatureTypes& feature_types);
// Rows of a table as collected ones, for production data that is given as a data asset.
Result<CollectedTable> read_table(const std::filesystem::path& path);

}  // namespace ciclo::monitoring
