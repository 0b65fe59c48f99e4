// Signed tokens (JWS compact form, RFC 7515 and 7519): taken apart, and their signature checked by libcjose.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <string>
#include <string_view>

#include "administration/oidc/key_set.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::administration::oidc {

// What is claimed. Nothing in it may be believed before verify_signature() said yes.
struct SignedToken {
  std::string text;
  std::string algorithm;
  std::string key_id;
  std::string type;  // "typ" of the header in lower case, without "application/"
  Json claims;
};

// Two dots between characters of base64url: whether it is worth parsing.
bool looks_like_signed_token(std::string_view text);
// Fails with unauthenticated: malformed, longer than 16 KiB, an algorithm that is not allowed, or a critical extension.
Result<SignedToken> parse_token(std::string_view text);
// Fails with unauthenticated when the key did not sign it.
Result<void> verify_signature(const SignedToken& token, const JsonWebKey& key);

}  // namespace ciclo::administration::oidc
