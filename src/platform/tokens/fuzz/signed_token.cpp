// Bearer tokens from outside: no text crashes the verifier, none is taken that the key did not sign, and what base64url
// reads it writes back as it was. The first byte chooses whether the rest is a whole token, or claims under a good
// signature (which only a broken signer would make, but they must be read safely too).
#include <cstdlib>

#include "base/encoding.hpp"
#include "platform/tokens/signed_token.hpp"

namespace {

using namespace ciclo::tokens;

const SigningKey& signer() {
  static const SigningKey key = *SigningKey::from_seed(std::string(64, '7'));
  return key;
}
const VerifyingKeys& verifier() {
  static const VerifyingKeys keys({*VerifyingKey::from_hex(signer().public_key())});
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  if (data[0] % 2 == 0) {
    const std::string start(token_prefix);
    for (const auto& each : {text, start + text, start + signer().key_id() + "." + text})
      if (verifier().verify(each)) std::abort();
    if (const auto bytes = decode_base64url(text); bytes && encode_base64url(*bytes) != text) std::abort();
    return 0;
  }
  const ciclo::TimePoint issued(ciclo::Milliseconds(1'000));
  const auto token = signer().sign({.audience = "uid",
                                    .principal = text,
                                    .token_id = "id",
                                    .key_id = {},
                                    .issued_at = issued,
                                    .expires_at = issued + ciclo::Milliseconds(data[0])});
  if (!token) return 0;
  const auto claims = verifier().verify(*token);
  if (!claims || claims->audience != "uid" || claims->issued_at != issued) std::abort();
  return 0;
}
