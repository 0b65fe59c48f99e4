// What is particular to the store in a folder: damage, leftovers, rights, a full disk.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "platform/blobs/blob_store.hpp"

namespace ciclo::blobs {
namespace {

namespace fs = std::filesystem;

class FolderStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/ciclo-blobs-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    open();
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  void open() {
    auto made = open_folder_store(root());
    ASSERT_TRUE(made) << made.error().text();
    store_ = std::move(*made);
  }
  fs::path root() const { return folder_ / "below/store"; }
  // All below temporary/ but the lock.
  std::size_t temporary_files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root() / "temporary"))
      count += entry.is_regular_file() && entry.path().filename() != "lock" ? 1 : 0;
    return count;
  }
  static void overwrite(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::in) << text;
  }

  fs::path folder_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(FolderStoreTest, IsForItsOwnerOnly) {
  ASSERT_TRUE(store_->put("a/b", "1"));
  for (const fs::path& folder : {root(), *store_->local_path("a")}) {
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all) << folder;
  }
  EXPECT_EQ(fs::status(*store_->local_path("a/b")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FolderStoreTest, NoticesDamageWhenReadingWhole) {
  ASSERT_TRUE(store_->put("a", "0123456789"));
  overwrite(*store_->local_path("a"), "01X");
  EXPECT_EQ(store_->get("a").error().code, ErrorCode::internal);
  const auto reader = store_->open("a");
  EXPECT_EQ(*(*reader)->read(5), "01X34");
  EXPECT_EQ((*reader)->read(5).error().code, ErrorCode::internal) << "the last piece is not given out";
  const auto range = store_->open("a", 1, 3);
  EXPECT_EQ(*(*range)->read(10), "1X3");
  fs::resize_file(*store_->local_path("a"), 0);
  EXPECT_EQ(store_->get("a").error().code, ErrorCode::internal);
}

TEST_F(FolderStoreTest, MakesALostOrTornChecksumAnew) {
  const auto info = store_->put("d/a", "abc");
  for (const char* torn : {"", "ba78", "no hexadecimal digits"}) {
    std::ofstream(root() / "checksums/d/a", std::ios::trunc) << torn;
    EXPECT_EQ(*store_->get("d/a"), "abc");
    EXPECT_EQ(store_->stat("d/a")->sha256, info->sha256);
  }
  fs::remove_all(root() / "checksums/d");
  EXPECT_EQ(*store_->get("d/a"), "abc");
  EXPECT_EQ(store_->stat("d/a")->sha256, info->sha256);
  overwrite(*store_->local_path("d/a"), "abd");
  EXPECT_FALSE(store_->get("d/a")) << "recorded again by stat()";
}

TEST_F(FolderStoreTest, NeverFollowsLinksInsideOfTheStore) {
  ASSERT_TRUE(store_->put("a/b", "1"));
  fs::create_symlink("/etc", *store_->local_path("a") / "link");
  EXPECT_EQ(store_->get("a/link/passwd").error().code, ErrorCode::not_found);
  EXPECT_TRUE(store_->list("a/link")->empty());
  EXPECT_EQ(store_->walk("a")->size(), 1U);
  EXPECT_TRUE(store_->remove_tree("a"));
  EXPECT_TRUE(fs::exists("/etc/passwd"));
}

TEST_F(FolderStoreTest, KeepsTheRightToExecute) {
  const fs::path source = folder_ / "code";
  fs::create_directory(source);
  std::ofstream(source / "run.sh") << "#!/bin/sh";
  fs::permissions(source / "run.sh", fs::perms::owner_all);
  ASSERT_TRUE(store_->put_tree("code", source));
  EXPECT_EQ(fs::status(*store_->local_path("code/run.sh")).permissions(), fs::perms::owner_all);
}

TEST_F(FolderStoreTest, RemovesOldLeftoversOnly) {
  const fs::path old_file = root() / "temporary/old";
  const fs::path new_file = root() / "temporary/new";
  for (const fs::path& file : {old_file, new_file}) std::ofstream(file) << "x";
  fs::last_write_time(old_file, fs::file_time_type::clock::now() - std::chrono::hours(25));
  open();
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_TRUE(fs::exists(new_file));
}

TEST_F(FolderStoreTest, RemovesWhatAnEndedProcessLeftBehindAtOnce) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_folder_store(root());
    const auto writer = (*store)->create("a");
    ::_exit((*writer)->append("half of it") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ASSERT_EQ(temporary_files(), 1U);
  // A living one keeps its own.
  const auto writer = store_->create("b");
  ASSERT_TRUE((*writer)->append("in the making"));
  const auto other = open_folder_store(root());
  ASSERT_TRUE(other);
  EXPECT_EQ(temporary_files(), 1U);
  EXPECT_TRUE((*writer)->commit());
  EXPECT_EQ(*store_->get("b"), "in the making");
  EXPECT_EQ(store_->get("a").error().code, ErrorCode::not_found);
}

TEST_F(FolderStoreTest, SaysWhatIsWrongWithItsFolder) {
  const fs::path file = folder_ / "file";
  std::ofstream(file) << "x";
  EXPECT_FALSE(open_folder_store(file));
  EXPECT_FALSE(open_folder_store(file / "below"));
}

// Runs `body` in a child that may write `limit` bytes to a file at most; its exit status.
template <class Body>
int with_file_limit(rlim_t limit, Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit most{limit, limit};
    ::setrlimit(RLIMIT_FSIZE, &most);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FolderStoreTest, KeepsTheOldBlobWhenTheNewOneDoesNotFit) {
  ASSERT_TRUE(store_->put("a", "old"));
  const int status = with_file_limit(10'000, [&] {
    const auto put = store_->put("a", std::string(20'000, 'x'));
    if (put || put.error().code != ErrorCode::internal || put.error().hint.empty()) return 1;
    return store_->put("b", "small") ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(*store_->get("a"), "old");
  EXPECT_EQ(*store_->get("b"), "small");
  EXPECT_EQ(temporary_files(), 0U);
}

}  // namespace
}  // namespace ciclo::blobs
