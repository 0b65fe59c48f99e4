// Tokens, key sets and descriptions as they come from outside. No input crashes; only allowed algorithms pass; nothing
// that was made up is verified by a key that signed nothing.
#include <cstdlib>
#include <string>

#include "administration/oidc/claims.hpp"
#include "administration/oidc/discovery.hpp"
#include "administration/oidc/encoding.hpp"
#include "administration/oidc/key_set.hpp"
#include "administration/oidc/token.hpp"

namespace {

using namespace ciclo::administration::oidc;  // NOLINT(google-build-using-namespace): one short program

constexpr std::string_view issuer = "https://login.example.org";
// RFC 7515, appendix A.3.1.
constexpr std::string_view elliptic_key =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

void judge(const std::string& text) {
  static const KeySet known = *KeySet::parse(elliptic_key);
  const auto token = parse_token(text);
  if (!token) return;
  if (!looks_like_signed_token(text) || !is_allowed_algorithm(token->algorithm) || !token->claims.is_object())
    std::abort();
  // The standard's own example is signed by this key and nothing else of it was ever signed.
  if (verify_signature(*token, known.keys().front()) && ciclo::text_or(token->claims, "iss") != "joe") std::abort();
  const TokenRules rules{.issuer = std::string(issuer), .clients = {"ciclo"}, .audience = "api"};
  const bool is_good = check_bearer(*token, rules, {}).has_value();
  if (is_good && ciclo::text_or(token->claims, "iss") != issuer) std::abort();
  const auto identity = identity_of(*token, {});
  if (identity && (identity->subject.empty() || has_control_character(identity->subject))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(data, data + size);
  judge(text);
  // The same as header and claims, so that more than base64url is tried.
  if (const auto line = text.find('\n'); line != std::string::npos)
    judge(encode_base64url(text.substr(0, line)) + "." + encode_base64url(text.substr(line + 1)) + ".AAAA");
  judge("eyJhbGciOiJFUzI1NiJ9." + encode_base64url(text) + ".AAAA");
  return 0;
}
