#include "platform/duckdb/table_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "base/yaml.hpp"
#include "platform/duckdb/database.hpp"

namespace ciclo::duckdb {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_files = 100'000;
constexpr std::uintmax_t max_mltable_bytes = 1U << 20U;

// "csv", "parquet", "json", or nothing. A trailing .gz does not count.
std::string format_of(const fs::path& path) {
  std::string name = to_lower(path.filename().string());
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const std::string extension = fs::path(name).extension().string();
  if (extension == ".csv" || extension == ".tsv") return "csv";
  if (extension == ".parquet") return "parquet";
  if (extension == ".json" || extension == ".jsonl" || extension == ".ndjson") return "json";
  return {};
}

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.starts_with('_');
}

std::string options_text(const std::map<std::string, std::string>& options) {
  std::string out;
  for (const auto& [name, value] : options) out.append(", ").append(name).append("=").append(value);
  return out;
}

// The call that reads `source.files`. `options`: further arguments of the reader, already in SQL.
std::string reader_call(const TableSource& source, std::map<std::string, std::string> options) {
  std::vector<std::string> quoted;
  for (const fs::path& file : source.files) quoted.push_back(quote_text(file.string()));
  if (source.format == "csv") {
    options.try_emplace("header", "true");
    options.try_emplace("sample_size", "-1");
  }
  options.try_emplace("union_by_name", "true");
  const std::string reader = source.format == "json" ? "read_json" : "read_" + source.format;
  return fmt::format("{}([{}]{})", reader, join(quoted, ", "), options_text(options));
}

Result<void> add_file(TableSource& source, const fs::path& file) {
  const std::string format = format_of(file);
  if (format.empty()) {
    return fail(ErrorCode::unsupported, "this kind of file cannot be read as a table", file.string(),
                "csv, tsv, parquet, json and jsonl can");
  }
  if (!source.format.empty() && source.format != format) {
    return fail(ErrorCode::invalid, fmt::format("the folder mixes {} and {} files", source.format, format),
                file.parent_path().string(), "keep one format in a folder");
  }
  if (source.files.size() >= max_files)
    return fail(ErrorCode::too_large, fmt::format("more than {} files", max_files), file.parent_path().string());
  std::error_code ignored;
  source.format = format;
  source.files.push_back(file);
  source.bytes += fs::file_size(file, ignored);
  return {};
}

// All data files below a folder. Links are followed to files but not into folders, so a cycle cannot occur.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (is_hidden(entry->path())) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
      continue;
    }
    if (entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) return fail(ErrorCode::internal, "cannot list the folder: " + error.message(), folder.string());
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::string> read_small(const fs::path& path) {
  std::error_code error;
  if (fs::file_size(path, error) > max_mltable_bytes || error)
    return fail(ErrorCode::too_large, "the MLTable file cannot be read or is over 1 MiB", path.string());
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.good() && !in.eof()) return fail(ErrorCode::internal, "cannot read the MLTable file", path.string());
  return text;
}

}  // namespace

Result<TableSource> table_source(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return fail(ErrorCode::not_found, "there is no such file or folder", path.string());
  TableSource source;
  if (!fs::is_directory(status)) {
    CICLO_CHECK(add_file(source, path));
    source.from = reader_call(source, {});
    return source;
  }
  if (fs::is_regular_file(path / "MLTable", error)) {
    CICLO_TRY(const std::string text, read_small(path / "MLTable"));
    CICLO_TRY(const YamlDocument document, parse_yaml(text, (path / "MLTable").string()));
    return mltable_source(path, document.value);
  }
  CICLO_TRY(const std::vector<fs::path> files, files_below(path));
  for (const fs::path& file : files) {
    if (!format_of(file).empty()) CICLO_CHECK(add_file(source, file));
  }
  if (source.files.empty()) {
    return fail(ErrorCode::not_found, "the folder holds no table", path.string(),
                "csv, tsv, parquet, json and jsonl files are read");
  }
  source.from = reader_call(source, {});
  return source;
}

namespace {

// A path of an MLTable: relative, inside its folder.
Result<fs::path> inside(const fs::path& folder, const std::string& text) {
  if (text.find("://") != std::string::npos)
    return fail(ErrorCode::unsupported, "an MLTable here reads files of its own folder only", text);
  const fs::path relative = fs::path(text).lexically_normal();
  if (text.empty() || relative.is_absolute() || relative.begin()->string() == "..")
    return fail(ErrorCode::invalid, "an MLTable's paths are relative and stay inside its folder", text);
  return folder / relative;
}

// Shell pattern with * and ?, neither of which crosses a '/', and ** which does.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.starts_with("**")) {
    std::string_view rest = pattern.substr(2);
    if (rest.starts_with('/') && matches(rest.substr(1), text)) return true;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (matches(rest, text.substr(i))) return true;
    }
    return false;
  }
  if (pattern.front() == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (matches(pattern.substr(1), text.substr(i))) return true;
      if (i < text.size() && text[i] == '/') return false;
    }
    return false;
  }
  if (text.empty() || (pattern.front() == '?' ? text.front() == '/' : pattern.front() != text.front())) return false;
  return matches(pattern.substr(1), text.substr(1));
}

Result<void> add_pattern(TableSource& source, const fs::path& folder, const std::string& pattern) {
  // Each star multiplies the work of matches().
  if (std::count(pattern.begin(), pattern.end(), '*') > 6)
    return fail(ErrorCode::invalid, "the pattern has too many stars", pattern);
  CICLO_TRY(const fs::path full, inside(folder, pattern));
  CICLO_TRY(const std::vector<fs::path> files, files_below(folder));
  for (const fs::path& file : files) {
    if (matches(full.string(), file.string())) CICLO_CHECK(add_file(source, file));
  }
  return {};
}

Result<void> add_mltable_path(TableSource& source, const fs::path& folder, const Json& entry) {
  if (const std::string pattern = text_or(entry, "pattern"); !pattern.empty())
    return add_pattern(source, folder, pattern);
  const std::string file = text_or(entry, "file");
  CICLO_TRY(const fs::path path, inside(folder, file.empty() ? text_or(entry, "folder") : file));
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::not_found, "there is no such file or folder", path.string());
  if (!fs::is_directory(path, error)) return add_file(source, path);
  CICLO_TRY(const std::vector<fs::path> files, files_below(path));
  for (const fs::path& each : files) {
    if (!format_of(each).empty()) CICLO_CHECK(add_file(source, each));
  }
  return {};
}

// What an MLTable's transformations make of the files.
struct Transformations {
  std::string format;
  std::map<std::string, std::string> options;
  std::string columns = "*";
  std::optional<std::int64_t> take;
};

std::vector<std::string> quoted_names(const Json& names) {
  std::vector<std::string> quoted;
  if (names.is_string()) quoted.push_back(quote_identifier(names.get<std::string>()));
  for (const Json& name : names.is_array() ? names : Json::array()) {
    if (name.is_string()) quoted.push_back(quote_identifier(name.get<std::string>()));
  }
  return quoted;
}

void delimited_options(const Json& step, std::map<std::string, std::string>& options) {
  if (const std::string delimiter = text_or(step, "delimiter"); !delimiter.empty())
    options["delim"] = quote_text(delimiter == "\\t" ? "\t" : delimiter);
  if (const std::string header = text_or(step, "header"); !header.empty())
    options["header"] = header == "no_header" ? "false" : "true";
  if (text_or(step, "encoding") == "latin1" || text_or(step, "encoding") == "iso88591")
    options["encoding"] = "'latin-1'";
}

Result<void> apply(Transformations& result, const std::string& name, const Json& step) {
  if (name == "read_delimited") {
    result.format = "csv";
    delimited_options(step, result.options);
  } else if (name == "read_parquet") {
    result.format = "parquet";
  } else if (name == "read_json_lines") {
    result.format = "json";
  } else if (name == "keep_columns") {
    result.columns = join(quoted_names(step), ", ");
  } else if (name == "drop_columns") {
    result.columns = fmt::format("* EXCLUDE ({})", join(quoted_names(step), ", "));
  } else if (name == "take" && step.is_number_integer() && step.get<std::int64_t>() >= 0) {
    result.take = step.get<std::int64_t>();
  } else {
    return fail(ErrorCode::unsupported, "this transformation of an MLTable is not offered", name,
                "read_delimited, read_parquet, read_json_lines, keep_columns, drop_columns and take are");
  }
  return {};
}

}  // namespace

Result<TableSource> mltable_source(const fs::path& folder, const Json& document) {
  Transformations result;
  for (const Json& step : member(document, "transformations")) {
    if (step.is_string()) CICLO_CHECK(apply(result, step.get<std::string>(), Json::object()));
    if (!step.is_object()) continue;
    for (const auto& [name, value] : step.items()) CICLO_CHECK(apply(result, name, value));
  }
  TableSource source;
  for (const Json& entry : member(document, "paths")) CICLO_CHECK(add_mltable_path(source, folder, entry));
  if (source.files.empty())
    return fail(ErrorCode::not_found, "the MLTable names no file that exists", (folder / "MLTable").string());
  if (!result.format.empty()) source.format = result.format;
  if (result.columns.empty())
    return fail(ErrorCode::invalid, "the MLTable keeps no column", (folder / "MLTable").string());
  source.from = reader_call(source, result.options);
  if (result.columns != "*" || result.take) {
    source.from = fmt::format("(SELECT {} FROM {}{})", result.columns, source.from,
                              result.take ? fmt::format(" LIMIT {}", *result.take) : "");
  }
  return source;
}

}  // namespace ciclo::duckdb
