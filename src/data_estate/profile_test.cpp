#include "data_estate/profile.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.hpp"

namespace ciclo::data_estate {
namespace {

namespace fs = std::filesystem;

class ProfileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ciclo-profile-" + random_hex(8));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  static Json made(const Result<Json>& result) {
    EXPECT_TRUE(result) << result.error().text();
    return result ? *result : Json::object();
  }
  fs::path folder_;
};

// By hand: mean 2.5, sum of squares 5, std √(5/3); quartiles by linear interpolation at (n − 1)·p.
TEST_F(ProfileTest, NumbersMatchHandComputedOnes) {
  const Json out = made(profile(write("a.csv", "x\n1.0\n4.0\n2.0\n\"\"\n3.0\n")));
  EXPECT_EQ(out["rows"], 5);
  const Json& x = out["columns"][0];
  EXPECT_EQ(x["name"], "x");
  EXPECT_EQ(x["type"], "real");
  EXPECT_EQ(x["nulls"], 1);
  EXPECT_EQ(x["distinct"], 4);
  EXPECT_EQ(x["min"], 1.0);
  EXPECT_EQ(x["max"], 4.0);
  EXPECT_EQ(x["mean"], 2.5);
  EXPECT_NEAR(x["std"].get<double>(), 1.2909944487358056, 1e-12);
  EXPECT_EQ(x["quantiles"]["0.25"], 1.75);
  EXPECT_EQ(x["quantiles"]["0.5"], 2.5);
  EXPECT_EQ(x["histogram"]["edges"], Json({1.0, 1.75, 2.5, 3.25, 4.0}));
  EXPECT_EQ(x["histogram"]["counts"], Json({1, 1, 1, 1}));
}

TEST_F(ProfileTest, KindsOfColumnsHaveWhatFitsThem) {
  const Json out = made(profile(write("a.csv",
                                      "day,code,word,flag,constant\n2012-01-02,1,b,true,7\n2012-01-01,2,a,true,7\n"
                                      "2012-01-03,2,b,false,7\n,,,,7\n")));
  const Json& columns = out["columns"];
  EXPECT_EQ(columns[0]["type"], "date");
  EXPECT_EQ(columns[0]["min"], "2012-01-01");
  EXPECT_EQ(columns[0]["max"], "2012-01-03");
  EXPECT_EQ(columns[1]["type"], "integer");
  EXPECT_EQ(columns[1]["top"][0], (Json{{"value", "2"}, {"count", 2}}));
  EXPECT_EQ(columns[2]["top"], Json::array({{{"value", "b"}, {"count", 2}}, {{"value", "a"}, {"count", 1}}}));
  EXPECT_EQ(columns[2]["nulls"], 1);
  EXPECT_EQ(columns[3]["type"], "boolean");
  EXPECT_EQ(columns[4]["std"], 0.0);
  EXPECT_EQ(columns[4]["histogram"]["counts"], Json({4}));
}

TEST_F(ProfileTest, OddNumbersAndNamesDoNotBreakIt) {
  const Json out = made(profile(write("a.jsonl",
                                      "{\"a \\\"b\\\"\":1e308,\"x\":\"NaN\",\"nested\":{\"y\":1}}\n"
                                      "{\"a \\\"b\\\"\":-1e308,\"x\":\"1\",\"nested\":null}\n")));
  EXPECT_EQ(out["columns"][0]["name"], "a \"b\"");
  EXPECT_EQ(out["columns"][0]["min"], -1e308);
  EXPECT_FALSE(out["columns"][0].contains("histogram"));
  EXPECT_EQ(out["columns"][2]["type"], "other");
  EXPECT_EQ(out["columns"][2]["nulls"], 1);
  const Json empty = made(profile(write("b.csv", "x,y\n")));
  EXPECT_EQ(empty["rows"], 0);
  EXPECT_EQ(empty["columns"].size(), 2U);
}

TEST_F(ProfileTest, HoldsItsLimits) {
  std::string header = "c0";
  for (int i = 1; i < 60; ++i) header += ",c" + std::to_string(i);
  std::string row = "0";
  for (int i = 1; i < 60; ++i) row += "," + std::to_string(i);
  const fs::path file = write("wide.csv", header + "\n" + row + "\n");
  ProfileLimits limits;
  limits.max_columns = 55;
  const Json out = made(profile(file, limits));
  EXPECT_EQ(out["columns"].size(), 55U);
  EXPECT_EQ(out["skipped_columns"], 5);
  EXPECT_EQ(out["columns"][54]["mean"], 54.0);
  limits.max_bytes = 10;
  EXPECT_EQ(profile(file, limits).error().code, ErrorCode::too_large);
  EXPECT_EQ(profile(folder_ / "none.csv").error().code, ErrorCode::not_found);
  EXPECT_EQ(profile(write("x.png", "\x89PNG")).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace ciclo::data_estate
