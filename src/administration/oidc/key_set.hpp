// The public keys of a provider (RFC 7517), read from its JWKS document.
//
// Only keys that can check a signature of an algorithm that is allowed here are kept: RSA of 2048 to 16384 bits for RS…
// and PS…, P-256 for ES256, P-384 for ES384. Others are passed over, as the standard asks. Private members that a
// provider might publish by mistake are not kept.
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::administration::oidc {

struct JsonWebKey {
  std::string id;         // "kid"; may be empty
  std::string type;       // "RSA", "EC"
  std::string curve;      // "P-256", "P-384"; empty for RSA
  std::string algorithm;  // "alg"; empty: every one that fits the type
  std::string text;       // the public members alone, as JSON

  bool fits(std::string_view algorithm_of_token) const;
};

class KeySet {
 public:
  // Fails with invalid, or too_large beyond 256 KiB or 100 keys.
  static Result<KeySet> parse(std::string_view text);

  // The key that a token names by `id` and that fits its algorithm. Without an id the only key that fits: two would
  // leave it open. Null when there is none. The pointer is into this object.
  const JsonWebKey* find(std::string_view id, std::string_view algorithm) const;
  const std::vector<JsonWebKey>& keys() const { return keys_; }

 private:
  std::vector<JsonWebKey> keys_;
};

// RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384. Never "none", and never HS…: those would make a public key a secret.
bool is_allowed_algorithm(std::string_view algorithm);

}  // namespace ciclo::administration::oidc
