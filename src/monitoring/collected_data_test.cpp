#include "monitoring/collected_data.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/ids.hpp"
#include "monitoring/column_data.hpp"

namespace ciclo::monitoring {
namespace {

using signals::ValueType;

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value_or(TimePoint{});
}
const TimeWindow kDay{at("2026-01-31T00:00:00Z"), at("2026-02-01T00:00:00Z")};

std::string line(std::string_view time, std::string_view data) {
  return R"({"specversion":"1.0","id":"x","time":")" + std::string(time) + R"(","data":)" + std::string(data) + "}\n";
}

CollectedTable read(const std::string& content, const CollectedLimits& limits = {}) {
  CollectedTable table;
  add_collected_lines(table, content, kDay, limits);
  return table;
}

TEST(CollectedData, ColumnsOfMixedRows) {
  const auto table =
      read(line("2026-01-31T10:00:00Z", R"([{"t":20.5,"c":"porto","w":null,"b":true},{"t":3,"n":[1,2]}])") +
           line("2026-01-31T11:00:00Z", R"([{"c":"","t":"hot","late":1}])"));
  EXPECT_EQ(table.rows, 3);
  EXPECT_EQ(table.bad_lines, 0);
  for (const auto& [name, column] : table.columns) EXPECT_EQ(column.rows(), 3U) << name;
  const auto& t = table.columns.at("t");
  EXPECT_EQ(t.types, (std::vector{ValueType::number, ValueType::integer, ValueType::text}));
  EXPECT_EQ(t.numbers[0], 20.5);
  EXPECT_TRUE(std::isnan(t.numbers[2]));
  EXPECT_EQ(table.columns.at("c").types, (std::vector{ValueType::text, ValueType::missing, ValueType::missing}));
  EXPECT_EQ(table.columns.at("b").types[0], ValueType::boolean);
  EXPECT_EQ(table.columns.at("n").types[1], ValueType::other);
  EXPECT_EQ(table.columns.at("late").types, (std::vector{ValueType::missing, ValueType::missing, ValueType::integer}));
}

TEST(CollectedData, LinesOutsideTheWindowUnfinishedOrMalformedAreLeftOut) {
  const auto table =
      read(line("2026-01-30T23:59:59.999Z", R"([{"a":1}])") + line("2026-01-31T00:00:00Z", R"([{"a":2}])") +
           line("2026-02-01T00:00:00Z", R"([{"a":3}])") + "{not json}\n[]\n" + line("soon", R"([{"a":4}])") +
           R"({"time":"2026-01-31T10:00:00Z","data":[{"a":5}])");
  EXPECT_EQ(table.rows, 1);
  EXPECT_EQ(table.columns.at("a").numbers, std::vector<double>{2});
  EXPECT_EQ(table.bad_lines, 4);
}

TEST(CollectedData, LimitsHold) {
  CollectedLimits limits;
  limits.max_rows = 2;
  limits.max_columns = 1;
  limits.max_text_bytes = 3;
  const auto table = read(line("2026-01-31T10:00:00Z", R"([{"a":"abcdef","b":1},{"a":"x"},{"a":"y"}])"), limits);
  EXPECT_EQ(table.rows, 2);
  EXPECT_TRUE(table.is_cut);
  EXPECT_EQ(table.columns.size(), 1U);
  EXPECT_EQ(table.columns.at("a").texts.column().dictionary[0], "abc");
}

class CollectedFiles : public ::testing::Test {
 protected:
  CollectedFiles() : folder_(std::filesystem::temp_directory_path() / ("ciclo-test-" + random_hex(8))) {}
  ~CollectedFiles() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << content;
  }
  std::filesystem::path folder_;
};

TEST_F(CollectedFiles, OnlyHoursThatTheWindowTouchesAreRead) {
  const auto row = [](std::string_view time) { return line(time, R"([{"a":1}])"); };
  write("e/blue/model_inputs/2026/01/31/10/1.jsonl", row("2026-01-31T10:30:00Z") + row("2026-01-31T10:59:00Z"));
  write("e/blue/model_inputs/2026/01/31/11/1.jsonl", row("2026-01-31T11:00:00Z"));
  write("e/blue/model_inputs/2026/01/31/12/1.jsonl", row("2026-01-31T12:00:00Z"));
  write("e/blue/model_inputs/2026/01/31/11/notes.txt", "x");
  write("e/blue/model_outputs/2026/01/31/11/1.jsonl", row("2026-01-31T11:00:00Z"));
  write("e/green/model_inputs/2026/01/31/11/2.jsonl", row("2026-01-31T11:30:00Z"));
  const TimeWindow window{at("2026-01-31T10:45:00Z"), at("2026-01-31T11:59:00Z")};
  const auto blue = read_collected({folder_, "e", "blue", "model_inputs", window});
  ASSERT_TRUE(blue.has_value());
  EXPECT_EQ(blue->rows, 2);
  EXPECT_EQ(blue->files, 2);
  const auto both = read_collected({folder_, "e", "", "model_inputs", window});
  EXPECT_EQ(both->rows, 3);
  EXPECT_EQ(read_collected({folder_, "nothing", "", "model_inputs", window})->rows, 0);
}

TEST(ColumnData, ProductionIsSeenAsTheReferenceIs) {
  const auto table =
      read(line("2026-01-31T10:00:00Z", R"([{"b":1,"k":3.0},{"b":0,"k":3},{"b":true,"k":"x"},{"b":2,"k":null}])"));
  const auto booleans = categories_of(table.columns.at("b"), ValueType::boolean);
  EXPECT_EQ(signals::summarise(booleans.column()).categories,
            (std::map<std::string, std::int64_t, std::less<>>{{"true", 2}, {"false", 1}, {"2", 1}}));
  const auto keys = categories_of(table.columns.at("k"), ValueType::text);
  EXPECT_EQ(signals::summarise(keys.column()).categories,
            (std::map<std::string, std::int64_t, std::less<>>{{"3", 2}, {"x", 1}}));
}

TEST(ColumnData, QualityCountsEachRowOnce) {
  ReferenceColumn reference{ValueType::number, signals::summarise(std::vector<double>{0, 10})};
  const auto table =
      read(line("2026-01-31T10:00:00Z", R"([{"a":1},{"a":null},{"a":"x"},{"a":11.5},{"a":5.5},{"a":[1]}])"));
  const auto counts = quality_of(reference, table.columns.at("a"));
  EXPECT_EQ(counts.rows, 6);
  EXPECT_EQ(counts.missing, 1);
  EXPECT_EQ(counts.type_errors, 2);
  EXPECT_EQ(counts.out_of_bounds, 1);
  ReferenceColumn boolean{ValueType::boolean, signals::CategoricalSummary{}};
  const auto truths = read(line("2026-01-31T10:00:00Z", R"([{"a":1},{"a":false},{"a":0},{"a":7}])"));
  EXPECT_EQ(quality_of(boolean, truths.columns.at("a")).type_errors, 1);
}

TEST(ColumnData, StoredReferencesAreReadBackEqual) {
  ReferenceColumns columns;
  columns["a"] = {ValueType::number, signals::summarise(std::vector<double>{0, 10, 3})};
  signals::CategoryEncoder encoder;
  encoder.add("x");
  columns["b"] = {ValueType::boolean, signals::summarise(encoder.column())};
  const auto read_back = reference_columns_from_json(to_json(columns));
  ASSERT_TRUE(read_back.has_value());
  EXPECT_EQ(to_json(*read_back), to_json(columns));
  EXPECT_EQ(read_back->at("b").type, ValueType::boolean);
}

}  // namespace
}  // namespace ciclo::monitoring
