#include "platform/duckdb/database.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.hpp"
#include "platform/duckdb/table_source.hpp"

namespace ciclo::duckdb {
namespace {

namespace fs = std::filesystem;

class DuckdbTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ciclo-duckdb-" + random_hex(8));
    fs::create_directories(folder_ / "inside");
    fs::create_directories(folder_ / "outside");
  }
  void TearDown() override { fs::remove_all(folder_); }

  Database open(Settings settings = {}) {
    settings.folders.push_back(folder_ / "inside");
    auto database = Database::open(settings);
    EXPECT_TRUE(database) << database.error().text();
    return *std::move(database);
  }
  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  fs::path folder_;
};

TEST_F(DuckdbTest, AnswersInTypedColumnsWithNulls) {
  Database database = open();
  const auto table = database.query(
      "SELECT * FROM (VALUES (1, 2.5::DOUBLE, 'a', true, DATE '2012-01-31'), (NULL, NULL, NULL, NULL, NULL)) "
      "AS t(i, r, s, b, d)");
  ASSERT_TRUE(table) << table.error().text();
  ASSERT_EQ(table->rows, 2U);
  EXPECT_EQ(table->find("i")->type(), ColumnType::integer);
  EXPECT_EQ(table->find("i")->integers()[0], 1);
  EXPECT_EQ(table->find("r")->reals()[0], 2.5);
  EXPECT_EQ(table->find("s")->texts()[0], "a");
  EXPECT_EQ(table->find("b")->type(), ColumnType::boolean);
  EXPECT_EQ(table->find("b")->text(0), "true");
  EXPECT_EQ(table->find("d")->type(), ColumnType::date);
  EXPECT_EQ(table->find("d")->texts()[0], "2012-01-31");
  for (const Column& column : table->columns) {
    EXPECT_TRUE(column.is_null(1)) << column.name();
    EXPECT_EQ(column.null_count(), 1U);
    EXPECT_EQ(column.text(1), "");
  }
  EXPECT_EQ(table->find("I"), nullptr);
}

TEST_F(DuckdbTest, CastsTheTypesItHasNoColumnsFor) {
  Database database = open();
  const auto table = database.query(
      "SELECT 1.25::DECIMAL(9,2) AS decimal, 170141183460469231731687303715884105727::HUGEINT AS huge, [1, 2] AS list, "
      "TIMESTAMP '2012-01-31 08:15:00' AS moment, INTERVAL 2 DAY AS span, 'long enough to lie outside' AS \"a \"\"b\"");
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(table->find("decimal")->reals()[0], 1.25);
  EXPECT_NEAR(table->find("huge")->reals()[0], 1.7014118346046923e38, 1e23);
  EXPECT_EQ(table->find("list")->texts()[0], "[1, 2]");
  EXPECT_EQ(table->find("moment")->type(), ColumnType::timestamp);
  EXPECT_EQ(table->find("moment")->texts()[0], "2012-01-31 08:15:00");
  EXPECT_EQ(table->find("span")->type(), ColumnType::other);
  EXPECT_EQ(table->find("a \"b")->texts()[0], "long enough to lie outside");
}

TEST_F(DuckdbTest, BindsParametersAndReadsManyChunks) {
  Database database = open();
  const auto table = database.query("SELECT range AS n, ? AS s, ? AS x, ? AS b, ? AS nothing FROM range(?)",
                                    {std::string("it's"), 0.5, true, std::monostate{}, std::int64_t{10'000}});
  ASSERT_TRUE(table) << table.error().text();
  ASSERT_EQ(table->rows, 10'000U);
  EXPECT_EQ(table->find("n")->integers()[9'999], 9'999);
  EXPECT_EQ(table->find("s")->texts()[5'000], "it's");
  EXPECT_TRUE(table->find("nothing")->is_null(1));
  const auto missing = database.query("SELECT ?");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid);
}

TEST_F(DuckdbTest, CsvJsonAndParquetAreBuiltIn) {
  Database database = open();
  const fs::path csv = write("inside/a.csv", "x,y\n1,one\n2,\n");
  const fs::path json = write("inside/b.jsonl", "{\"x\":1,\"y\":\"one\"}\n{\"x\":2}\n");
  const fs::path parquet = folder_ / "inside/c.parquet";
  const auto written = database.execute("COPY (SELECT * FROM read_csv(" + quote_text(csv.string()) + ")) TO " +
                                        quote_text(parquet.string()) + " (FORMAT parquet)");
  ASSERT_TRUE(written) << written.error().text();
  for (const fs::path& path : {csv, json, parquet}) {
    const auto source = table_source(path);
    ASSERT_TRUE(source) << source.error().text();
    const auto table = database.query("SELECT * FROM " + source->from);
    ASSERT_TRUE(table) << path << table.error().text();
    EXPECT_EQ(table->rows, 2U);
    EXPECT_EQ(table->find("x")->integers()[1], 2) << path;
    EXPECT_TRUE(table->find("y")->is_null(1)) << path;
  }
}

TEST_F(DuckdbTest, StaysInItsSandbox) {
  Database database = open();
  const fs::path secret = write("outside/secret.csv", "a\n1\n");
  const std::string tries[] = {
      "SELECT * FROM read_csv(" + quote_text(secret.string()) + ")",
      "SELECT * FROM read_csv(" + quote_text((folder_ / "inside/../outside/secret.csv").string()) + ")",
      "SELECT * FROM read_text('/etc/passwd')",
      "COPY (SELECT 1) TO " + quote_text((folder_ / "outside/new.csv").string()),
      "ATTACH " + quote_text((folder_ / "outside/new.db").string()),
  };
  for (const std::string& sql : tries) {
    const auto answer = database.query(sql);
    ASSERT_FALSE(answer) << sql;
    EXPECT_EQ(answer.error().code, ErrorCode::denied) << sql << answer.error().text();
  }
  for (const std::string sql : {"SET enable_external_access=true", "SET threads=64", "INSTALL httpfs", "LOAD httpfs"})
    EXPECT_FALSE(database.query(sql)) << sql;
  EXPECT_FALSE(fs::exists(folder_ / "outside/new.csv"));
}

TEST_F(DuckdbTest, ReportsErrorsByKind) {
  Database database = open();
  EXPECT_EQ(database.query("SELEC 1").error().code, ErrorCode::invalid);
  EXPECT_EQ(database.query("SELECT 1; SELECT 2").error().code, ErrorCode::invalid);
  const auto column = database.query("SELECT nope FROM (SELECT 1 AS yes)");
  EXPECT_EQ(column.error().code, ErrorCode::invalid);
  EXPECT_NE(column.error().message.find("nope"), std::string::npos) << column.error().text();
  const auto cast = database.query("SELECT CAST('x' AS INTEGER)");
  EXPECT_EQ(cast.error().code, ErrorCode::invalid);
  database.set_time_limit(std::chrono::milliseconds(50));
  EXPECT_EQ(database.query("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b").error().code,
            ErrorCode::timeout);
  Settings small;
  small.memory_limit_bytes = 32U << 20U;
  EXPECT_EQ(open(small).query("SELECT list(range::VARCHAR || repeat('x', 50)) FROM range(10000000)").error().code,
            ErrorCode::too_large);
}

TEST_F(DuckdbTest, ReadsFoldersByName) {
  write("inside/data/b.csv", "y,x\n3,4\n");
  write("inside/data/a.csv", "x,y\n1,2\n");
  write("inside/data/_SUCCESS", "");
  write("inside/data/.hidden.csv", "x\nbroken");
  const auto source = table_source(folder_ / "inside/data");
  ASSERT_TRUE(source) << source.error().text();
  EXPECT_EQ(source->files.size(), 2U);
  EXPECT_EQ(source->bytes, 16U);
  const auto table = open().query("SELECT * FROM " + source->from);
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(table->find("x")->integers(), (std::vector<std::int64_t>{1, 4}));
  write("inside/data/c.jsonl", "{}");
  EXPECT_EQ(table_source(folder_ / "inside/data").error().code, ErrorCode::invalid);
  EXPECT_EQ(table_source(folder_ / "inside/none").error().code, ErrorCode::not_found);
  EXPECT_EQ(table_source(folder_ / "outside").error().code, ErrorCode::not_found);
  EXPECT_EQ(table_source(write("inside/x.xlsx", "")).error().code, ErrorCode::unsupported);
}

TEST_F(DuckdbTest, ReadsMltables) {
  write("inside/table/MLTable",
        "type: mltable\npaths:\n  - pattern: ./part-*.txt.csv\ntransformations:\n  - read_delimited:\n"
        "      delimiter: ';'\n      encoding: utf8\n  - drop_columns: [secret]\n  - take: 2\n");
  write("inside/table/part-1.txt.csv", "x;secret\n1;7\n");
  write("inside/table/part-2.txt.csv", "x;secret\n2;7\n3;7\n");
  write("inside/table/other.csv", "x;secret\n9;7\n");
  const auto source = table_source(folder_ / "inside/table");
  ASSERT_TRUE(source) << source.error().text();
  const auto table = open().query("SELECT * FROM " + source->from);
  ASSERT_TRUE(table) << table.error().text();
  ASSERT_EQ(table->columns.size(), 1U);
  EXPECT_EQ(table->find("x")->integers(), (std::vector<std::int64_t>{1, 2}));

  write("inside/table/MLTable", "paths:\n  - file: ../../outside/secret.csv\n");
  EXPECT_EQ(table_source(folder_ / "inside/table").error().code, ErrorCode::invalid);
  write("inside/table/MLTable", "paths:\n  - file: other.csv\ntransformations:\n  - filter: 'col(\"x\") > 1'\n");
  EXPECT_EQ(table_source(folder_ / "inside/table").error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace ciclo::duckdb
