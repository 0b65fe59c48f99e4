#include "administration/oidc/key_set.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/test_provider.hpp"

namespace ciclo::administration::oidc {
namespace {

using testing::Key;
using testing::rsa_key;

KeySet parse(const Json& keys) {
  auto set = KeySet::parse(to_text({{"keys", keys}}));
  EXPECT_TRUE(set);
  return *std::move(set);
}

Json with(Json key, const std::string& name, Json value) {
  key[name] = std::move(value);
  return key;
}

TEST(KeySet, KeysThatCannotBeUsedArePassedOver) {
  const Json rsa = rsa_key().jwk();
  const Json elliptic = Key("e", "P-256").jwk();
  const Json keys = {
      rsa,
      with(rsa, "use", "enc"),
      with(rsa, "key_ops", {"sign"}),
      with(rsa, "alg", "RSA-OAEP"),
      with(rsa, "alg", "HS256"),
      with(rsa, "e", "AQ"),  // 1: every text would be its own signature
      with(rsa, "e", "Ag"),  // 2
      with(rsa, "e", ""),
      with(rsa, "n", "AQAB"),
      with(rsa, "n", "not base64url!"),
      with(elliptic, "x", "AAAA"),
      with(elliptic, "crv", "P-521"),
      with(elliptic, "crv", "secp256k1"),
      {{"kty", "oct"}, {"k", "AAAA"}},
      {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
      "a text",
      nullptr,
      elliptic,
  };
  const KeySet set = parse(keys);
  ASSERT_EQ(set.keys().size(), 2U);
  EXPECT_EQ(set.keys()[0].type, "RSA");
  EXPECT_EQ(set.keys()[1].curve, "P-256");
}

TEST(KeySet, ShortKeysArePassedOver) {
  EXPECT_EQ(parse(Json::array({Key("short", "RSA", 1024).jwk()})).keys().size(), 0U);
  // A long number of few bits is short too.
  EXPECT_EQ(parse(Json::array({with(rsa_key().jwk(), "n", encode_base64url(std::string(250, '\0') + "123456"))}))
                .keys()
                .size(),
            0U);
}

TEST(KeySet, PrivateMembersAreNotKept) {
  const KeySet set = parse(Json::array({with(with(rsa_key().jwk(), "d", "c2VjcmV0"), "p", "c2VjcmV0")}));
  ASSERT_EQ(set.keys().size(), 1U);
  EXPECT_EQ(set.keys()[0].text.find("c2VjcmV0"), std::string::npos);
}

TEST(KeySet, AKeyIsFoundByIdAndAlgorithm) {
  const KeySet set = parse({rsa_key().jwk(), testing::other_rsa_key().jwk(), Key("e", "P-256").jwk()});
  EXPECT_EQ(set.find("rsa-2", "RS256")->id, "rsa-2");
  EXPECT_EQ(set.find("e", "ES256")->id, "e");
  EXPECT_EQ(set.find("", "ES256")->id, "e");
  EXPECT_EQ(set.find("", "RS256"), nullptr) << "two would fit";
  EXPECT_EQ(set.find("e", "RS256"), nullptr);
  EXPECT_EQ(set.find("e", "ES384"), nullptr);
  EXPECT_EQ(set.find("rsa-1", "HS256"), nullptr);
  EXPECT_EQ(set.find("rsa-1", "none"), nullptr);
  EXPECT_EQ(set.find("unknown", "RS256"), nullptr);
}

TEST(KeySet, LimitsHold) {
  EXPECT_EQ(KeySet::parse("{}").error().code, ErrorCode::invalid);
  EXPECT_EQ(KeySet::parse("[]").error().code, ErrorCode::invalid);
  EXPECT_EQ(KeySet::parse("keys").error().code, ErrorCode::invalid);
  EXPECT_EQ(KeySet::parse(R"({"keys":{}})").error().code, ErrorCode::invalid);
  Json many = Json::array();
  for (int number = 0; number < 101; ++number) many.push_back(Json::object());
  EXPECT_EQ(KeySet::parse(to_text({{"keys", many}})).error().code, ErrorCode::too_large);
  EXPECT_EQ(KeySet::parse(R"({"keys":[],"x":")" + std::string(256U << 10U, 'x') + "\"}").error().code,
            ErrorCode::too_large);
}

}  // namespace
}  // namespace ciclo::administration::oidc
