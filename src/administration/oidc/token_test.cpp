#include "administration/oidc/token.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/test_provider.hpp"

namespace ciclo::administration::oidc {
namespace {

using testing::Key;
using testing::rsa_key;

JsonWebKey import_key(const Json& jwk) {
  auto set = KeySet::parse(to_text({{"keys", Json::array({jwk})}}));
  EXPECT_TRUE(set);
  EXPECT_EQ(set->keys().size(), 1U) << to_text(jwk);
  return set->keys().front();
}

bool is_good(const std::string& text, const JsonWebKey& key) {
  const auto token = parse_token(text);
  return token && verify_signature(*token, key);
}

const Json some_claims = {{"sub", "maria"}, {"groups", {"a", "b"}}};

TEST(Token, EveryAllowedAlgorithmIsVerified) {
  const JsonWebKey rsa = import_key(rsa_key().jwk());
  for (const char* algorithm : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
    const std::string text = rsa_key().sign({{"alg", algorithm}}, some_claims);
    EXPECT_TRUE(is_good(text, rsa)) << algorithm;
    EXPECT_FALSE(is_good(text, import_key(testing::other_rsa_key().jwk()))) << algorithm;
  }
  for (const auto& [algorithm, curve] : {std::pair{"ES256", "P-256"}, std::pair{"ES384", "P-384"}}) {
    const Key key("e", curve);
    const std::string text = key.sign({{"alg", algorithm}}, some_claims);
    EXPECT_TRUE(is_good(text, import_key(key.jwk()))) << algorithm;
    EXPECT_FALSE(is_good(text, import_key(Key("e", curve).jwk()))) << algorithm;
    EXPECT_FALSE(is_good(text, rsa)) << algorithm;
  }
}

// RFC 7515, appendix A.2 and A.3: tokens and keys that others made.
TEST(Token, TheStandardsExamplesAreVerified) {
  const Json rsa = {
      {"kty", "RSA"},
      {"n",
       "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
       "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
       "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
       "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
      {"e", "AQAB"}};
  EXPECT_TRUE(is_good(
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
      "lfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZ"
      "RmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhW"
      "kWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
      import_key(rsa)));
  const Json elliptic = {{"kty", "EC"},
                         {"crv", "P-256"},
                         {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                         {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
  EXPECT_TRUE(is_good(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
      "lfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      import_key(elliptic)));
}

TEST(Token, AChangeAnywhereIsFound) {
  const JsonWebKey key = import_key(rsa_key().jwk());
  const std::string text = rsa_key().sign({{"alg", "RS256"}}, some_claims);
  ASSERT_TRUE(is_good(text, key));
  // The last character of a part carries unused bits, so the one before it is changed there.
  for (std::size_t at = 0; at + 2 < text.size(); at += 7) {
    std::string changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(is_good(changed, key)) << at;
  }
  EXPECT_FALSE(is_good(text.substr(0, text.size() - 4), key));
  EXPECT_FALSE(is_good(text + "AAAA", key));
  EXPECT_FALSE(is_good(text.substr(0, text.rfind('.') + 1), key));
}

TEST(Token, NoneIsNoAlgorithm) {
  for (const char* algorithm : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string input = encode_base64url(to_text({{"alg", algorithm}})) + "." + encode_base64url("{}");
    EXPECT_EQ(parse_token(input + ".").error().code, ErrorCode::unauthenticated) << algorithm;
    EXPECT_FALSE(parse_token(input + ".AAAA")) << algorithm;
  }
  EXPECT_FALSE(parse_token(encode_base64url(R"({"alg":null})") + ".e30.AAAA"));
  EXPECT_FALSE(parse_token(encode_base64url(R"({"alg":["RS256"]})") + ".e30.AAAA"));
}

TEST(Token, APublicKeyIsNoSecret) {
  const Json jwk = rsa_key().jwk();
  const JsonWebKey key = import_key(jwk);
  for (const std::string& secret : {key.text, to_text(jwk), text_or(jwk, "n"), *decode_base64url(text_or(jwk, "n"))}) {
    for (const char* algorithm : {"HS256", "RS256"}) {
      const std::string input = encode_base64url(to_text({{"alg", algorithm}})) + "." + encode_base64url("{}");
      const std::string text = input + "." + encode_base64url(testing::hmac_sha256(secret, input));
      EXPECT_FALSE(is_good(text, key)) << algorithm;
    }
  }
  for (const char* algorithm : {"HS256", "HS384", "HS512", "A128KW", "EdDSA", "ES512", "ES256K", "rs256", "RS1"})
    EXPECT_FALSE(parse_token(encode_base64url(to_text({{"alg", algorithm}})) + ".e30.AAAA")) << algorithm;
}

TEST(Token, AlgorithmsOfOneKeyAreNotMixed) {
  const Json jwk = rsa_key().jwk();
  // Signed one way, said to be another.
  EXPECT_FALSE(is_good(rsa_key().sign({{"alg", "PS256"}}, some_claims, "RS256"), import_key(jwk)));
  EXPECT_FALSE(is_good(rsa_key().sign({{"alg", "RS256"}}, some_claims, "RS512"), import_key(jwk)));
  // A key that is for one algorithm is for no other.
  Json bound = jwk;
  bound["alg"] = "RS256";
  EXPECT_TRUE(is_good(rsa_key().sign({{"alg", "RS256"}}, some_claims), import_key(bound)));
  EXPECT_FALSE(is_good(rsa_key().sign({{"alg", "PS256"}}, some_claims), import_key(bound)));
}

TEST(Token, AHeadersOwnKeyIsNotUsed) {
  const Key stranger("rsa-1");
  for (const Json& header :
       {Json{{"alg", "RS256"}, {"jwk", stranger.jwk()}}, Json{{"alg", "RS256"}, {"jku", "https://evil.example/keys"}},
        Json{{"alg", "RS256"}, {"x5c", {"AAAA"}}}})
    EXPECT_FALSE(is_good(stranger.sign(header, some_claims), import_key(rsa_key().jwk())));
}

TEST(Token, AHeaderThatSaysTwoThingsStillNeedsASignature) {
  const std::string header = encode_base64url(R"({"alg":"RS256","alg":"none"})");
  const std::string other = encode_base64url(R"({"alg":"none","alg":"RS256"})");
  for (const std::string& first : {header, other}) EXPECT_FALSE(is_good(first + ".e30.", import_key(rsa_key().jwk())));
}

TEST(Token, WhatIsNoTokenIsRefused) {
  const std::string head = encode_base64url(R"({"alg":"RS256"})");
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b"), head + ".e30",
        head + ".e30.AA.AA", head + ".e30.A A", head + "=.e30.AAAA", head + ".e30.AAAA\n", head + ".bm90IGpzb24.AAAA",
        head + "." + encode_base64url("[1]") + ".AAAA", std::string("W10.e30.AAAA"),
        head + ".e30." + std::string(1, '\0') + "AAA"})
    EXPECT_FALSE(is_good(text, import_key(rsa_key().jwk()))) << text;
}

TEST(Token, OversizeIsRefusedBeforeItIsRead) {
  const std::string head = encode_base64url(R"({"alg":"RS256"})");
  const auto error = parse_token(head + "." + std::string(16U << 10U, 'e') + ".AAAA").error();
  EXPECT_EQ(error.code, ErrorCode::unauthenticated);
  EXPECT_EQ(error.message, "the token is longer than 16 KiB");
  std::string deep = "{\"a\":";
  for (int level = 0; level < 1000; ++level) deep += '[';
  EXPECT_FALSE(parse_token(head + "." + encode_base64url(deep) + ".AAAA"));
}

TEST(Token, ACriticalExtensionIsRefused) {
  EXPECT_FALSE(parse_token(rsa_key().sign({{"alg", "RS256"}, {"crit", {"exp"}}}, some_claims)));
  EXPECT_FALSE(parse_token(rsa_key().sign({{"alg", "RS256"}, {"crit", Json::array()}}, some_claims)));
}

TEST(Token, TheTypeIsReadInOneForm) {
  const auto token = parse_token(rsa_key().sign({{"alg", "RS256"}, {"typ", "application/AT+JWT"}}, some_claims));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->type, "at+jwt");
}

}  // namespace
}  // namespace ciclo::administration::oidc
