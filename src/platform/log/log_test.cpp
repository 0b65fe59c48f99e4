#include "platform/log/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/json.hpp"

namespace ciclo::log {
namespace {

struct Captured {
  FakeClock clock;
  std::vector<std::string> lines;
  std::unique_ptr<Logger> logger =
      Logger::to([this](std::string_view line) { lines.emplace_back(line); }, Level::info, clock);
};

TEST(Log, WritesOneJsonObjectALine) {
  Captured captured;
  captured.logger->info("server", "listening",
                        {{"address", "127.0.0.1:80"}, {"workers", 32}, {"tls", false}, {"load", 0.5}});
  ASSERT_EQ(captured.lines.size(), 1U);
  EXPECT_EQ(captured.lines[0],
            R"({"time":"2023-11-14T22:13:20.000Z","level":"info","component":"server","message":"listening",)"
            R"("address":"127.0.0.1:80","workers":32,"tls":false,"load":0.5})");
}

TEST(Log, KeepsToItsLevel) {
  Captured captured;
  captured.logger->debug("x", "hidden");
  captured.logger->warning("x", "shown");
  captured.logger->set_level(Level::off);
  captured.logger->error("x", "hidden");
  EXPECT_EQ(captured.lines.size(), 1U);
  EXPECT_EQ(level_named("warn"), Level::warning);
  EXPECT_EQ(level_named("loud"), std::nullopt);
}

TEST(Log, ALineBreakOrBadTextCannotForgeALine) {
  Captured captured;
  captured.logger->info("x", "a\nb\xff", {{"message", "c\r\n"}});
  ASSERT_EQ(captured.lines.size(), 1U);
  EXPECT_EQ(captured.lines[0].find('\n'), std::string::npos);
  const auto line = parse_json(captured.lines[0]);
  ASSERT_TRUE(line) << line.error().text();
  EXPECT_EQ(text_or(*line, "field_message"), "c\r\n");
}

TEST(Log, NeverWritesASecret) {
  Captured captured;
  captured.logger->info("x", "sent Authorization: Bearer abc123",
                        {{"db_password", "abc123"}, {"url", "https://u:abc123@h/p?sig=abc123&x=1"}});
  ASSERT_EQ(captured.lines.size(), 1U);
  EXPECT_EQ(captured.lines[0].find("abc123"), std::string::npos) << captured.lines[0];
}

TEST(Redact, CutsOutCredentialsOnly) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"nothing here", "nothing here"},
      {"password=hunter2 next", "password=*** next"},
      {R"({"password": "a b", "user": "x"})", R"({"password": ***, "user": "x"})"},
      {"AccountName=n;AccountKey=k==;End=1", "AccountName=n;AccountKey=***;End=1"},
      {"GET /x?sig=ab%20c&se=1", "GET /x?sig=***&se=1"},
      {"postgres://user:pw@host:5432/db", "postgres://user:***@host:5432/db"},
      {"http://host:80/a@b", "http://host:80/a@b"},
      {"Bearer xyz", "Bearer ***"},
      {"authorization: basic eHl6", "authorization: basic ***"},
      {"the token was refused", "the token was refused"},
      {"api-key: 1", "api-key: ***"},
      {"key=value", "key=value"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(redact(text), expected);
}

TEST(Redact, KnowsNames) {
  EXPECT_TRUE(names_secret("X-Api-Key"));
  EXPECT_TRUE(names_secret("sas_token"));
  EXPECT_FALSE(names_secret("tokens_used"));
  EXPECT_FALSE(names_secret("primary_metric"));
}

TEST(Log, WritesToAFileFromManyThreads) {
  const auto folder = std::filesystem::temp_directory_path() / ("ciclo_log_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const SystemClock clock;
  Settings settings;
  settings.file = (folder / "ciclo.log").string();
  {
    auto logger = Logger::open(settings, clock);
    ASSERT_TRUE(logger) << logger.error().text();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&logger, t] {
        for (int i = 0; i < 250; ++i) (*logger)->info("thread", "line", {{"thread", t}, {"i", i}});
      });
    }
  }
  std::ifstream file(settings.file);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) EXPECT_TRUE(parse_json(line)) << line;
  EXPECT_EQ(lines, 1000);
  std::filesystem::remove_all(folder);
}

TEST(Log, AFileThatCannotBeWrittenIsNamed) {
  const SystemClock clock;
  Settings settings;
  settings.file = "/proc/no/such/place.log";
  const auto logger = Logger::open(settings, clock);
  ASSERT_FALSE(logger);
  EXPECT_EQ(logger.error().code, ErrorCode::invalid);
  EXPECT_NE(logger.error().message.find(settings.file), std::string::npos);
}

TEST(Log, SilentWritesNothing) {
  const auto logger = Logger::silent();
  EXPECT_FALSE(logger->writes(Level::error));
  logger->error("x", "y");
}

}  // namespace
}  // namespace ciclo::log
