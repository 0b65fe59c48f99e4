#include "administration/secrets/sealing.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "administration/secrets/key_command.hpp"
#include "administration/secrets/key_text.hpp"
#include "administration/secrets/references.hpp"

namespace ciclo::administration {
namespace {

class SealingTest : public ::testing::Test {
 protected:
  SealingTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-seal-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~SealingTest() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
};

TEST_F(SealingTest, OpensWhatItSealedAndNothingElse) {
  const auto sealer = Sealer::open(folder / "key");
  ASSERT_TRUE(sealer);
  const std::string sealed = sealer->seal("hunter2");
  EXPECT_TRUE(sealed.starts_with("k1:" + sealer->key_id() + ":"));
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_NE(sealed, sealer->seal("hunter2"));
  EXPECT_EQ(*Sealer::open(folder / "key")->open_sealed(sealed), "hunter2");
  EXPECT_FALSE(Sealer::open(folder / "other")->open_sealed(sealed));
  std::string changed = sealed;
  changed[sealed.size() - 10] = changed[sealed.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(sealer->open_sealed(changed));
  for (const char* bad : {"", "AAAA", "k1:", "k1::", "k1:x", "not base64!"}) EXPECT_FALSE(sealer->open_sealed(bad));
}

TEST_F(SealingTest, ASealedTextIsBoundToItsPlace) {
  const auto sealer = Sealer::open(folder / "key");
  const std::string place = sealed_place("t", "c", {"a", "b"});
  const std::string sealed = sealer->seal("hunter2", place);
  EXPECT_EQ(*sealer->open_sealed(sealed, place), "hunter2");
  for (const auto& other : {std::string(), sealed_place("t", "c", {"ab", ""}), sealed_place("t", "d", {"a", "b"})})
    EXPECT_FALSE(sealer->open_sealed(sealed, other));
}

TEST_F(SealingTest, TheKeyFileIsTheOwnersAlone) {
  ASSERT_TRUE(Sealer::open(folder / "key"));
  struct stat status {};
  ASSERT_EQ(::stat((folder / "key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ::chmod((folder / "key").c_str(), 0640);
  EXPECT_EQ(Sealer::open(folder / "key").error().code, ErrorCode::denied);
  std::ofstream(folder / "short") << "too short";
  ::chmod((folder / "short").c_str(), 0600);
  const auto refused = Sealer::open(folder / "short");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text().find("too short"), std::string::npos);
  const auto missing = load_master_key({.file = folder / "missing", .may_make_file = false});
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder / "missing"));
}

TEST(KeyText, TakesHexadecimalAndBase64) {
  const std::string hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  for (const std::string& text : {hex, " " + hex + "\n", std::string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                                  std::string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")}) {
    const auto key = parse_key_text(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->data()[31], 0x1f);
  }
  for (const std::string& text : {std::string(), hex.substr(2), hex + "00", std::string("secret-but-wrong"),
                                  std::string(64, 'g'), std::string(5000, ' ') + hex}) {
    const auto key = parse_key_text(text);
    ASSERT_FALSE(key) << text;
    EXPECT_TRUE(text.empty() || key.error().text().find(text) == std::string::npos);
  }
}

TEST(KeyCommand, PrintsTheKeyInTime) {
  const std::string hex(64, 'a');
  EXPECT_EQ(run_key_command("echo " + hex, std::chrono::seconds(20))->view(), hex + "\n");
  EXPECT_EQ(run_key_command("echo x; exit 3", std::chrono::seconds(20)).error().code, ErrorCode::invalid);
  const auto flood = run_key_command("yes key", std::chrono::seconds(20));
  EXPECT_EQ(flood.error().code, ErrorCode::invalid);
  const auto slow = run_key_command("sleep 60", std::chrono::milliseconds(50));
  EXPECT_EQ(slow.error().code, ErrorCode::timeout);
  const auto bad = load_master_key({.from = MasterKeySource::From::command, .command = "echo planted-text"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text().find("planted-text"), std::string::npos);
}

TEST(KeyVariable, IsTakenOutOfTheEnvironment) {
  ::setenv("CICLO_TEST_KEY", "value-of-it", 1);
  char* place = ::getenv("CICLO_TEST_KEY");
  const auto taken = take_key_variable("CICLO_TEST_KEY");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->view(), "value-of-it");
  EXPECT_EQ(::getenv("CICLO_TEST_KEY"), nullptr);
  EXPECT_EQ(place[0], '\0');
  EXPECT_FALSE(take_key_variable("CICLO_TEST_KEY"));
}

TEST(SecretReferences, AreFoundInTexts) {
  const auto pieces = parse_secret_text("a ${{secrets.db-password}} b ${{ secrets.X_1:12 }}${{inputs.y}}");
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 5U);
  EXPECT_EQ((*pieces)[0].text, "a ");
  EXPECT_EQ((*pieces)[1].reference, (SecretReference{"db-password", 0}));
  EXPECT_EQ((*pieces)[3].reference, (SecretReference{"X_1", 12}));
  EXPECT_EQ((*pieces)[3].reference->text(), "${{secrets.X_1:12}}");
  EXPECT_EQ((*pieces)[4].text, "${{inputs.y}}");
  EXPECT_FALSE(mentions_secret("${{secret.x}} $ {{secrets.x}}"));
  for (const char* bad : {"${{secrets.}}", "${{secrets.a b}}", "${{secrets.a:0}}", "${{secrets.a:x}}", "${{secrets.a",
                          "${{secrets.a/b}}", "${{secrets.a:}}"}) {
    EXPECT_FALSE(parse_secret_text(bad)) << bad;
  }
}

TEST(SecretReferences, PointAtTheVariable) {
  const auto bad = references_in_variables({{"OK", 1}, {"A/B", "${{secrets.}}"}}, "/jobs/x/environment_variables");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().target, "/jobs/x/environment_variables/A~1B");
}

}  // namespace
}  // namespace ciclo::administration
