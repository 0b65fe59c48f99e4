#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "portability/artifact_transfer.hpp"
#include "portability/file_lines.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/transfer.hpp"

namespace ciclo::portability {
namespace {

namespace fs = std::filesystem;

TEST(MetricLine, ReadsWhatMlflowWrites) {
  const auto two = parse_metric_line("1700000000000 0.5");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->timestamp, 1'700'000'000'000);
  EXPECT_EQ(two->step, 0);
  const auto three = parse_metric_line("1 -1e-300 -7\r");
  ASSERT_TRUE(three);
  EXPECT_EQ(three->value, -1e-300);
  EXPECT_EQ(three->step, -7);
  EXPECT_TRUE(std::isnan(parse_metric_line("1 nan 2")->value));
  EXPECT_EQ(parse_metric_line("1 -inf 2")->value, -std::numeric_limits<double>::infinity());
  const auto with_rows = parse_metric_line("1 2.5 3 my rows abc");
  ASSERT_TRUE(with_rows);
  EXPECT_EQ(with_rows->dataset_name, "my rows");
  EXPECT_EQ(with_rows->dataset_digest, "abc");
  const auto of_model = parse_metric_line("1 2.5 3 run1 rows abc", MetricOf::logged_model);
  ASSERT_TRUE(of_model);
  EXPECT_EQ(of_model->run_id, "run1");
  EXPECT_EQ(of_model->dataset_name, "rows");
  EXPECT_EQ(parse_metric_line("1 2.5 3 run1", MetricOf::logged_model)->step, 3);
}

TEST(MetricLine, RefusesWhatIsNone) {
  for (const char* line : {"", "1", "x 1 2", "1 x 2", "1 2 x", "1 2 3 4", "1.5 2 3", "99999999999999999999 1 1"})
    EXPECT_FALSE(parse_metric_line(line)) << line;
  EXPECT_FALSE(parse_metric_line("1 2 3", MetricOf::logged_model));
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesAreCut) {
  for (std::size_t piece = 1; piece < 9; ++piece) {
    std::vector<std::string> lines;
    LineSplitter splitter([&](std::string_view line) -> Result<void> {
      lines.emplace_back(line);
      return {};
    });
    const std::string text = "one\n\ntwo\nlast";
    for (std::size_t at = 0; at < text.size(); at += piece)
      ASSERT_TRUE(splitter.add(std::string_view(text).substr(at, piece)));
    ASSERT_TRUE(splitter.end());
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two", "last"}));
  }
  LineSplitter endless([](std::string_view) -> Result<void> { return {}; });
  EXPECT_FALSE(endless.add(std::string(max_line_bytes + 1, 'x')));
}

TEST(LocalArtifacts, StaysInItsFolder) {
  const fs::path home = fs::temp_directory_path() / ("ciclo-portability-" + std::to_string(::getpid()));
  fs::create_directories(home / "store/1/r1/artifacts/model");
  fs::create_directories(home / "other");
  std::ofstream(home / "store/1/r1/artifacts/model/MLmodel") << "x";
  std::ofstream(home / "other/secret") << "secret";
  fs::create_symlink(home / "other/secret", home / "store/1/r1/artifacts/leak");
  fs::create_directories(home / "store/1/r2");
  fs::create_directory_symlink(home / "other", home / "store/1/r2/artifacts");
  const LocalArtifacts local((home / "store").string(), "");
  std::vector<std::string> skipped;
  const auto files =
      local.list({.uri = "/etc", .experiment_id = "1", .folder = "r1/artifacts", .run_id = "r1"}, skipped);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().path, "model/MLmodel");
  EXPECT_EQ(skipped.size(), 1U);
  // A folder that is a link, a place that is not the run's own, a path that climbs.
  EXPECT_FALSE(local.list({.uri = "/x", .experiment_id = "1", .folder = "r2/artifacts", .run_id = "r2"}, skipped));
  EXPECT_FALSE(local.list(
      {.uri = (home / "other").string(), .experiment_id = "9", .folder = "r3/artifacts", .run_id = "r3"}, skipped));
  EXPECT_FALSE(local.list(
      {.uri = "mlflow-artifacts:/../other", .experiment_id = "9", .folder = "r3/artifacts", .run_id = "r3"}, skipped));
  fs::remove_all(home);
}

TEST(Report, TellsTheSameThingOnce) {
  Report report;
  report.line("runs").found = 12'345;
  report.differ("run a", "it ended differently here");
  report.differ("run b", "it ended differently here");
  const std::string text = render(report, false);
  EXPECT_NE(text.find("12,345"), std::string::npos) << text;
  EXPECT_NE(text.find("run a: it ended differently here (and 1 more)"), std::string::npos) << text;
}

}  // namespace
}  // namespace ciclo::portability
