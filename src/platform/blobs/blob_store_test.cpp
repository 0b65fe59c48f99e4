// What BlobStore promises, checked on every store. A new store adds one maker to the list at the end.
#include "platform/blobs/blob_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

namespace ciclo::blobs {
namespace {

namespace fs = std::filesystem;

// The SHA-256 of "abc" (FIPS 180-2, appendix B.1) and of nothing.
constexpr auto sha256_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Maker {
  std::string name;
  std::function<Result<std::unique_ptr<BlobStore>>(const fs::path& folder)> make;
};

class BlobStoreContract : public ::testing::TestWithParam<Maker> {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/ciclo-blobs-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    auto made = GetParam().make(folder_ / "store");
    ASSERT_TRUE(made) << made.error().text();
    store_ = std::move(*made);
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  std::string keys(const std::string& folder) {
    std::string text;
    const auto walked = store_->walk(folder);
    EXPECT_TRUE(walked) << walked.error().text();
    for (const BlobInfo& info : *walked) text += info.key + " ";
    return text;
  }

  std::string names(const std::string& folder) {
    std::string text;
    const auto listed = store_->list(folder);
    EXPECT_TRUE(listed) << listed.error().text();
    for (const Listed& entry : *listed) text += entry.name + (entry.is_folder ? "/ " : " ");
    return text;
  }

  fs::path write_file(const std::string& relative, const std::string& text) const {
    const fs::path path = folder_ / "source" / relative;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  fs::path folder_;
  std::unique_ptr<BlobStore> store_;
};

TEST_P(BlobStoreContract, GivesBackWhatWasPut) {
  const auto info = store_->put("dev/models/a", "abc");
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->key, "dev/models/a");
  EXPECT_EQ(info->size, 3U);
  EXPECT_EQ(info->sha256, sha256_of_abc);
  EXPECT_GT(info->modified_ms, 0);
  EXPECT_EQ(*store_->get("dev/models/a"), "abc");
  EXPECT_EQ(store_->stat("dev/models/a")->sha256, sha256_of_abc);
  EXPECT_EQ(store_->put("empty", "")->sha256, sha256_of_nothing);
  EXPECT_EQ(*store_->get("empty"), "");
}

TEST_P(BlobStoreContract, ReplacesWhole) {
  ASSERT_TRUE(store_->put("a", "a longer text"));
  const auto reader = store_->open("a");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(store_->put("a", "abc"));
  EXPECT_EQ(*store_->get("a"), "abc");
  EXPECT_EQ(store_->stat("a")->sha256, sha256_of_abc);
  EXPECT_EQ(*(*reader)->read(100), "a longer text") << "who opened it before goes on reading the old bytes";
}

TEST_P(BlobStoreContract, ShowsNothingBeforeCommit) {
  {
    const auto writer = store_->create("a");
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append("abc"));
    EXPECT_EQ(store_->stat("a").error().code, ErrorCode::not_found);
  }
  EXPECT_EQ(store_->get("a").error().code, ErrorCode::not_found);
  EXPECT_EQ(names(""), "");
}

TEST_P(BlobStoreContract, RefusesBytesThatAreNotThoseAnnounced) {
  ASSERT_TRUE(store_->put("a", "old"));
  const auto wrong = store_->create("a");
  ASSERT_TRUE((*wrong)->append("abd"));
  EXPECT_EQ((*wrong)->commit(sha256_of_abc).error().code, ErrorCode::invalid);
  EXPECT_EQ(*store_->get("a"), "old");
  const auto right = store_->create("a");
  ASSERT_TRUE((*right)->append("ab"));
  ASSERT_TRUE((*right)->append("c"));
  EXPECT_TRUE((*right)->commit(sha256_of_abc));
  EXPECT_FALSE((*right)->commit(sha256_of_abc));
  EXPECT_FALSE((*right)->append("d"));
  EXPECT_EQ(*store_->get("a"), "abc");
}

TEST_P(BlobStoreContract, ReadsRanges) {
  ASSERT_TRUE(store_->put("a", "0123456789"));
  const auto range = [&](std::uint64_t offset, std::optional<std::uint64_t> length) {
    const auto reader = store_->open("a", offset, length);
    EXPECT_TRUE(reader) << reader.error().text();
    const std::string first = *(*reader)->read(2);
    const std::string rest = *(*reader)->read(100);
    EXPECT_EQ(first.size() + rest.size(), (*reader)->size());
    EXPECT_EQ(*(*reader)->read(1), "");
    return first + rest;
  };
  EXPECT_EQ(range(0, std::nullopt), "0123456789");
  EXPECT_EQ(range(3, 4), "3456");
  EXPECT_EQ(range(8, 100), "89");
  EXPECT_EQ(range(10, std::nullopt), "");
  EXPECT_EQ(store_->open("a", 11).error().code, ErrorCode::invalid);
  EXPECT_EQ(store_->get("a", 9).error().code, ErrorCode::too_large);
}

TEST_P(BlobStoreContract, ListsAndWalks) {
  for (const char* key : {"w/a/b", "w/a.txt", "w/a/c/d", "w/b", "x"}) ASSERT_TRUE(store_->put(key, "1"));
  EXPECT_EQ(names(""), "w/ x ");
  EXPECT_EQ(names("w"), "a/ a.txt b ");
  EXPECT_EQ(names("w/a"), "b c/ ");
  EXPECT_EQ(names("nothing/here"), "");
  EXPECT_EQ(names("x"), "") << "a blob is no folder";
  EXPECT_EQ(keys("w"), "w/a.txt w/a/b w/a/c/d w/b ");
  EXPECT_EQ(keys(""), "w/a.txt w/a/b w/a/c/d w/b x ");
  EXPECT_EQ(keys("w/a."), "");
}

TEST_P(BlobStoreContract, Removes) {
  for (const char* key : {"w/a/b", "w/a/c/d", "w/b"}) ASSERT_TRUE(store_->put(key, "1"));
  EXPECT_TRUE(store_->remove("w/a/c/d"));
  EXPECT_EQ(names("w/a"), "b ") << "a folder without blobs does not exist";
  EXPECT_TRUE(store_->remove("w/a/c/d"));
  EXPECT_TRUE(store_->remove("w/a"));
  EXPECT_TRUE(store_->remove_tree("w/b"));
  EXPECT_EQ(keys("w"), "w/a/b w/b ");
  EXPECT_TRUE(store_->remove_tree("w/a"));
  EXPECT_TRUE(store_->remove_tree("w/a"));
  EXPECT_EQ(keys(""), "w/b ");
  EXPECT_FALSE(store_->remove_tree(""));
  ASSERT_TRUE(store_->put("w/a", "abc"));
  EXPECT_EQ(*store_->get("w/a"), "abc");
}

TEST_P(BlobStoreContract, KeepsFilesAndFoldersApart) {
  ASSERT_TRUE(store_->put("a/b", "1"));
  EXPECT_EQ(store_->put("a", "2").error().code, ErrorCode::conflict);
  EXPECT_EQ(store_->put("a/b/c", "2").error().code, ErrorCode::conflict);
  EXPECT_EQ(store_->get("a").error().code, ErrorCode::not_found);
  EXPECT_EQ(store_->get("a/b/c").error().code, ErrorCode::not_found);
  EXPECT_EQ(keys(""), "a/b ");
}

TEST_P(BlobStoreContract, RefusesWhatIsNoKey) {
  for (const char* key : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\nb", "\x7f", "\xff", "a\xC2\x80"}) {
    EXPECT_EQ(store_->put(key, "1").error().code, ErrorCode::invalid) << key;
    EXPECT_EQ(store_->get(key).error().code, ErrorCode::invalid) << key;
    EXPECT_EQ(store_->remove(key).error().code, ErrorCode::invalid) << key;
  }
  EXPECT_EQ(store_->list("..").error().code, ErrorCode::invalid);
  EXPECT_EQ(store_->walk("../..").error().code, ErrorCode::invalid);
  EXPECT_EQ(store_->local_path("../x"), std::nullopt);
}

TEST_P(BlobStoreContract, PutsTrees) {
  write_file("tree/MLmodel", "abc");
  write_file("tree/data/run.sh", "#!/bin/sh");
  const fs::path file = write_file("single.txt", "one");
  ASSERT_TRUE(store_->put_tree("t", folder_ / "source/tree"));
  ASSERT_TRUE(store_->put_tree("s/renamed.txt", file));
  EXPECT_EQ(keys(""), "s/renamed.txt t/MLmodel t/data/run.sh ");
  EXPECT_EQ(store_->stat("t/MLmodel")->sha256, sha256_of_abc);
  EXPECT_EQ(*store_->get("s/renamed.txt"), "one");
  EXPECT_EQ(store_->put_tree("t", folder_ / "source/absent").error().code, ErrorCode::not_found);
}

TEST_P(BlobStoreContract, PutsManyFilesAtOnce) {
  for (int i = 0; i < 200; ++i)
    write_file("many/" + std::to_string(i % 7) + "/" + std::to_string(i), std::to_string(i));
  ASSERT_TRUE(store_->put_tree("many", folder_ / "source/many"));
  EXPECT_EQ(store_->walk("many")->size(), 200U);
  EXPECT_EQ(*store_->get("many/3/10"), "10");
}

TEST_P(BlobStoreContract, RefusesTreesItMustNotTake) {
  write_file("bad/a", "1");
  write_file("bad/below/b", "22");
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad", {.max_files = 1}).error().code, ErrorCode::too_large);
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad", {.max_bytes = 2}).error().code, ErrorCode::too_large);
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad", {.max_depth = 0}).error().code, ErrorCode::too_large);
  fs::create_symlink("/etc/passwd", folder_ / "source/bad/below/link");
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad").error().code, ErrorCode::invalid);
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad/below/link").error().code, ErrorCode::invalid);
  fs::remove(folder_ / "source/bad/below/link");
  ASSERT_EQ(::mkfifo((folder_ / "source/bad/pipe").c_str(), 0600), 0);
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad").error().code, ErrorCode::invalid);
  EXPECT_EQ(store_->put_tree("x", folder_ / "source/bad/pipe").error().code, ErrorCode::invalid);
  EXPECT_EQ(keys(""), "");
}

TEST_P(BlobStoreContract, WritersOfOneKeyEachWinWhole) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        EXPECT_TRUE(store_->put("shared/key", std::string(50'000, static_cast<char>('a' + i))));
        const auto read = store_->get("shared/key");
        EXPECT_TRUE(read) << read.error().text();
        EXPECT_EQ(read.value_or(""), std::string(50'000, read.value_or("x").front()));
        const auto put = store_->put("other/deep/key" + std::to_string(i), "1");
        EXPECT_TRUE(put) << put.error().text();
        EXPECT_TRUE(store_->remove("other/deep/key" + std::to_string(i)));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(keys(""), "shared/key ");
}

INSTANTIATE_TEST_SUITE_P(Stores, BlobStoreContract,
                         ::testing::Values(Maker{"Folder",
                                                 [](const fs::path& folder) { return open_folder_store(folder); }}),
                         [](const auto& store) { return store.param.name; });

}  // namespace
}  // namespace ciclo::blobs
