// Short-lived tokens that say themselves for whom, for what and for how long they are good, signed with Ed25519
// (RFC 8032). Who made them holds the signing key; who takes them needs the public key and a clock, and asks nobody.
//
//   ciclo_ep_<key id>.<base64url of the claims>.<base64url of the signature>
//
// The key id is the first 16 digits of the public key: it says which of several keys to look with. The claims are JSON
// with the names of RFC 7519: aud, sub, jti, and nbf and exp, which are here in milliseconds since 1970 (a list of
// ended tokens goes by the time they were issued). The signature covers the whole text before the last '.', so the
// claims are not read before they are known to be ours.
//
// A token is a credential: never log it. Its claims are readable by who holds it and are no secret.
//
// Thread safety: keys are immutable; every function may be called from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

struct evp_pkey_st;

namespace ciclo::tokens {

inline constexpr std::string_view token_prefix = "ciclo_ep_";
inline constexpr std::size_t longest_token = 2048;     // characters; longer ones are refused unread
inline constexpr std::size_t longest_principal = 512;  // bytes
// How far the clock of who takes a token may be behind that of who made it.
inline constexpr Milliseconds clock_leeway{30'000};

struct TokenClaims {
  std::string audience;   // aud: uid of the endpoint it opens
  std::string principal;  // sub: who asked for it
  std::string token_id;   // jti: links the audit row to it
  std::string key_id;     // of the key it is signed with
  TimePoint issued_at;    // nbf
  TimePoint expires_at;   // exp
};

class VerifyingKey {
 public:
  // 64 hexadecimal digits. Fails with invalid when they are not.
  static Result<VerifyingKey> from_hex(std::string_view public_key);
  // Form and signature; the time is for check_claims(). Fails with unauthenticated and one message for all that can be
  // wrong, invalid claims under a good signature included.
  Result<TokenClaims> verify(std::string_view token) const;
  const std::string& hex() const { return hex_; }
  std::string_view key_id() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::string hex_;
};

// The keys that are taken at one time: while a signing key is replaced, tokens of the old and of the new one are out.
class VerifyingKeys {
 public:
  VerifyingKeys() = default;
  explicit VerifyingKeys(std::vector<VerifyingKey> keys) : keys_(std::move(keys)) {}
  // Null when there is none.
  const VerifyingKey* find(std::string_view key_id) const;
  // As VerifyingKey::verify(); looks with one key at most, however many there are.
  Result<TokenClaims> verify(std::string_view token) const;
  const std::vector<VerifyingKey>& all() const { return keys_; }

 private:
  std::vector<VerifyingKey> keys_;
};

class SigningKey {
 public:
  // 64 hexadecimal digits of good randomness (random_hex(32)), which are the secret. Fails with invalid when they are
  // not hexadecimal.
  static Result<SigningKey> from_seed(std::string_view seed);
  // Sets key_id itself. Fails with invalid when the principal or the audience is too long for a token.
  Result<std::string> sign(TokenClaims claims) const;
  const std::string& public_key() const { return public_key_; }  // 64 hexadecimal digits
  std::string key_id() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::string public_key_;
};

// Whether verified claims are good for this audience now. Fails with unauthenticated, saying what is wrong: who holds a
// token that was once good may know.
Result<void> check_claims(const TokenClaims& claims, std::string_view audience, TimePoint now);

}  // namespace ciclo::tokens
