#include "monitoring/collected_data.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace ciclo::monitoring {
namespace {

namespace ondemand = simdjson::ondemand;
using signals::ValueType;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void add_missing(CollectedColumn& column) {
  column.types.push_back(ValueType::missing);
  column.numbers.push_back(kNaN);
  column.texts.add_missing();
}

void add_number(CollectedColumn& column, double number, ValueType type) {
  column.types.push_back(type);
  column.numbers.push_back(number);
  column.texts.add_missing();
}

void add_text(CollectedColumn& column, std::string_view text) {
  column.types.push_back(ValueType::text);
  column.numbers.push_back(kNaN);
  column.texts.add(text);
}

class LineReader {
 public:
  LineReader(CollectedTable& table, const TimeWindow& window, const CollectedLimits& limits)
      : table_(table), window_(window), limits_(limits) {}

  // False when a limit was reached.
  bool add(std::string_view line) {
    if (line.size() > limits_.max_line_bytes || !parse(line)) ++table_.bad_lines;
    return !table_.is_cut;
  }

  // Columns that the last rows lacked are filled up.
  void finish() {
    for (auto& [name, column] : table_.columns) fill_up(column, table_.rows);
  }

 private:
  static void fill_up(CollectedColumn& column, std::int64_t rows) {
    while (static_cast<std::int64_t>(column.rows()) < rows) add_missing(column);
  }

  // False when the line is malformed. Rows before the malformed place stay.
  bool parse(std::string_view line) {
    buffer_.assign(line);
    buffer_.append(simdjson::SIMDJSON_PADDING, ' ');
    ondemand::document document;
    if (parser_.iterate(buffer_.data(), line.size(), buffer_.size()).get(document) != simdjson::SUCCESS) return false;
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return false;
    std::string_view text;
    if (object["time"].get_string().get(text) != simdjson::SUCCESS) return false;
    const auto time = parse_rfc3339(text);
    if (!time) return false;
    if (!window_.contains(*time)) return true;
    ondemand::array rows;
    if (object["data"].get_array().get(rows) != simdjson::SUCCESS) return false;
    for (auto row : rows) {
      if (table_.rows >= limits_.max_rows) {
        table_.is_cut = true;
        return true;
      }
      ondemand::object record;
      if (row.get_object().get(record) != simdjson::SUCCESS || !add_record(record)) return false;
    }
    return true;
  }

  bool add_record(ondemand::object& record) {
    const std::int64_t row = table_.rows++;
    for (auto field : record) {
      std::string_view key;
      ondemand::value value;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) {
        return false;
      }
      CollectedColumn* column = column_of(key);
      if (column == nullptr) continue;
      fill_up(*column, row);
      if (static_cast<std::int64_t>(column->rows()) > row) continue;  // the key is there twice
      if (!add_value(*column, value)) return false;
    }
    return true;
  }

  CollectedColumn* column_of(std::string_view key) {
    const auto found = table_.columns.find(key);
    if (found != table_.columns.end()) return &found->second;
    if (table_.columns.size() >= limits_.max_columns || key.size() > limits_.max_text_bytes) return nullptr;
    return &table_.columns[std::string(key)];
  }

  bool add_value(CollectedColumn& column, ondemand::value& value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::number: {
        ondemand::number number;
        if (value.get_number().get(number) != simdjson::SUCCESS) return false;
        add_number(column, number.as_double(), number.is_double() ? ValueType::number : ValueType::integer);
        return true;
      }
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return false;
        if (text.empty()) {
          add_missing(column);
        } else {
          add_text(column, text.substr(0, limits_.max_text_bytes));
        }
        return true;
      }
      case ondemand::json_type::boolean: {
        bool truth = false;
        if (value.get_bool().get(truth) != simdjson::SUCCESS) return false;
        add_number(column, truth ? 1.0 : 0.0, ValueType::boolean);
        return true;
      }
      case ondemand::json_type::null: add_missing(column); return true;
      default: add_number(column, kNaN, ValueType::other); return true;
    }
  }

  CollectedTable& table_;
  const TimeWindow& window_;
  const CollectedLimits& limits_;
  ondemand::parser parser_;
  std::string buffer_;
};

std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  std::ranges::sort(entries);
  return entries;
}

// yyyy/MM/dd/HH below `folder` that the window touches, by walking what is there: a window may span years.
std::vector<std::filesystem::path> hour_folders(const std::filesystem::path& folder, const TimeWindow& window) {
  const auto first = fmt::format("{:%Y/%m/%d/%H}", std::chrono::floor<std::chrono::seconds>(window.start));
  const auto last = fmt::format("{:%Y/%m/%d/%H}", std::chrono::floor<std::chrono::seconds>(window.end));
  std::vector<std::filesystem::path> level{folder};
  for (std::size_t depth = 1; depth <= 4; ++depth) {
    // The texts compare like the times, as far as they go: 4, 7, 10 and 13 characters.
    const std::size_t length = 1 + 3 * depth;
    std::vector<std::filesystem::path> next;
    for (const auto& parent : level) {
      for (const auto& entry : sorted_entries(parent)) {
        const std::string name = std::filesystem::relative(entry, folder).generic_string();
        if (name.size() == length && name >= first.substr(0, length) && name <= last.substr(0, length)) {
          next.push_back(entry);
        }
      }
    }
    level = std::move(next);
  }
  return level;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file.eof() && file.fail()) {
    return fail(ErrorCode::internal, "a file of collected data cannot be read", path.string());
  }
  return content;
}

}  // namespace

void add_collected_lines(CollectedTable& table, std::string_view content, const TimeWindow& window,
                         const CollectedLimits& limits) {
  LineReader reader(table, window, limits);
  std::size_t at = 0;
  for (std::size_t end = content.find('\n'); end != std::string_view::npos; end = content.find('\n', at)) {
    const std::string_view line = content.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && !reader.add(line)) break;
  }
  if (at < content.size() && !table.is_cut) ++table.bad_lines;  // unfinished
  reader.finish();
}

Result<CollectedTable> read_collected(const CollectedRequest& request, const CollectedLimits& limits) {
  CollectedTable table;
  const auto endpoint = request.folder / request.endpoint;
  const auto deployments = request.deployment.empty()
                               ? sorted_entries(endpoint)
                               : std::vector<std::filesystem::path>{endpoint / request.deployment};
  for (const auto& deployment : deployments) {
    for (const auto& hour : hour_folders(deployment / request.collection, request.window)) {
      for (const auto& path : sorted_entries(hour)) {
        if (path.extension() != ".jsonl" || table.is_cut) continue;
        CICLO_TRY(const std::string content, read_file(path));
        add_collected_lines(table, content, request.window, limits);
        ++table.files;
      }
    }
  }
  return table;
}

}  // namespace ciclo::monitoring
