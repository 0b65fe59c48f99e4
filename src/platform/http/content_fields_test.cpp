#include "platform/http/content_fields.hpp"

#include <gtest/gtest.h>

namespace ciclo::http {
namespace {

using Kind = RangeChoice::Kind;

constexpr auto sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(RangeTest, ChoosesBytes) {
  struct Case {
    const char* field;
    std::uint64_t size;
    Kind kind;
    std::uint64_t first;
    std::uint64_t length;
  };
  for (const Case& each : {
           Case{"bytes=0-9", 100, Kind::part, 0, 10},
           Case{"bytes=90-", 100, Kind::part, 90, 10},
           Case{"bytes=-10", 100, Kind::part, 90, 10},
           Case{"bytes=-1000", 100, Kind::part, 0, 100},
           Case{"bytes=99-1000", 100, Kind::part, 99, 1},
           Case{"Bytes=0-0", 1, Kind::part, 0, 1},
           Case{"bytes=0-99999999999999999999999", 100, Kind::part, 0, 100},
           Case{"bytes=100-", 100, Kind::unsatisfiable, 0, 0},
           Case{"bytes=99999999999999999999999-", 100, Kind::unsatisfiable, 0, 0},
           Case{"bytes=-0", 100, Kind::unsatisfiable, 0, 0},
           Case{"bytes=0-", 0, Kind::unsatisfiable, 0, 0},
           Case{"", 100, Kind::whole, 0, 0},
           Case{"bytes=", 100, Kind::whole, 0, 0},
           Case{"bytes=-", 100, Kind::whole, 0, 0},
           Case{"bytes=9-0", 100, Kind::whole, 0, 0},
           Case{"bytes=0-1,5-6", 100, Kind::whole, 0, 0},
           Case{"bytes=a-b", 100, Kind::whole, 0, 0},
           Case{"bytes=+1-2", 100, Kind::whole, 0, 0},
           Case{"bytes=1-x", 100, Kind::whole, 0, 0},
           Case{"lines=0-9", 100, Kind::whole, 0, 0},
       }) {
    const RangeChoice chosen = choose_range(each.field, each.size);
    EXPECT_EQ(chosen.kind, each.kind) << each.field;
    EXPECT_EQ(chosen.first, each.first) << each.field;
    EXPECT_EQ(chosen.length, each.length) << each.field;
  }
  EXPECT_EQ(content_range(choose_range("bytes=5-9", 100), 100), "bytes 5-9/100");
  EXPECT_EQ(content_range(choose_range("bytes=500-", 100), 100), "bytes */100");
}

TEST(EtagTest, IsFoundInAList) {
  EXPECT_TRUE(names_etag("\"a\", \"b\"", "\"b\"", false));
  EXPECT_TRUE(names_etag("*", "\"b\"", false));
  EXPECT_TRUE(names_etag("W/\"b\"", "\"b\"", true));
  EXPECT_FALSE(names_etag("W/\"b\"", "\"b\"", false));
  EXPECT_FALSE(names_etag("b", "\"b\"", true));
  EXPECT_FALSE(names_etag("", "\"b\"", true));
}

TEST(DigestTest, IsReadInEveryForm) {
  const std::string field = digest_field(sha256_of_nothing);
  EXPECT_EQ(field, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
  EXPECT_EQ(digest_field("no digest"), "");
  const std::string base64 = field.substr(9, 44);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"x-ciclo-sha256", sha256_of_nothing},
           {"Repr-Digest", field},
           {"Repr-Digest", "sha-512=:AAAA:, " + field},
           {"Content-Digest", field},
           {"Digest", "SHA-256=" + base64},
           {"Digest", "md5=AAAA,sha-256=" + base64},
       }) {
    Headers headers;
    headers.add(name, value);
    const auto sum = announced_sha256(headers);
    ASSERT_TRUE(sum) << name << ": " << value;
    EXPECT_EQ(*sum, sha256_of_nothing) << name << ": " << value;
  }
}

TEST(DigestTest, IsRefusedWhenMalformedOrContradicted) {
  const std::string field = digest_field(sha256_of_nothing);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"x-ciclo-sha256", "abc"},
           {"Repr-Digest", "sha-256=abc"},
           {"Repr-Digest", "sha-256=:abc:"},
           {"Repr-Digest", "sha-256=:" + std::string(44, 'A') + ":"},
           {"Repr-Digest", "sha-256=:" + std::string(42, 'A') + "B=:"},  // bits that no encoder sets
           {"Repr-Digest", "sha-256=:"},
           {"Digest", "sha-256="},
       }) {
    Headers headers;
    headers.add(name, value);
    EXPECT_FALSE(announced_sha256(headers)) << name << ": " << value;
  }
  Headers two;
  two.add("Repr-Digest", field);
  two.add("x-ciclo-sha256", std::string(64, '0'));
  EXPECT_FALSE(announced_sha256(two));
  Headers none;
  none.add("Repr-Digest", "sha-512=:AAAA:");
  EXPECT_EQ(*announced_sha256(none), std::nullopt);
}

}  // namespace
}  // namespace ciclo::http
