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

TEST(Masker, LeavesShortValuesAndOrdinaryTextAlone) {
  expect_masked({"abcde"}, "abcde", "abcde");
  expect_masked({}, "anything", "anything");
  Masker masker({"hunter22"});
  EXPECT_EQ(masker.take("an ordinary line\n"), "an ordinary line\n");  // at once
  EXPECT_EQ(masker.take("it is hun"), "it is ");
  EXPECT_EQ(masker.take("dred"), "hundred");
}

}  // namespace
}  // namespace ciclo::log
