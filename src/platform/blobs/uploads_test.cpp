// Uploads in several requests: forward from an offset, in parts, over the end of the process, and abandoned.
#include "platform/blobs/uploads.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "platform/blobs/checksum.hpp"

namespace ciclo::blobs {
namespace {

namespace fs = std::filesystem;

std::string sha256_of(std::string_view text) {
  Sha256 sum;
  sum.add(text);
  return sum.finish();
}

// The text in pieces of `size` bytes, and then an end or a failure.
PieceSource pieces(std::string text, std::size_t size = 7, bool breaks = false) {
  return [text = std::move(text), size, breaks, at = std::size_t{0}]() mutable -> Result<std::string> {
    if (at >= text.size() && breaks) return fail(ErrorCode::unavailable, "the client went away");
    std::string piece = text.substr(std::min(at, text.size()), size);
    at += piece.size();
    return piece;
  };
}

class UploadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/ciclo-uploads-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    root_ = folder;
    open();
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(root_);
  }
  void open() {
    store_.reset();
    auto made = open_folder_store(root_);
    ASSERT_TRUE(made) << made.error().text();
    store_ = std::move(*made);
  }
  Uploads& uploads() { return store_->uploads(); }
  std::string begin(NewUpload request = {}) {
    if (request.key.empty()) request.key = "dev/a";
    const auto begun = uploads().begin(request);
    EXPECT_TRUE(begun) << begun.error().text();
    return begun ? begun->id : "";
  }
  static ErrorCode code_of(const auto& result) { return result ? ErrorCode::internal : result.error().code; }

  fs::path root_;
  std::unique_ptr<BlobStore> store_;
};

TEST(Sha256Test, GoesOnFromItsState) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    Sha256 sum;
    sum.add(text);
    auto resumed = Sha256::resume(sum.state(), text.size());
    ASSERT_TRUE(resumed) << i;
    resumed->add("and more");
    EXPECT_EQ(resumed->finish(), sha256_of(text + "and more")) << i;
    text += static_cast<char>('a' + i % 26);
  }
  EXPECT_FALSE(Sha256::resume("", 0));
  EXPECT_FALSE(Sha256::resume(Sha256().state(), 1)) << "a byte is missing";
  EXPECT_FALSE(Sha256::resume(std::string(64, 'x'), 64));
}

TEST_F(UploadsTest, GoesForwardAndOverARestart) {
  const std::string text = "the first half, and the second one";
  const std::string id = begin({.key = "dev/a", .owner = "ana", .size = text.size(), .sha256 = sha256_of(text)});
  ASSERT_TRUE(uploads().append(id, 0, pieces(text.substr(0, 14))));
  open();
  const auto found = uploads().find(id);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->offset, 14U);
  EXPECT_EQ(found->owner, "ana");
  EXPECT_FALSE(store_->stat("dev/a")) << "nothing is to be seen before the end";
  EXPECT_EQ(code_of(uploads().complete(id, "")), ErrorCode::conflict) << "20 bytes are missing";
  EXPECT_EQ(code_of(uploads().append(id, 13, pieces("x"))), ErrorCode::conflict);
  ASSERT_TRUE(uploads().append(id, 14, pieces(text.substr(14))));
  const auto done = uploads().complete(id, "");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->sha256, sha256_of(text));
  EXPECT_EQ(*store_->get("dev/a"), text);
  EXPECT_EQ(store_->stat("dev/a")->sha256, sha256_of(text));
  EXPECT_EQ(uploads().complete(id, "")->sha256, sha256_of(text)) << "an answer that was lost is given again";
  EXPECT_TRUE(uploads().find(id)->is_complete);
}

TEST_F(UploadsTest, KeepsWhatCameBeforeTheClientWentAway) {
  const std::string id = begin();
  EXPECT_EQ(code_of(uploads().append(id, 0, pieces("0123456789", 4, true))), ErrorCode::unavailable);
  EXPECT_EQ(uploads().find(id)->offset, 10U);
  ASSERT_TRUE(uploads().append(id, 10, pieces("ab")));
  ASSERT_TRUE(uploads().complete(id, sha256_of("0123456789ab")));
  EXPECT_EQ(*store_->get("dev/a"), "0123456789ab");
}

TEST_F(UploadsTest, CountsNothingBehindTheLastCheckpoint) {
  const std::string id = begin();
  ASSERT_TRUE(uploads().append(id, 0, pieces("kept")));
  std::ofstream(root_ / "uploads" / id / "data", std::ios::app) << " and torn";
  open();
  EXPECT_EQ(uploads().find(id)->offset, 4U);
  ASSERT_TRUE(uploads().append(id, 4, pieces("!")));
  ASSERT_TRUE(uploads().complete(id, ""));
  EXPECT_EQ(*store_->get("dev/a"), "kept!");
}

TEST_F(UploadsTest, RefusesOtherBytesThanAnnounced) {
  const std::string wrong = begin({.key = "dev/a", .sha256 = sha256_of("right")});
  ASSERT_TRUE(uploads().append(wrong, 0, pieces("wrong")));
  EXPECT_EQ(code_of(uploads().complete(wrong, "")), ErrorCode::invalid);
  EXPECT_EQ(code_of(uploads().find(wrong)), ErrorCode::not_found) << "no byte more could make it right";
  const std::string longer = begin({.key = "dev/a", .size = 4});
  EXPECT_EQ(code_of(uploads().append(longer, 0, pieces("12345", 5))), ErrorCode::invalid);
  EXPECT_EQ(uploads().find(longer)->offset, 0U);
  EXPECT_FALSE(store_->stat("dev/a"));
  EXPECT_EQ(code_of(uploads().begin({.key = "../a"})), ErrorCode::invalid);
  for (const char* id : {"", "..", "../objects", "0123456789abcdef0123456789abcdeF"})
    EXPECT_EQ(code_of(uploads().find(id)), ErrorCode::not_found) << id;
}

TEST_F(UploadsTest, TheSameIdGoesOn) {
  const NewUpload request{.id = std::string(32, 'a'), .key = "dev/a", .owner = "ana"};
  begin(request);
  ASSERT_TRUE(uploads().append(request.id, 0, pieces("abc")));
  EXPECT_EQ(uploads().begin(request)->offset, 3U);
  NewUpload other = request;
  other.owner = "eva";
  EXPECT_EQ(code_of(uploads().begin(other)), ErrorCode::conflict);
  ASSERT_TRUE(uploads().complete(request.id, ""));
  EXPECT_TRUE(uploads().begin(request)->is_complete);
  ASSERT_TRUE(store_->remove("dev/a"));
  const auto anew = uploads().begin(request);
  EXPECT_FALSE(anew->is_complete);
  EXPECT_EQ(anew->offset, 0U);
}

TEST_F(UploadsTest, JoinsPartsThatCameInAnyOrder) {
  const std::string id = begin({.key = "dev/big", .parts = 3});
  ASSERT_TRUE(uploads().put_part(id, 3, "", pieces("three")));
  ASSERT_TRUE(uploads().put_part(id, 1, "", pieces("wrong ")));
  open();
  const auto first = uploads().put_part(id, 1, "", pieces("one "));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sha256, sha256_of("one "));
  EXPECT_EQ(code_of(uploads().put_part(id, 4, "", pieces("x"))), ErrorCode::invalid);
  EXPECT_EQ(code_of(uploads().put_part(id, 0, "", pieces("x"))), ErrorCode::invalid);
  auto parts = *uploads().parts(id);
  EXPECT_EQ(parts.size(), 2U);
  EXPECT_EQ(code_of(uploads().join(id, parts)), ErrorCode::invalid) << "part 2 is missing";
  EXPECT_EQ(code_of(uploads().put_part(id, 2, sha256_of("two "), pieces("tow "))), ErrorCode::invalid);
  ASSERT_TRUE(uploads().put_part(id, 2, sha256_of("two "), pieces("two ")));
  parts = *uploads().parts(id);
  auto twice = parts;
  twice.push_back(parts.front());
  EXPECT_EQ(code_of(uploads().join(id, twice)), ErrorCode::invalid);
  auto other = parts;
  other[0].sha256 = sha256_of("wrong ");
  EXPECT_EQ(code_of(uploads().join(id, other)), ErrorCode::invalid) << "that part was replaced";
  EXPECT_FALSE(store_->stat("dev/big"));
  const auto done = uploads().join(id, {parts[2], parts[0], parts[1]});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(*store_->get("dev/big"), "one two three");
  EXPECT_EQ(done->sha256, sha256_of("one two three"));
  EXPECT_EQ(uploads().join(id, parts)->sha256, done->sha256) << "again";
  EXPECT_EQ(code_of(uploads().put_part(id, 1, "", pieces("late"))), ErrorCode::conflict);
}

TEST_F(UploadsTest, EndedWhileItRemovedPartsItIsComplete) {
  const std::string id = begin({.key = "dev/a", .parts = 2});
  std::vector<Part> parts;
  for (const std::size_t number : {1U, 2U})
    parts.push_back(*uploads().put_part(id, number, "", pieces(number == 1 ? "one" : "two")));
  const fs::path left = root_ / fs::path("uploads") / id / fmt::format("part-2-{}", parts[1].sha256);
  ASSERT_TRUE(fs::exists(left));
  ASSERT_TRUE(uploads().join(id, parts));
  ASSERT_FALSE(fs::exists(left));
  std::ofstream(left) << "two";  // as if the first part was removed, and the second not yet
  open();
  EXPECT_TRUE(uploads().find(id)->is_complete);
  const auto again = uploads().join(id, parts);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->sha256, sha256_of("onetwo"));
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(UploadsTest, EndedBeforeItsEmptyBlobWasThereItIsNotComplete) {
  const std::string id = begin({.key = "dev/none", .parts = 0});
  std::ofstream(root_ / "uploads" / id / "done") << sha256_of("") << " 0\n";
  open();
  EXPECT_FALSE(uploads().find(id)->is_complete);
  ASSERT_TRUE(uploads().join(id, {}));
  EXPECT_TRUE(store_->stat("dev/none"));
}

TEST_F(UploadsTest, AnUploadWithoutPartsIsEmpty) {
  const std::string id = begin({.key = "dev/empty", .parts = 0});
  ASSERT_TRUE(uploads().join(id, {}));
  EXPECT_EQ(*store_->get("dev/empty"), "");
}

TEST_F(UploadsTest, LetsOneRequestAtATimeWriteForward) {
  const std::string id = begin();
  const auto appended = uploads().append(id, 0, [&, turn = 0]() mutable -> Result<std::string> {
    EXPECT_EQ(code_of(uploads().append(id, 0, pieces("x"))), ErrorCode::conflict);
    EXPECT_EQ(code_of(uploads().complete(id, "")), ErrorCode::conflict);
    return std::string(turn++ == 0 ? "abc" : "");
  });
  EXPECT_EQ(appended->offset, 3U);
}

TEST_F(UploadsTest, AbandonedWhileARequestWrites) {
  const std::string id = begin();
  EXPECT_FALSE(uploads().append(id, 0, [&, turn = 0]() mutable -> Result<std::string> {
    EXPECT_TRUE(uploads().abandon(id));
    return std::string(turn++ == 0 ? "abc" : "");
  }));
  EXPECT_EQ(code_of(uploads().find(id)), ErrorCode::not_found);
  EXPECT_TRUE(uploads().abandon(id));
  EXPECT_TRUE(fs::is_empty(root_ / "uploads"));
}

TEST_F(UploadsTest, ForgetsWhatWasAbandonedLongAgo) {
  const std::string old = begin({.key = "dev/old"});
  const std::string young = begin({.key = "dev/young"});
  const timespec longAgo{::time(nullptr) - std::chrono::seconds(upload_lifetime).count() - 1, 0};
  const timespec times[2] = {longAgo, longAgo};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / "uploads" / old).c_str(), times, 0), 0);
  EXPECT_EQ(code_of(uploads().find(old)), ErrorCode::not_found);
  open();
  EXPECT_FALSE(fs::exists(root_ / "uploads" / old));
  EXPECT_TRUE(uploads().find(young));
}

// A server that ended between the two last steps: the checksum is written down, the blob has no key yet.
TEST_F(UploadsTest, TakesTheLastStepAgain) {
  const std::string id = begin();
  ASSERT_TRUE(uploads().append(id, 0, pieces("abc")));
  std::ofstream(root_ / "uploads" / id / "done") << sha256_of("abc") << " 3\n";
  open();
  EXPECT_FALSE(uploads().find(id)->is_complete);
  ASSERT_TRUE(uploads().complete(id, ""));
  EXPECT_EQ(*store_->get("dev/a"), "abc");
}

TEST_F(UploadsTest, KilledWhileWritingLosesNothingAcknowledged) {
  const std::string id = begin();
  int acknowledged[2];
  ASSERT_EQ(::pipe(acknowledged), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_folder_store(root_);
    std::uint64_t offset = 0;
    while (true) {
      const auto appended = (*store)->uploads().append(id, offset, pieces(std::string(1000, 'x'), 100));
      if (!appended) ::_exit(1);
      offset = appended->offset;
      if (::write(acknowledged[1], &offset, sizeof(offset)) != sizeof(offset)) ::_exit(2);
    }
  }
  std::uint64_t last = 0;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(::read(acknowledged[0], &last, sizeof(last)), ssize_t{sizeof(last)});
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(acknowledged[1]);
  for (std::uint64_t more = 0; ::read(acknowledged[0], &more, sizeof(more)) == ssize_t{sizeof(more)};) last = more;
  ::close(acknowledged[0]);
  open();
  const auto found = uploads().find(id);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_GE(found->offset, last);
  ASSERT_TRUE(uploads().complete(id, sha256_of(std::string(found->offset, 'x'))));
}

}  // namespace
}  // namespace ciclo::blobs
