#include "administration/sign_in/one_time_code.hpp"

#include <gtest/gtest.h>

namespace ciclo::administration {
namespace {

const std::string rfc_secret = "12345678901234567890";

TimePoint at_second(std::int64_t second) {
  return from_unix_ms(second * 1000);
}

TEST(OneTimeCode, GivesTheValuesOfRfc6238) {
  // Appendix B, SHA-1.
  for (const auto& [second, code] :
       std::initializer_list<std::pair<std::int64_t, const char*>>{{59, "94287082"},
                                                                   {1111111109, "07081804"},
                                                                   {1111111111, "14050471"},
                                                                   {1234567890, "89005924"},
                                                                   {2000000000, "69279037"},
                                                                   {20000000000, "65353130"}})
    EXPECT_EQ(code_at(rfc_secret, step_of(at_second(second)), 8), code) << second;
  EXPECT_EQ(code_at(rfc_secret, 1), "287082");
}

TEST(OneTimeCode, IsGoodForAStepAroundAndNeverTwice) {
  const TimePoint now = at_second(1'700'000'010);
  const std::int64_t step = step_of(now);
  for (const auto& [offset, is_good] :
       std::initializer_list<std::pair<int, bool>>{{-2, false}, {-1, true}, {0, true}, {1, true}, {2, false}})
    EXPECT_EQ(matching_step(rfc_secret, code_at(rfc_secret, step + offset), now, 0).has_value(), is_good) << offset;
  EXPECT_EQ(matching_step(rfc_secret, code_at(rfc_secret, step), now, step - 1), step);
  EXPECT_FALSE(matching_step(rfc_secret, code_at(rfc_secret, step), now, step));
  EXPECT_FALSE(matching_step(rfc_secret, code_at(rfc_secret, step), now, step + 1));
  for (const char* wrong : {"", "12345", "1234567", "abcdef"})
    EXPECT_FALSE(matching_step(rfc_secret, wrong, now, 0)) << wrong;
}

TEST(Base32, GivesTheValuesOfRfc4648) {
  for (const auto& [plain, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"foobar", "MZXW6YTBOI"}}) {
    EXPECT_EQ(base32(plain), text);
    EXPECT_EQ(from_base32(text), plain);
  }
  EXPECT_EQ(from_base32("mzxw6ytboi======"), "foobar");
  for (const char* bad : {"M", "MZ1Q", "MZ", "MZXW6YTBO", "M=ZX", "ÁÁ"}) EXPECT_FALSE(from_base32(bad)) << bad;
  EXPECT_FALSE(from_base32(std::string(1025, 'A')));
}

TEST(OtpauthUri, HoldsWhatAnAppNeeds) {
  EXPECT_EQ(otpauth_uri("foobar", "maria silva", "Ciclo"),
            "otpauth://totp/Ciclo:maria%20silva?secret=MZXW6YTBOI&issuer=Ciclo&algorithm=SHA1&digits=6&period=30");
}

TEST(RecoveryCode, IsTakenHoweverItIsTyped) {
  const std::string code = recovery_code_from("0123456789");
  EXPECT_EQ(code.size(), 19U);
  const auto plain = recovery_code_of(code);
  ASSERT_TRUE(plain);
  std::string typed = " " + code + " ";
  for (char& c : typed) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(recovery_code_of(typed), plain);
  for (const char* other : {"", "123456", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mnop-q", "abcd-efgh-ijkl-mn0p"})
    EXPECT_FALSE(recovery_code_of(other)) << other;
}

}  // namespace
}  // namespace ciclo::administration
