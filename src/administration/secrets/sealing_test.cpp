#include "administration/secrets/sealing.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ciclo::administration {
namespace {

TEST(Sealer, OpensWhatItSealedAndNothingElse) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-seal-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto sealer = Sealer::open(folder / "key");
  ASSERT_TRUE(sealer);
  const std::string sealed = sealer->seal("hunter2");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_NE(sealed, sealer->seal("hunter2"));
  EXPECT_EQ(*Sealer::open(folder / "key")->open_sealed(sealed), "hunter2");
  EXPECT_FALSE(Sealer::open(folder / "other")->open_sealed(sealed));
  std::string changed = sealed;
  changed[sealed.size() / 2] = changed[sealed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(sealer->open_sealed(changed));
  EXPECT_FALSE(sealer->open_sealed("AAAA"));
  ::chmod((folder / "key").c_str(), 0644);
  EXPECT_EQ(Sealer::open(folder / "key").error().code, ErrorCode::denied);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ciclo::administration
