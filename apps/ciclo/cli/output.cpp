#include "cli/output.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/jmespath.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"

namespace ciclo::cli {
namespace {

// A value in one table or tsv cell.
std::string cell(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return to_text(value);
}

// In a table for people six digits of a number are enough; scripts get all of them.
std::string table_cell(const Json& value) {
  return value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : cell(value);
}

std::string tsv_cell(const Json& value) {
  if (value.is_object() || value.is_array()) return value.empty() ? "" : to_text(value);
  return replace_all(replace_all(cell(value), "\t", " "), "\n", " ");
}

std::string tsv_line(const Json& item) {
  std::vector<std::string> cells;
  if (item.is_object() || item.is_array())
    for (const auto& value : item) cells.push_back(tsv_cell(value));
  else cells.push_back(tsv_cell(item));
  return join(cells, "\t") + "\n";
}

std::string render_tsv(const Json& answer) {
  if (answer.is_null()) return "";
  if (!answer.is_array()) return tsv_line(answer);
  std::string out;
  for (const Json& item : answer) out += tsv_line(item);
  return out;
}

struct Table {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

Result<Table> make_table(const Json& items, const std::vector<resources::Column>& columns) {
  Table table;
  std::vector<JmesPath> queries;
  for (const auto& column : columns) {
    CICLO_TRY(auto query, JmesPath::compile(column.query));
    queries.push_back(std::move(query));
    table.titles.push_back(column.title);
  }
  for (const Json& item : items) {
    std::vector<std::string> row;
    for (const JmesPath& query : queries) {
      CICLO_TRY(const Json value, query.search(item));
      row.push_back(table_cell(value));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// For answers without columns of their own: the top-level fields of the first item; nested ones only when a query chose
// them (`nested`).
std::vector<resources::Column> guess_columns(const Json& items, bool nested) {
  std::vector<resources::Column> columns;
  if (items.empty()) return columns;
  if (!items.front().is_object()) return {{"RESULT", "@"}};
  for (const auto& [key, value] : items.front().items())
    if (nested || !value.is_structured()) columns.push_back({key, "\"" + key + "\""});
  return columns;
}

// Characters, not bytes: columns stay aligned with accents in them.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string render_table(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& title : table.titles) widths.push_back(width_of(title));
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += cells[i];
      if (i + 1 < cells.size()) out.append(widths[i] - width_of(cells[i]) + 2, ' ');
    }
    while (out.ends_with(' ')) out.pop_back();
    return out + "\n";
  };
  std::string out = line(table.titles);
  std::vector<std::string> rules;
  for (const std::size_t width : widths) rules.emplace_back(width, '-');
  out += line(rules);
  for (const auto& row : table.rows) out += line(row);
  return out;
}

}  // namespace

Result<Format> parse_format(const std::string& name) {
  static const std::vector<std::pair<std::string, Format>> formats = {
      {"json", Format::json},   {"jsonc", Format::jsonc}, {"yaml", Format::yaml}, {"yamlc", Format::yamlc},
      {"table", Format::table}, {"tsv", Format::tsv},     {"none", Format::none}};
  for (const auto& [known, format] : formats)
    if (known == name) return format;
  return fail(ErrorCode::invalid, fmt::format("there is no output form '{}'", name), {},
              "json, jsonc, yaml, yamlc, table, tsv or none");
}

Result<std::string> render(const Json& answer, const OutputSettings& settings,
                           const std::vector<resources::Column>& columns) {
  Json shown = answer;
  if (settings.query) {
    CICLO_TRY(const auto query, JmesPath::compile(*settings.query));
    CICLO_TRY(shown, query.search(answer));
  }
  switch (settings.format) {
    case Format::none: return std::string();
    case Format::json:
    case Format::jsonc: return shown.is_null() && settings.query ? std::string() : to_pretty_text(shown) + "\n";
    case Format::yaml:
    case Format::yamlc: return write_yaml(shown);
    case Format::tsv: return render_tsv(shown);
    case Format::table: break;
  }
  if (shown.is_null()) return std::string();
  const Json items = shown.is_array() ? shown : Json::array({shown});
  if (items.empty()) return std::string();
  CICLO_TRY(const Table table,
            make_table(items,
                       columns.empty() || settings.query ? guess_columns(items, settings.query.has_value()) : columns));
  return render_table(table);
}

}  // namespace ciclo::cli
