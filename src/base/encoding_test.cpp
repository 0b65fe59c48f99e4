#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"

namespace ciclo {
namespace {

// RFC 4648 §10.
TEST(Base64, HasTheVectorsOfItsStandard) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
    std::string bare = text;
    bare.erase(bare.find_last_not_of('=') + 1);
    EXPECT_EQ(encode_base64url(bytes), bare);
    EXPECT_EQ(decode_base64url(bare), bytes);
  }
  EXPECT_EQ(encode_base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "-_8=", "Z", "Zm9vZ"})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  for (const char* text : {"Zg==", "Zh", "Zm9", "+/8", "Z", "Zm9vZ", "Z\xc3\xa9=="})
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
}

TEST(Hexadecimal, IsReadInEitherCase) {
  EXPECT_EQ(decode_hex("00fFa0"), std::string("\0\xff\xa0", 3));
  EXPECT_EQ(decode_hex(hex_of("bytes")), "bytes");
  for (const char* text : {"0", "0g", "0x00", " 0"}) EXPECT_EQ(decode_hex(text), std::nullopt) << text;
}

}  // namespace
}  // namespace ciclo
