// An identity provider for unit tests: keys, tokens signed by OpenSSL alone (not by the library under test), and
// answers for oidc::Send. Throws std::runtime_error when OpenSSL fails; tests only.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "administration/oidc/encoding.hpp"
#include "administration/oidc/provider.hpp"
#include "administration/oidc/settings.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"

namespace ciclo::administration::oidc::testing {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

inline const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}
inline unsigned char* raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}
inline void must(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed");
}

// A private key: "RSA" with a number of bits, or "P-256", "P-384", "P-521".
class Key {
 public:
  explicit Key(std::string id, const std::string& kind = "RSA", std::size_t bits = 2048)
      : id_(std::move(id)),
        kind_(kind),
        key_(kind == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)
                           : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str())) {
    must(key_ != nullptr);
  }

  const std::string& id() const { return id_; }
  // The public key as JWK.
  Json jwk() const {
    if (kind_ == "RSA")
      return {{"kty", "RSA"},
              {"kid", id_},
              {"use", "sig"},
              {"n", number(OSSL_PKEY_PARAM_RSA_N, 0)},
              {"e", number(OSSL_PKEY_PARAM_RSA_E, 0)}};
    return {{"kty", "EC"},
            {"kid", id_},
            {"crv", kind_},
            {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, size())},
            {"y", number(OSSL_PKEY_PARAM_EC_PUB_Y, size())}};
  }

  // A token in compact form. The header's "alg" says how, unless `algorithm` does.
  std::string sign(const Json& header, const Json& claims, std::string algorithm = {}) const {
    const std::string input = encode_base64url(to_text(header)) + "." + encode_base64url(to_text(claims));
    if (algorithm.empty()) algorithm = text_or(header, "alg");
    return input + "." + encode_base64url(signature_of(input, algorithm));
  }

 private:
  std::size_t size() const { return kind_ == "P-256" ? 32 : kind_ == "P-384" ? 48 : 66; }

  std::string number(const char* name, std::size_t size) const {
    BIGNUM* found = nullptr;
    must(EVP_PKEY_get_bn_param(key_.get(), name, &found) == 1);
    const std::unique_ptr<BIGNUM, Free> owned(found);
    return encode_base64url(bytes_of(found, size == 0 ? static_cast<std::size_t>(BN_num_bytes(found)) : size));
  }

  static std::string bytes_of(const BIGNUM* number, std::size_t size) {
    std::string bytes(size, '\0');
    must(BN_bn2binpad(number, raw(bytes), static_cast<int>(size)) >= 0);
    return bytes;
  }

  std::string signature_of(const std::string& input, const std::string& algorithm) const {
    const EVP_MD* digest = algorithm.ends_with("384")   ? EVP_sha384()
                           : algorithm.ends_with("512") ? EVP_sha512()
                                                        : EVP_sha256();
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* details = nullptr;
    must(EVP_DigestSignInit(context.get(), &details, digest, nullptr, key_.get()) == 1);
    if (algorithm.starts_with("PS"))
      must(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1);
    std::size_t length = 0;
    must(EVP_DigestSign(context.get(), nullptr, &length, raw(input), input.size()) == 1);
    std::string signature(length, '\0');
    must(EVP_DigestSign(context.get(), raw(signature), &length, raw(input), input.size()) == 1);
    signature.resize(length);
    if (kind_ == "RSA") return signature;
    const unsigned char* begin = raw(std::string_view(signature));
    const std::unique_ptr<ECDSA_SIG, Free> pair(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(length)));
    must(pair != nullptr);
    return bytes_of(ECDSA_SIG_get0_r(pair.get()), size()) + bytes_of(ECDSA_SIG_get0_s(pair.get()), size());
  }

  std::string id_;
  std::string kind_;
  std::unique_ptr<EVP_PKEY, Free> key_;
};

// One for all tests: making an RSA key takes a while.
inline const Key& rsa_key() {
  static const Key key("rsa-1");
  return key;
}
inline const Key& other_rsa_key() {
  static const Key key("rsa-2");
  return key;
}

inline std::string hmac_sha256(std::string_view secret, const std::string& input) {
  std::string mac(32, '\0');
  unsigned int length = 32;
  must(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), raw(input), input.size(), raw(mac),
            &length) != nullptr);
  return mac;
}

constexpr const char* issuer = "https://login.example.org/realms/ciclo";

inline Settings test_settings() {
  Settings settings;
  settings.issuer = issuer;
  settings.client_id = "ciclo";
  settings.cli_client_id = "ciclo-cli";
  settings.audience = "https://ciclo.example.org/api";
  return settings;
}

class TestProvider {
 public:
  explicit TestProvider(const Clock& clock) : clock_(clock) { list(rsa_key()); }

  // Good claims of an ID token, but for what is given; null takes a claim away.
  Json claims(const Json& changes = Json::object()) const {
    const std::int64_t now = to_unix_ms(clock_.now()) / 1000;
    Json all = {{"iss", issuer},        {"sub", "s-maria"}, {"aud", "ciclo"},
                {"iat", now},           {"exp", now + 600}, {"preferred_username", "Maria"},
                {"name", "Maria Souza"}};
    if (changes.is_object()) merge_patch(all, changes);  // {} is null

    return all;
  }
  std::string token(const Json& changes = Json::object(), const Key& key = rsa_key()) const {
    return key.sign({{"alg", "RS256"}, {"kid", key.id()}}, claims(changes));
  }

  void list(const Key& key) { keys_.push_back(key.jwk()); }
  void unlist_all() { keys_ = Json::array(); }

  Send send() {
    return [this](const http::ClientRequest& request) { return answer(request); };
  }

  bool is_away = false;
  int key_requests = 0;
  Json metadata = {{"issuer", issuer},
                   {"authorization_endpoint", "https://login.example.org/auth"},
                   {"token_endpoint", "https://login.example.org/token"},
                   {"jwks_uri", "https://login.example.org/keys"},
                   {"end_session_endpoint", "https://login.example.org/end"},
                   {"device_authorization_endpoint", "https://login.example.org/device"}};
  http::ClientRequest token_request;  // the last one
  int token_status = 200;
  Json token_answer = Json::object();

 private:
  Result<http::ClientResponse> answer(const http::ClientRequest& request) {
    if (is_away) return fail(ErrorCode::unavailable, "nobody answers");
    http::ClientResponse response{.status = 200, .headers = {}, .body = {}};
    if (request.url == metadata_url(issuer)) {
      response.body = to_text(metadata);
    } else if (request.url == "https://login.example.org/keys") {
      ++key_requests;
      response.body = to_text({{"keys", keys_}});
    } else if (request.url == "https://login.example.org/token") {
      token_request = request;
      response.status = token_status;
      response.body = to_text(token_answer);
    } else {
      response.status = 404;
    }
    return response;
  }

  const Clock& clock_;
  Json keys_ = Json::array();
};

}  // namespace ciclo::administration::oidc::testing
