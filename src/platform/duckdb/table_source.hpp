// Data that lies on disk as something a query can select from: a file, a folder of files, or an MLTable folder.
//
// Known by extension: .csv, .tsv (header expected, types sniffed over the whole file), .parquet, .json (array of
// objects), .jsonl, .ndjson; each of the text forms also with .gz. A folder is read as all of its files of one format,
// at any depth, in the order of their names, columns matched by name; hidden files and those starting with '_' are left
// out. A folder that holds a file named MLTable is read as that file says: paths (file, folder, pattern, all relative
// and inside the folder) and one of read_delimited {delimiter, header, encoding}, read_parquet, read_json_lines, then
// keep_columns, drop_columns, take; other transformations are ErrorCode::unsupported.
//
// Thread safety: pure but for looking at the disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::duckdb {

struct TableSource {
  std::string from;  // "read_csv(['/data/x.csv'], …)" or a parenthesised SELECT: goes after FROM
  std::vector<std::filesystem::path> files;
  std::uintmax_t bytes = 0;  // of all files
  std::string format;        // "csv", "parquet", "json"
};

// Fails with not_found when nothing lies there, unsupported for a format that is none of the above, invalid for a
// folder that mixes formats or an MLTable that says something wrong; the target is the path.
Result<TableSource> table_source(const std::filesystem::path& path);

// An MLTable document (the YAML as JSON) lying in `folder`.
Result<TableSource> mltable_source(const std::filesystem::path& folder, const Json& document);

}  // namespace ciclo::duckdb
