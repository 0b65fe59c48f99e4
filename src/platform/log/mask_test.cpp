#include "platform/log/mask.hpp"

#include <gtest/gtest.h>

namespace ciclo::log {
namespace {

// The same text in every pair of pieces, and byte by byte.
void expect_masked(const std::vector<std::string>& values, const std::string& text, const std::string& expected) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Masker masker(values);
    std::string out = masker.take(text.substr(0, cut));
    out += masker.take(text.substr(cut));
    out += masker.finish();
    EXPECT_EQ(out, expected) << "cut at " << cut;
  }
  Masker masker(values);
  std::string out;
  for (const char c : text) out += masker.take({&c, 1});
  EXPECT_EQ(out + masker.finish(), expected);
  EXPECT_EQ(Masker(values).mask(text), expected);
}

TEST(Masker, HidesValuesWhereverTheyAreCut) {
  expect_masked({"hunter22"}, "password hunter22, again hunter22hunter22.", "password ***, again ******.");
  expect_masked({"aaaaab"}, "aaaaaaaab aaaaa", "aaa*** aaaaa");
  expect_masked({"secret1", "secret1-longer"}, "secret1-longer secret1 secret1-long", "*** *** ***-long");
  expect_masked({"first line\nsecond line"}, "x first line y second line", "x *** y ***");
  expect_masked({std::string("\x01\xff\xfe\x80zz", 6)}, std::string("a\x01\xff\xfe\x80zzb"), "a***b");
}

TEST(Masker, HidesOtherWritings) {
  const Masker masker({"p@ss word/1"});
  // printf 'p@ss word/1' | xxd -p, | base64, | jq -sRr @uri; the last characters of base64 hang on what follows.
  EXPECT_EQ(masker.mask("70407373 70407373 20776f72642f31 7040737320776f72642f31."),
            "70407373 70407373 20776f72642f31 ***.");
  EXPECT_EQ(masker.mask("cEBzcyB3b3JkLzE="), "***LzE=");
  EXPECT_EQ(masker.mask("p%40ss%20word%2F1"), "***");
  // echo -n 'user:p@ss word/1' | base64
  EXPECT_EQ(masker.mask("dXNlcjpwQHNzIHdvcmQvMQ=="), "dXNlcjpw***MQ==");
  EXPECT_EQ(Masker({"say \"hi\" now"}).mask(R"({"x":"say \"hi\" now"})"), R"({"x":"***"})");
}

TEST(Masker, LeavesShortValuesAndOrdinaryTextAlone) {
  expect_masked({"abcde"}, "abcde", "abcde");
  expect_masked({}, "anything", "anything");
  Masker masker({"hunter22"});
  EXPECT_EQ(masker.take("an ordinary line\n"), "an ordinary line\n");  // at once
  EXPECT_EQ(masker.take("it is hun"), "it is ");
  EXPECT_EQ(masker.take("dred\n"), "hundred\n");
}

}  // namespace
}  // namespace ciclo::log
