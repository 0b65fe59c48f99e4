#include "inner_loop/jobs/log_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace ciclo::inner_loop {
namespace {

namespace fs = std::filesystem;

class LogFiles : public testing::Test {
 protected:
  LogFiles() : root_(fs::temp_directory_path() / ("ciclo_logs_" + std::to_string(getpid()))), folder_(root_, key()) {
    fs::create_directories(folder_.logs());
    std::ofstream(root_ / "secret.txt") << "secret";
    std::ofstream(folder_.logs() / "std_log.txt") << "0123456789";
  }
  ~LogFiles() override { fs::remove_all(root_); }

  static resources::ResourceKey key() {
    return {.workspace = "dev", .kind = "job", .parent = {}, .name = "j", .version = {}};
  }
  std::string read(const std::string& name, std::uint64_t offset = 0, std::size_t max = 100) {
    const auto text = read_log(folder_, name, offset, max);
    return text ? *text : std::string(name_of(text.error().code));
  }

  fs::path root_;
  JobFolder folder_;
};

TEST_F(LogFiles, ReadsPieces) {
  EXPECT_EQ(read("user_logs/std_log.txt"), "0123456789");
  EXPECT_EQ(read("std_log.txt", 3, 4), "3456");
  EXPECT_EQ(read("std_log.txt", 10), "");
  EXPECT_EQ(read("std_log.txt", ~std::uint64_t{0}), "");
}

TEST_F(LogFiles, NamesDoNotLeadOut) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../secret.txt"),
                                  std::string("user_logs/../../secret.txt"), (root_ / "secret.txt").string(),
                                  std::string("user_logs//etc/passwd"), std::string("std_log.txt\0.txt", 16)})
    EXPECT_EQ(read(name), "not_found") << name;
}

TEST_F(LogFiles, WhatIsNoPlainFileIsNoLog) {
  fs::create_symlink(root_ / "secret.txt", folder_.logs() / "link.txt");
  ASSERT_EQ(mkfifo((folder_.logs() / "pipe.txt").c_str(), 0600), 0);
  fs::create_directory(folder_.logs() / "folder.txt");
  for (const char* name : {"link.txt", "pipe.txt", "folder.txt"}) EXPECT_EQ(read(name), "not_found") << name;
  const auto files = list_logs(folder_);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "user_logs/std_log.txt");
}

}  // namespace
}  // namespace ciclo::inner_loop
